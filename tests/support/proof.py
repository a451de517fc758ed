"""What a proof needs: the hammer's handle, the sessions that it uses, revocations with the time of their
answer, and the judgement, which looks at intervals and never at a pause.

A request was let through after a revocation where its first byte was written after the revocation's answer
had been read, and it got 200, or the upstream saw it.
"""

import hashlib
import http.client
import json
import pickle
import secrets
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis

from session_store import (
    ApplicationSession,
    CookieHash,
    EndpointId,
    Principal,
    SessionId,
    Store,
    UserId,
    decode,
    endpoint_id,
    is_tombstone,
    keys,
)
from tests.support.hammer import Asked, Hit, Records, shared
from tests.support.program import HOST, PATIENCE_S, REPOSITORY, until

SECRET = "a secret of the proofs, 32 long."
TOKEN = "a-token-of-the-proofs-32-letters"
ENDPOINT = endpoint_id("app")
_LOGOUT = "/.outerward/logout"
_MOST_SESSIONS = 1 << 16


class Clients:
    """A process of clients and their upstream, of ``module``; ``flags`` has a byte for each session."""

    module: str

    def __init__(self, folder: Path) -> None:
        self._file = folder / f"records-{secrets.token_hex(4)}"
        flags = self._file.with_suffix(".flags")
        flags.write_bytes(bytes(_MOST_SESSIONS))
        self._flags = shared(flags)
        self._process = subprocess.Popen(
            [sys.executable, "-m", self.module, str(self._file), str(flags)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def tell(self, *words: object) -> None:
        """Send a line of its language."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """End it if it runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()
        self._flags.close()

    def _kept(self, word: str) -> Any:
        self.tell(word)
        self._process.communicate(timeout=PATIENCE_S)
        assert self._process.returncode == 0
        return pickle.loads(self._file.read_bytes())  # noqa: S301 - written by our own process


class Hammer(Clients):
    """The hammer's process."""

    module = "tests.support.hammer"

    def use(self, sessions: Iterable["Session"], lanes: int) -> None:
        """Let ``lanes`` clients ask with ``sessions``, one after another."""
        self.tell("sessions", [(one.number % lanes, one.number, one.cookie, one.user) for one in sessions])

    def asked(self) -> int:
        """How many requests were answered so far."""
        self.tell("count")
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def wait_passed(self, session: "Session") -> None:
        """Wait until ``session`` was let through once."""
        until(lambda: self._flags[session.number] == 1)

    def records(self, word: str) -> Records:
        """End it by ``finish`` or ``stop``; what it kept."""
        asked, hits = self._kept(word)
        return Records([Asked(*row) for row in asked], [Hit(*row) for row in hits])


@contextmanager
def hammering(folder: Path) -> Iterator[Hammer]:
    """A hammer for the length of the block."""
    hammer = Hammer(folder)
    try:
        yield hammer
    finally:
        hammer.close()


@dataclass(frozen=True)
class Session:
    """A browser session as its client and its revoker know it."""

    number: int
    cookie: str
    user: str
    user_id: UserId

    @property
    def hash(self) -> CookieHash:
        """What the store knows it by."""
        return CookieHash(hashlib.sha256(self.cookie.encode()).digest())


async def sign_in(store: Store, number: int, user: str, provider: str = "nobody") -> Session:
    """A browser session of ``user`` at the proofs' host; raises as ``complete_login`` does."""
    cookie = secrets.token_urlsafe(32)
    now = time.time_ns() // 1_000_000
    browser = await store.complete_login(
        Principal(provider=provider, issuer="http://127.0.0.1:9", subject=user),
        provider_name=provider,
        begun_at=await store.now(),
        scope=HOST,
        cookie_hash=CookieHash(hashlib.sha256(cookie.encode()).digest()),
        expires_at=now + 3_600_000,
    )
    return Session(number, cookie, user, browser.user_id)


def live_id(look: Callable[[], Any], session: Session, endpoint: EndpointId = ENDPOINT) -> SessionId:
    """The id of the application session that the client's first request begins; waits for it.

    ``look`` makes a client of redis-py's on the store.
    """
    over = time.monotonic() + PATIENCE_S / 3
    with look() as client:
        while time.monotonic() < over:
            try:
                value = client.get(keys.application(session.hash, endpoint))
            except redis.RedisError:
                value = None
            if value is not None and not is_tombstone(value):
                return decode(value, ApplicationSession).id
            time.sleep(0.005)
    raise TimeoutError


def _navigation(cookie: str) -> dict[str, str]:
    return {"Host": HOST, "Cookie": f"outerward={cookie}", "Sec-Fetch-Site": "none"}


class Revoker:
    """Ends sessions over HTTP, repeating what was not confirmed, as the answer asks."""

    def __init__(self, edge: str, admin: str) -> None:
        self._edge = edge
        self._admin = admin
        self._lines: dict[str, http.client.HTTPConnection] = {}
        self.repeated = 0

    def end_session(self, session_id: SessionId) -> float:
        """By the API; when its answer had been read."""
        return self._until_answered(self._admin, "DELETE", f"/app/sessions/{session_id}", {204, 404})

    def end_user(self, user_id: UserId) -> float:
        """By the API; when its answer had been read."""
        return self._until_answered(self._admin, "DELETE", f"/app/users/{user_id}", {204, 404})

    def ask_to_end_user(self, user_id: UserId) -> int:
        """By the API, once; the status of its answer, 0 for none."""
        return self._ask(self._admin, "DELETE", f"/app/users/{user_id}", None)

    def log_out(self, session: Session) -> float:
        """As the visitor does; when the answer had been read."""
        return self._until_answered(self._edge, "GET", _LOGOUT, {302, 303}, _navigation(session.cookie))

    def ask_to_log_out(self, cookie: str) -> int:
        """As the visitor does, once; the status of the answer, 0 for none."""
        return self._ask(self._edge, "GET", _LOGOUT, _navigation(cookie))

    def close(self) -> None:
        """Hang up."""
        for line in self._lines.values():
            line.close()

    def _until_answered(
        self, base: str, method: str, path: str, good: set[int], headers: Mapping[str, str] | None = None
    ) -> float:
        began = time.monotonic()
        while (status := self._ask(base, method, path, headers)) not in good:
            assert status in (0, 503), status
            assert time.monotonic() - began < PATIENCE_S
            self.repeated += 1
            time.sleep(0.02)
        return time.monotonic()

    def _ask(self, base: str, method: str, path: str, headers: Mapping[str, str] | None) -> int:
        line = self._lines.setdefault(
            base, http.client.HTTPConnection(urlsplit(base).netloc, timeout=PATIENCE_S)
        )
        try:
            line.request(method, path, headers=headers or {"Authorization": f"Bearer {TOKEN}"})
            answer = line.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            line.close()
            return 0
        return answer.status


@dataclass(frozen=True)
class Judgement:
    """What the records say about sessions that ended at known times."""

    requests: int
    passed: int
    tried_after: int
    let_through: list[Asked]
    untried: list[int]
    never_passed: list[int]
    statuses: Counter[int]
    mixed: int

    def __str__(self) -> str:
        told = dict(sorted(self.statuses.items()))
        return (
            f"{self.requests} requests ({self.passed} let through, {told}), {self.tried_after} begun after "
            f"a revocation's answer, {len(self.let_through)} of them let through; {self.mixed} mixed"
        )


def judge(records: Records, ended: Mapping[int, float]) -> Judgement:
    """Compare the requests with ``ended``: session to when the answer of its revocation had been read."""
    reached = {(hit.session, hit.number) for hit in records.hits}
    after = [one for one in records.asked if one.session in ended and one.begin > ended[one.session]]
    passed = [one for one in records.asked if one.status == 200]
    unseen = [one for one in passed if (one.session, one.number) not in reached]
    assert not unseen, "an answer 200 that the upstream knows nothing of"
    return Judgement(
        requests=len(records.asked),
        passed=len(passed),
        tried_after=len(after),
        let_through=[one for one in after if one.status == 200 or (one.session, one.number) in reached],
        untried=sorted(ended.keys() - {one.session for one in after}),
        never_passed=sorted(ended.keys() - {one.session for one in passed}),
        statuses=Counter(one.status for one in records.asked),
        mixed=sum(one.mixed for one in records.asked),
    )
