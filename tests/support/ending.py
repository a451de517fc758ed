"""Sessions of a proof, the programs that they are used at, and their ends by every way that there is."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from session_store import Store
from tests.support.program import Program, serving, write_configuration
from tests.support.proof import SECRET, TOKEN, Revoker, Session, live_id, sign_in

WORKERS = 4
REVOKERS = 8
BOOTSTRAP = f'bootstrap_token = "{TOKEN}"'


class Ending:
    """Ends every session of a run, each once ``used`` has returned for it, in the order in which they come.

    Of four sessions one is ended by its id, two are one user's and end with it, one by logout: three
    revocations. ``look`` makes a client of redis-py's on the store. ``asked`` has for each session when its
    revocation began, ``ended`` when its answer had been read.
    """

    def __init__(
        self, used: Callable[[Session], None], programs: Sequence[Program], look: Callable[[], Any]
    ) -> None:
        self._used = used
        self._programs = programs
        self._look = look
        self.asked: dict[int, float] = {}
        self.ended: dict[int, float] = {}
        self.repeated = 0

    def run(self, sessions: Sequence[Session]) -> None:
        """Return when every revocation was answered."""
        fours = [sessions[start : start + 4] for start in range(0, len(sessions), 4)]
        with ThreadPoolExecutor(REVOKERS) as pool:
            for done in [pool.submit(self._end, fours[lane::REVOKERS]) for lane in range(REVOKERS)]:
                done.result()

    def _end(self, fours: Sequence[Sequence[Session]]) -> None:
        with ExitStack() as stack:
            revokers = [
                stack.enter_context(closing(Revoker(program.edge, program.admin)))
                for program in self._programs
            ]
            for four in fours:
                by_id, one, other, by_logout = four
                for session in four:
                    self._used(session)
                revoker = revokers[by_id.number // 8 % len(revokers)]
                live = live_id(self._look, by_id)
                self._note([by_id], partial(revoker.end_session, live))
                self._note([one, other], partial(revoker.end_user, one.user_id))
                self._note([by_logout], partial(revoker.log_out, by_logout))
            self.repeated += sum(revoker.repeated for revoker in revokers)

    def _note(self, sessions: Sequence[Session], end: Callable[[], float]) -> None:
        began = time.monotonic()
        ended = end()
        for session in sessions:
            self.asked[session.number], self.ended[session.number] = began, ended


async def signed_in(url: str, secret: str, revocations: int) -> list[Session]:
    """The sessions of so many revocations: four for three."""
    store = Store.open(url, secrets=[secret], command_timeout_s=30)
    try:
        users = [f"user-{n}" if n % 4 in (0, 3) else f"pair-{n // 4}" for n in range(revocations // 3 * 4)]
        return [await sign_in(store, number, user) for number, user in enumerate(users)]
    finally:
        await store.close()


@contextmanager
def one_edge(folder: Path, upstream: int) -> Iterator[tuple[list[Program], str, str]]:
    """A program with its embedded store; the store's address and secret."""
    path = write_configuration(folder / "edge", upstream=upstream, workers=WORKERS, admin=BOOTSTRAP)
    with serving(path) as program:
        yield [program], program.store_url, program.store_secret


@contextmanager
def two_edges(folder: Path, upstream: int, url: str) -> Iterator[tuple[list[Program], str, str]]:
    """Two programs on the store at ``url``; its address and secret."""
    with (
        edge_on(folder / "one", upstream, url, WORKERS // 2) as one,
        edge_on(folder / "two", upstream, url, WORKERS // 2) as two,
    ):
        yield [one, two], url, SECRET


@contextmanager
def edge_on(folder: Path, upstream: int, url: str, workers: int) -> Iterator[Program]:
    """A program on the store at ``url``."""
    store = f'url = "{url}"\nsecret = ["{SECRET}"]'
    path = write_configuration(folder, upstream=upstream, workers=workers, admin=BOOTSTRAP, store=store)
    with serving(path) as program:
        yield program
