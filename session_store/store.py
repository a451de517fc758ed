"""The store as the rest of the program sees it: every question and every write, with what each guarantees.

This is a face: the work is done by the class of each subject (sessions, logins, directory, tokens,
revocation), over ``commands``; checks go over ``fastpath``. Raises this package's errors and no others.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

from session_store import keys
from session_store.access_tokens import AccessTokens
from session_store.accesses import Accesses
from session_store.act_face import ActFace
from session_store.address import Address, parse_address
from session_store.blocks import Blocks
from session_store.bulk import Bulk
from session_store.commands import Commands
from session_store.dashboard_face import DashboardFace
from session_store.dashboard_sessions import DashboardSessions
from session_store.directory import Directory
from session_store.endings import Endings
from session_store.ends import Ends
from session_store.erasure import Erasure
from session_store.event_face import EventFace
from session_store.event_tail import TAIL_TIMEOUT_S, EventTail
from session_store.events import Events
from session_store.fastpath import Asker, Awaited, FastPath
from session_store.find_face import FindFace
from session_store.forgetting import Forgetting
from session_store.ids import EndpointId, IdSource, TokenId
from session_store.limits import Limits
from session_store.logins import Logins
from session_store.named import Named
from session_store.notices import Ended
from session_store.once import Once
from session_store.overdue import Overdue
from session_store.query import Finder
from session_store.records import (
    ApiToken,
    ApplicationSession,
    BrowserSession,
    Context,
    CookieHash,
    Endpoint,
    Milliseconds,
    Principal,
    StoreTime,
    Tombstone,
)
from session_store.refresh_face import RefreshFace
from session_store.refreshes import Refreshes
from session_store.revocation import Revocation
from session_store.sealing import Sealer
from session_store.sessions import Sessions
from session_store.settings import FOR_A_MONTH, Retention
from session_store.strays import Strays
from session_store.sweeper import Sweeper
from session_store.tokens import Tokens, new_token_secret
from session_store.views import Touch
from session_store.webhook_turns import WebhookTurns


def _wall_clock_ms() -> Milliseconds:
    return time.time_ns() // 1_000_000


class Store(RefreshFace, FindFace, ActFace, EventFace, DashboardFace):
    """One store, for the use of one event loop. Made by ``open``; any method may raise StoreUnavailable."""

    def __init__(
        self,
        address: Address,
        commands: Commands,
        fastpath: FastPath,
        sealer: Sealer,
        ids: IdSource,
        retention: Retention,
        now_ms: Callable[[], Milliseconds],
    ) -> None:
        self._address = address
        self._commands = commands
        self._fastpath = fastpath
        self._refreshes = Refreshes(commands, sealer, now_ms)
        self._access_tokens = AccessTokens(sealer)
        self._events = events = Events(commands, retention.events)
        self._event_tail = EventTail(Commands(address, timeout_s=TAIL_TIMEOUT_S), events)
        self._webhook_turns = WebhookTurns(commands)
        self._endings = endings = Endings(commands, events, retention)
        self._revocation = revocation = Revocation(commands, endings, now_ms)
        self._directory = directory = Directory(commands, now_ms)
        self._finder = Finder(commands, directory, now_ms)
        self._accesses = Accesses(commands, events, retention, now_ms)
        self._blocks = Blocks(commands, revocation, events, now_ms)
        self._bulk = Bulk(commands, directory, self._finder, revocation)
        overdue = Overdue(commands, directory, endings, retention, now_ms)
        self._erasure = Erasure(commands, revocation, endings, self._blocks, overdue, events, now_ms)
        limits = Limits(commands, revocation, directory, now_ms)
        self._sessions = Sessions(commands, revocation, limits, self._accesses, ids, now_ms)
        self._named = Named(commands, revocation)
        self._logins = Logins(commands, revocation, self._named, sealer, ids, now_ms)
        self._once = Once(commands, sealer)
        self._sweeper = Sweeper(
            commands,
            overdue,
            Strays(commands, now_ms),
            Forgetting(commands, directory, self._erasure, events, retention, now_ms),
        )
        self._tokens = Tokens(commands, ids, now_ms)
        self._dashboard_sessions = DashboardSessions(commands, self._tokens, now_ms)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        secrets: Sequence[str],
        check_timeout_s: float = 0.5,
        command_timeout_s: float = 1.8,
        ids: IdSource | None = None,
        retention: Retention = FOR_A_MONTH,
        now_ms: Callable[[], Milliseconds] = _wall_clock_ms,
    ) -> "Store":
        """A store at ``url`` (``unix:///path[?db=N]``, ``redis://…``, ``rediss://…``), not connected yet.

        ``secrets``: the first seals what is stored sealed, all open it. ``check_timeout_s`` is the deadline
        of a check, ``command_timeout_s`` that of any other exchange and of a whole revocation. ``retention``:
        for how long what is over is kept. Raises StoreRefused for a URL that is none or a missing secret.
        """
        address = parse_address(url)
        return cls(
            address,
            Commands(address, timeout_s=command_timeout_s),
            FastPath(address, timeout_s=check_timeout_s),
            Sealer(secrets),
            ids or IdSource(now_s=lambda: now_ms() / 1000),
            retention,
            now_ms,
        )

    async def start(self, *, sweeps: bool = False) -> None:
        """Begin to connect in the background, and to reconnect for ever. A store that is away is no error.

        ``sweeps``: also offer to note what time has ended, and to forget what is old; of all that offer, one
        does.
        """
        self._fastpath.start()
        if sweeps:
            self._sweeper.start()

    async def close(self) -> None:
        """Note what was left for later, and close every connection; checks that wait fail."""
        await self._endings.settled()
        await self._sweeper.close()
        await self._event_tail.close()
        await self._fastpath.close()
        await self._commands.close()

    async def ping(self) -> None:
        """Return when the store may be used and answers, on the check path too once ``start`` was called.

        Raises StoreUnavailable; StoreRefused, in words, when it is older than Redis 6.2 or Valkey 7.2, may
        evict keys, or refuses the password.
        """
        await self._commands.verify()
        if self._fastpath.started:
            ping = Awaited()
            self._fastpath.get(keys.PING, ping)
            await ping.future

    def ask(self, cookie_hash: CookieHash, endpoint_id: EndpointId, asker: Asker) -> None:
        """Tell ``asker`` the stored bytes of the application session (A…) or its tombstone (T…): one GET.

        All checks of one event-loop tick leave in one write. Whoever asks decodes with ``decode``, may keep
        what it decoded by these very bytes, and compares the record's own ``cookie_hash`` and endpoint id
        with what it asked for. It is told within ``check_timeout_s`` of this call, maybe before it returns.
        """
        self._fastpath.get(keys.application(cookie_hash, endpoint_id), asker)

    def check(self, cookie_hash: CookieHash, endpoint_id: EndpointId) -> "asyncio.Future[bytes | None]":
        """What ``ask`` tells, to wait for; off the hot path."""
        asker = Awaited()
        self.ask(cookie_hash, endpoint_id, asker)
        return asker.future

    def hear_ends(self, told: Callable[[Ended], None]) -> Ends:
        """Call ``told`` for every end of a session as it is written; whoever asked closes what it gets."""
        return Ends(self._address, told)

    def begin_checks_anew(self) -> None:
        """For whoever saw a check answered by another's record: the replies that follow would be too.

        Without it they would stay out of step for as long as checks go on without a pause.
        """
        self._fastpath.begin_anew()

    async def browser_session(self, cookie_hash: CookieHash) -> BrowserSession | Tombstone | None:
        """The browser session, live or expired, or its tombstone; None where neither is known."""
        return await self._sessions.browser_session(cookie_hash)

    async def start_application_session(
        self,
        browser: BrowserSession,
        endpoint: Endpoint,
        *,
        expires_at: Milliseconds,
        idle_timeout_s: int,
        context: Context,
        session_limit: int = 0,
    ) -> ApplicationSession | Tombstone | None:
        """The live application session of ``browser`` at ``endpoint``: a new one, or the one that stands.

        A tombstone where either was ended, expired, or idle for too long (a session at an endpoint that was
        visited before and is no longer there); None where there is no such browser session. ``expires_at`` is
        cut to that of the browser session; ``idle_timeout_s`` 0 means no idle limit. The record counts no
        request yet. Once this returns, the session can be listed and ended. A new one says what the browser
        session's record says by then, which may be newer than ``browser``: rules are judged by it.

        ``session_limit``: how many live sessions of this user at this endpoint stay, with a new one; the
        oldest end with SESSION_LIMIT. 0 means no limit. Raises NotConfirmed where that was not confirmed; the
        new session stands, and the next one ends what is too many.
        """
        return await self._sessions.start(
            browser,
            endpoint,
            expires_at=expires_at,
            idle_timeout_s=idle_timeout_s,
            context=context,
            session_limit=session_limit,
        )

    async def touch(self, touches: Sequence[Touch]) -> None:
        """Note activity of sessions that are live, and prolong their idle limit; nothing revives.

        Where it fails, some may have been noted; requests noted twice are no harm.
        """
        await self._sessions.touch(touches)

    async def now(self) -> StoreTime:
        """The time by the store's own clock: what a login notes at its beginning, whoever completes it."""
        return await self._logins.now()

    async def save_login(self, key: str, payload: bytes, ttl_s: int) -> None:
        """Keep ``payload`` sealed under ``key`` for ``ttl_s``."""
        await self._logins.save(key, payload, ttl_s)

    async def take_login(self, key: str) -> bytes | None:
        """What was kept under ``key``, to one caller once; None where nothing is, or no secret opens it."""
        return await self._logins.take(key)

    async def read_login(self, key: str) -> tuple[bytes | None, StoreTime]:
        """What is kept under ``key``, and stays there, and the time as ``now`` tells it.

        None as ``take_login`` has it.
        """
        return await self._logins.read(key)

    async def complete_login(
        self,
        principal: Principal,
        *,
        provider_name: str,
        begun_at: StoreTime,
        scope: str,
        cookie_hash: CookieHash,
        expires_at: Milliseconds,
        names: Sequence[str] = (),
        memory: bytes = b"",
        access_token: str = "",
    ) -> BrowserSession:
        """Make or renew the user and write the browser session of a login that began when ``now`` told.

        ``names``, any text: what ``principal.provider`` may call this session when it ends it. ``memory``:
        what ``session_memory`` tells until the session ends, sealed. ``access_token``: the provider's, kept
        sealed in the session's records. Raises LoginOvertaken when the user was deleted, or what has one of
        the names was ended, at or after ``begun_at``, or meanwhile; a login with names is also refused when
        it took 20 minutes.
        """
        return await self._logins.complete(
            principal,
            provider_name=provider_name,
            begun_at=begun_at,
            scope=scope,
            cookie_hash=cookie_hash,
            expires_at=expires_at,
            names=names,
            memory=memory,
            access_token=access_token,
        )

    async def session_memory(self, cookie_hash: CookieHash) -> bytes | None:
        """What the login left; None where the session has ended, nothing was left, or no secret opens it."""
        return await self._logins.memory(cookie_hash)

    async def count_failure(self, key: str, window_s: int) -> int:
        """Count a failure; how many there were in the window of ``window_s`` that the first one began."""
        return await self._logins.count_failure(key, window_s)

    async def failures(self, key: str) -> int:
        """How many failures ``count_failure`` has counted in the window that runs; counts none."""
        return await self._logins.failures(key)

    async def use_once(self, key: str, until_ms: Milliseconds) -> bool:
        """True to one caller for each ``key``, any text; from ``until_ms`` on False to all.

        By the store's clock: neither a second use nor a late one passes, whatever a worker's clock says.
        """
        return await self._once.use(key, until_ms)

    async def was_used(self, key: str) -> bool:
        """Whether ``use_once`` has said True for ``key``, and its time is not over."""
        return await self._once.was_used(key)

    async def settle(self, name: str, proposal: bytes) -> bytes:
        """What all workers have under ``name``, for good, sealed: the first ``proposal`` that was made.

        Raises StoreRefused, in words, where no secret opens what stands, which is never overwritten;
        NotConfirmed where no replica has a first proposal.
        """
        return await self._once.settle(name, proposal)

    async def create_token(
        self, name: str, scope: str, expires_at: Milliseconds | None, secret: str | None = None
    ) -> tuple[ApiToken, str]:
        """A new API token and its secret, which is nowhere kept; one of ``new_token_secret`` may be given."""
        return await self._tokens.create(name, scope, expires_at, secret or new_token_secret())

    async def token_by_secret(self, secret: str) -> ApiToken | None:
        """The token of this secret, if it is neither expired nor deleted."""
        return await self._tokens.by_secret(secret)

    async def tokens(self) -> list[ApiToken]:
        """All valid tokens, newest first."""
        return await self._tokens.all()

    async def token_uses(self, ids: Sequence[TokenId]) -> dict[TokenId, Milliseconds]:
        """When each of these tokens was last used, to the minute; those that never were are missing."""
        return await self._tokens.uses(ids)

    async def delete_token(self, token_id: TokenId) -> bool:
        """Make a token invalid at once; False where there is none. Raises NotConfirmed."""
        return await self._tokens.delete(token_id)
