"""Random kill -9 of every process, the supervisor among them, under logins and revocations: what was
acknowledged holds, and in the end nothing is left running.
"""

import asyncio
import os
import random
import secrets
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from session_store import EndReason, Store, StoreError
from tests.support.program import Program, Upstream, lives, until, upstream, write_configuration
from tests.support.proof import TOKEN, Revoker, Session, sign_in

LENGTHS_S = [12, pytest.param(60, marks=[pytest.mark.long, pytest.mark.timeout(400)])]
LANES = 4
GONE_S = 50.0
PARTS = ("ow-worker", "ow-worker", "ow-nursery", "ow-admin", "valkey-server")
EVERY_S = 0.4
KILLS_A_SUPERVISOR = 5


class House:
    """A program that is started again on the same state whenever its supervisor was killed."""

    def __init__(self, configuration: Path) -> None:
        self._configuration = configuration
        self.program = Program.serve(configuration).ready()
        self.secret = self.program.store_secret
        self.kills = 0
        self.supervisors = 0
        self.seen: set[int] = set()
        self.lingered_s = 0.0

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
        gone = until(lambda: not any(map(lives, children)), GONE_S)
        self.lingered_s = max(self.lingered_s, gone)
        self.program.ready_file.unlink(missing_ok=True)
        self.program = Program.serve(self._configuration).ready()

    def stop(self) -> list[int]:
        """End it; which of all processes that it ever had are left."""
        self.seen |= self.program.children().keys()
        self.program.stop()
        return [pid for pid in self.seen if lives(pid)]


class Traffic:
    """Logins and revocations, and which of them were acknowledged."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.over = threading.Event()
        self.kept: list[Session] = []
        self.ended: list[Session] = []
        self.unsure = 0

    def run(self, lane: int) -> None:
        """Sign in and end until told to stop; of four sessions one is kept."""
        asyncio.run(self._run(lane))

    async def _run(self, lane: int) -> None:
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
                self.kept.append(session)
            case 1:
                if await store.end_browser_session(session.hash, EndReason.REVOKED, by="a test"):
                    self.ended.append(session)
            case 2:
                if await store.delete_user(session.user_id, by="a test"):
                    self.ended.append(session)
            case _:
                if await asyncio.to_thread(self._by_api, session):
                    self.ended.append(session)
        await asyncio.sleep(0.005)

    def _by_api(self, session: Session) -> bool:
        """One DELETE; whether it was acknowledged."""
        program = self._house.program
        revoker = Revoker(program.edge, program.admin)
        try:
            return revoker.ask_to_end_user(session.user_id) == 204
        finally:
            revoker.close()


@pytest.mark.parametrize("length_s", LENGTHS_S)
def test_n5_random_kills_lose_no_login_and_undo_no_revocation(tmp_path: Path, length_s: int) -> None:
    chance = random.Random(5)  # noqa: S311 - which process dies is no secret
    admin = f'bootstrap_token = "{TOKEN}"'
    with upstream() as app:
        house = House(write_configuration(tmp_path, upstream=app.port, workers=2, admin=admin))
        try:
            traffic = Traffic(house)
            with ThreadPoolExecutor(LANES) as pool:
                lanes = [pool.submit(traffic.run, lane) for lane in range(LANES)]
                try:
                    end = time.monotonic() + length_s
                    while time.monotonic() < end:
                        house.kill_one(chance)
                        time.sleep(EVERY_S)
                finally:
                    traffic.over.set()
                for lane in lanes:
                    lane.result()
            lost, undone = found_wrong(house.program, traffic, app)
        finally:
            left = house.stop()
    print(
        f"{house.kills} kills, {house.supervisors} of them of the supervisor, whose children lingered "
        f"{house.lingered_s:.2f} s at most; acknowledged: {len(traffic.kept)} logins, {len(traffic.ended)} "
        f"ends; {traffic.unsure} calls not; lost {len(lost)}, undone {len(undone)}, orphans {len(left)}"
    )
    assert (lost, undone, left) == ([], [], [])
    assert len(traffic.kept) > 10
    assert len(traffic.ended) > 10
    assert house.supervisors > 0


def found_wrong(program: Program, traffic: Traffic, app: Upstream) -> tuple[list[Session], list[Session]]:
    """Acknowledged logins that do not open, acknowledged ends that do."""
    until(lambda: bool(traffic.kept) and program.visit(traffic.kept[0].cookie).status == 200)
    lost = [one for one in traffic.kept if program.visit(one.cookie).status != 200]
    passed = len(app.paths)
    undone = [one for one in traffic.ended if program.visit(one.cookie).status != 401]
    assert len(app.paths) == passed or undone
    return lost, undone
