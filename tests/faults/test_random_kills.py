"""Random kill -9 of every process, the supervisor among them, under revocations and logins, those at a real
provider among them: what was acknowledged holds, and in the end nothing is left running.
"""

import asyncio
import http.client
import itertools
import os
import random
import secrets
import signal
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import pytest

from session_store import EndReason, Store, StoreError
from tests.support import oidc_provider
from tests.support.oidc_provider import OidcServer, RegisteredClient
from tests.support.program import (
    CANARY,
    HOST,
    PATIENCE_S,
    Program,
    Upstream,
    lasting_port,
    lives,
    until,
    upstream,
    write_configuration,
)
from tests.support.proof import TOKEN, Revoker, Session, sign_in

LENGTHS_S = [
    pytest.param(5, id="seconds"),
    pytest.param(600, id="ten-minutes", marks=[pytest.mark.long, pytest.mark.timeout(1800)]),
]
LANES = 4
ASKERS = 16
GONE_S = 50.0
PARTS = ("ow-worker", "ow-worker", "ow-nursery", "ow-admin", "valkey-server")
EVERY_S = 0.4
KILLS_A_SUPERVISOR = 5
PEOPLE = ("ada", "bob")
AWAY = (0, 503)


class House:
    """A program that is started again on the same state and port whenever its supervisor was killed."""

    def __init__(self, configuration: Path, port: int) -> None:
        self.port = port
        self._configuration = configuration
        self.program = self._started()
        self.secret = self.program.store_secret
        self.kills = 0
        self.supervisors = 0
        self.seen: set[int] = set()
        self.lingered = (0.0, "nobody")

    def _started(self) -> Program:
        return Program.serve(self._configuration, "--listen", f"127.0.0.1:{self.port}").ready()

    def kill_one(self, chance: random.Random) -> None:
        """Kill a child, or every few times the supervisor."""
        children = self.program.children()
        self.seen |= children.keys()
        self.kills += 1
        if self.kills % KILLS_A_SUPERVISOR == 0:
            self._kill_supervisor(children)
            return
        name = chance.choice(PARTS)
        victims = [pid for pid, called in children.items() if called == name]
        if victims:
            os.kill(chance.choice(victims), signal.SIGKILL)

    def _kill_supervisor(self, children: dict[int, str]) -> None:
        self.supervisors += 1
        self.program.process.kill()
        self.program.end()
        self.lingered = max(self.lingered, last_to_go(children))
        self.program.ready_file.unlink(missing_ok=True)
        self.program = self._started()

    def stop(self) -> list[int]:
        """End it; which of all processes that it ever had are left."""
        self.seen |= self.program.children().keys()
        self.program.stop()
        return [pid for pid in self.seen if lives(pid)]


def last_to_go(children: dict[int, str]) -> tuple[float, str]:
    """Wait until none of them is left: for how many seconds, and for whom."""
    began, last = time.monotonic(), "nobody"
    while left := [name for pid, name in children.items() if lives(pid)]:
        assert time.monotonic() - began < GONE_S, left
        last = ", ".join(left)
        time.sleep(0.01)
    return time.monotonic() - began, last


@contextmanager
def at_a_provider(folder: Path, app: Upstream) -> Iterator[House]:
    """A house whose visitors sign in at a provider of its own."""
    port = lasting_port()
    callback = f"http://{HOST}:{port}/.outerward/callback/nobody"
    people = {name: {"email": f"{name}@example.com", "email_verified": True} for name in PEOPLE}
    with OidcServer(users=people, clients=[RegisteredClient("client", CANARY, (callback,))]) as provider:
        admin = f'bootstrap_token = "{TOKEN}"'
        house = House(
            write_configuration(folder, upstream=app.port, workers=2, issuer=provider.issuer, admin=admin),
            port,
        )
        try:
            yield house
        finally:
            house.stop()


class Traffic:
    """Logins and revocations, and the cookies of those that were acknowledged."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.over = threading.Event()
        self.kept: list[str] = []
        self.ended: list[str] = []
        self.at_the_provider = 0
        self.unsure = 0

    def lanes(self) -> list[Coroutine[None, None, None]]:
        """What goes on side by side until ``over`` is set."""
        return [self._visitors(), *map(self._people, range(LANES))]

    async def _people(self, lane: int) -> None:
        """Sign in straight in the store, which is fast, and end; of four sessions one is kept."""
        turn = 0
        while not self.over.is_set():
            try:
                url = self._house.program.store_url
            except OSError:
                await asyncio.sleep(0.02)
                continue
            store = Store.open(url, secrets=[self._house.secret], command_timeout_s=1)
            try:
                while not self.over.is_set():
                    turn += 1
                    await self._one(store, turn, f"user-{lane}-{turn}-{secrets.token_hex(4)}")
            except (StoreError, OSError):
                self.unsure += 1
                await asyncio.sleep(0.02)
            finally:
                await store.close()

    async def _one(self, store: Store, turn: int, user: str) -> None:
        session = await sign_in(store, turn, user)
        match turn % 4:
            case 0:
                self.kept.append(session.cookie)
            case 1:
                if await store.end_browser_session(session.hash, EndReason.REVOKED, by="a test"):
                    self.ended.append(session.cookie)
            case 2:
                if await store.delete_user(session.user_id, by="a test"):
                    self.ended.append(session.cookie)
            case _:
                if await asyncio.to_thread(self._by_api, session):
                    self.ended.append(session.cookie)
        await asyncio.sleep(0.005)

    def _by_api(self, session: Session) -> bool:
        """One DELETE; whether it was acknowledged."""
        program = self._house.program
        with closing(Revoker(program.edge, program.admin)) as revoker:
            return revoker.ask_to_end_user(session.user_id) == 204

    async def _visitors(self) -> None:
        """Sign in with a browser at the provider; every other visitor logs out again."""
        turn = 0
        while not self.over.is_set():
            turn += 1
            cookie = await self._visitor(PEOPLE[turn // 2 % len(PEOPLE)])
            if cookie is None:
                self.unsure += 1
                await asyncio.sleep(0.02)
                continue
            self.at_the_provider += 1
            if turn % 2:
                self.kept.append(cookie)
            elif await asyncio.to_thread(self._logged_out, cookie):
                self.ended.append(cookie)

    async def _visitor(self, name: str) -> str | None:
        """The session cookie that the login left in a new browser, whatever became of what it did next."""
        base = f"http://{HOST}:{self._house.port}/"
        async with oidc_provider.browser() as client:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await oidc_provider.sign_in(client, base, name)
            except (aiohttp.ClientError, OSError):
                pass
            cookies = {cookie.key: cookie.value for cookie in client.cookie_jar}
        return cookies.get("outerward")

    def _logged_out(self, cookie: str) -> bool:
        program = self._house.program
        with closing(Revoker(program.edge, program.admin)) as revoker:
            return revoker.ask_to_log_out(cookie) in (302, 303)


@pytest.mark.parametrize("length_s", LENGTHS_S)
def test_n5_random_kills_lose_no_login_and_undo_no_revocation(tmp_path: Path, length_s: int) -> None:
    chance = random.Random(5)  # noqa: S311 - which process dies is no secret
    with upstream() as app, at_a_provider(tmp_path, app) as house:
        traffic = Traffic(house)
        lanes = traffic.lanes()
        with ThreadPoolExecutor(len(lanes)) as pool:
            running = [pool.submit(asyncio.run, lane) for lane in lanes]
            try:
                end = time.monotonic() + length_s
                while time.monotonic() < end or not house.supervisors:
                    house.kill_one(chance)
                    time.sleep(EVERY_S)
            finally:
                traffic.over.set()
            for lane in running:
                lane.result()
        lost, undone = found_wrong(house.program, traffic, app)
        left = house.stop()
    lingered_s, last = house.lingered
    print(
        f"{house.kills} kills, {house.supervisors} of them of the supervisor, whose children lingered "
        f"{lingered_s:.2f} s at most ({last}); acknowledged: {len(traffic.kept)} logins that were kept, "
        f"{len(traffic.ended)} ends, {traffic.at_the_provider} logins at the provider; {traffic.unsure} "
        f"calls not; lost {len(lost)}, undone {len(undone)}, left running {len(left)}"
    )
    assert (lost, undone, left) == ([], [], [])
    assert len(traffic.kept) > 10
    assert len(traffic.ended) > 10
    assert traffic.at_the_provider > 0


def found_wrong(program: Program, traffic: Traffic, app: Upstream) -> tuple[list[str], list[str]]:
    """Acknowledged logins that do not open, acknowledged ends that do."""
    until(lambda: program.visit(traffic.kept[0]).status not in AWAY)
    lost = [cookie for cookie, status in statuses(program.edge, traffic.kept) if status != 200]
    passed = len(app.paths)
    undone = [cookie for cookie, status in statuses(program.edge, traffic.ended) if status != 401]
    assert len(app.paths) == passed or undone
    return lost, undone


def statuses(edge: str, cookies: list[str]) -> list[tuple[str, int]]:
    """What each cookie's bearer gets; asked side by side, since a first visit waits for a disk."""
    with ThreadPoolExecutor(ASKERS) as pool:
        shares = [cookies[start::ASKERS] for start in range(ASKERS)]
        return list(itertools.chain.from_iterable(pool.map(partial(asked, edge), shares)))


def asked(edge: str, cookies: list[str]) -> list[tuple[str, int]]:
    """What each cookie's bearer gets, one after another on one connection."""
    found = []
    with closing(http.client.HTTPConnection(urlsplit(edge).netloc, timeout=PATIENCE_S)) as line:
        for cookie in cookies:
            line.request("GET", "/", headers={"Host": HOST, "Cookie": f"outerward={cookie}"})
            answer = line.getresponse()
            answer.read()
            found.append((cookie, answer.status))
    return found
