"""The store as the rest of the program sees it: every question and every write, with what each guarantees.

This is a face: the work is done by the class of each subject (sessions, logins, directory, tokens,
revocation), over ``commands``; checks go over ``fastpath``. Raises this package's errors and no others.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

from session_store import keys
from session_store.access_tokens import AccessTokens
from session_store.address import Address, parse_address
from session_store.commands import Commands
from session_store.directory import Directory
from session_store.ends import Ends
from session_store.fastpath import Asker, Awaited, FastPath
from session_store.ids import EndpointId, IdSource, SessionId, TokenId, UserId
from session_store.lifecycle import EndReason
from session_store.limits import Limits
from session_store.logins import Logins
from session_store.named import Named
from session_store.notices import Ended
from session_store.once import Once
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
    UserTag,
)
from session_store.refresh_face import RefreshFace
from session_store.refreshes import Refreshes
from session_store.revocation import Revocation
from session_store.sealing import Sealer
from session_store.sessions import Sessions
from session_store.sweeper import Sweeper
from session_store.tokens import Tokens, new_token_secret
from session_store.views import Page, SessionView, Touch, UserView


def _wall_clock_ms() -> Milliseconds:
    return time.time_ns() // 1_000_000


class Store(RefreshFace):
    """One store, for the use of one event loop. Made by ``open``; any method may raise StoreUnavailable."""

    def __init__(
        self,
        address: Address,
        commands: Commands,
        fastpath: FastPath,
        sealer: Sealer,
        ids: IdSource,
        now_ms: Callable[[], Milliseconds],
    ) -> None:
        super().__init__(Refreshes(commands, sealer, now_ms), AccessTokens(sealer))
        self._address = address
        self._commands = commands
        self._fastpath = fastpath
        revocation = Revocation(commands, now_ms)
        self._revocation = revocation
        self._directory = Directory(commands, now_ms)
        limits = Limits(commands, revocation, self._directory, now_ms)
        self._sessions = Sessions(commands, revocation, limits, ids, now_ms)
        self._named = Named(commands, revocation)
        self._logins = Logins(commands, revocation, self._named, sealer, ids, now_ms)
        self._once = Once(commands, sealer)
        self._sweeper = Sweeper(commands, self._directory)
        self._tokens = Tokens(commands, ids, now_ms)

    @classmethod
    def open(
        cls,
        url: str,
        *,
        secrets: Sequence[str],
        check_timeout_s: float = 0.5,
        command_timeout_s: float = 1.8,
        ids: IdSource | None = None,
        now_ms: Callable[[], Milliseconds] = _wall_clock_ms,
    ) -> "Store":
        """A store at ``url`` (``unix:///path[?db=N]``, ``redis://…``, ``rediss://…``), not connected yet.

        ``secrets``: the first seals what is stored sealed, all open it. ``check_timeout_s`` is the deadline
        of a check, ``command_timeout_s`` that of any other exchange and of a whole revocation. Raises
        StoreRefused for a URL that is none or a missing secret.
        """
        address = parse_address(url)
        return cls(
            address,
            Commands(address, timeout_s=command_timeout_s),
            FastPath(address, timeout_s=check_timeout_s),
            Sealer(secrets),
            ids or IdSource(now_s=lambda: now_ms() / 1000),
            now_ms,
        )

    async def start(self, *, sweeps: bool = False) -> None:
        """Begin to connect in the background, and to reconnect for ever. A store that is away is no error.

        ``sweeps``: also offer to take what time has ended out of the indexes; of all that offer, one does.
        """
        self._fastpath.start()
        if sweeps:
            self._sweeper.start()

    async def close(self) -> None:
        """Close every connection; checks that wait fail."""
        await self._sweeper.close()
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

    async def end_browser_session(self, cookie_hash: CookieHash, reason: EndReason, by: str) -> bool:
        """End a browser session with all its application sessions, for good; False where none was live.

        Raises NotConfirmed when the store did not confirm it within ``command_timeout_s``.
        """
        return await self._revocation.end_browser_session(cookie_hash, reason, by)

    async def end_application_session(self, session_id: SessionId, reason: EndReason, by: str) -> bool:
        """End one application session for good, and its browser session when no other of it is live.

        False where it was not live. Raises NotConfirmed as ``end_browser_session`` does.
        """
        return await self._revocation.end_application_session(session_id, reason, by)

    async def end_others(self, tag: UserTag, keep: CookieHash, reason: EndReason, by: str) -> int:
        """End for good all browser sessions of a user but ``keep``; how many were live.

        A login of the user that is about to be written is refused too. Raises NotConfirmed as
        ``end_browser_session`` does.
        """
        return await self._revocation.end_others(tag, keep, reason, by)

    async def end_provider_sessions(
        self, provider: str, names: Sequence[str], reason: EndReason, by: str
    ) -> int:
        """End for good all that logins at ``provider`` entered under any of ``names``; how many were live.

        Durable when it returns: no check that begins later finds a live record of them, and a login under
        these names that began before is refused. A name that nobody entered ends nothing. Raises
        NotConfirmed as ``end_browser_session`` does; the caller repeats it.
        """
        return await self._named.end(provider, names, reason, by)

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

    async def users(self, *, limit: int, before: str | None) -> Page[UserView]:
        """Users, newest first by id; ``before`` is an exclusive position. No empty page has ``more``."""
        return await self._directory.users(limit=limit, before=before)

    async def user(self, user_id: UserId) -> UserView | None:
        """One user."""
        return await self._directory.user(user_id)

    async def sessions(self, *, limit: int, before: str | None) -> Page[SessionView]:
        """Live application sessions, newest first by id; pages as ``users`` has them."""
        return await self._directory.sessions(limit=limit, before=before)

    async def session(self, session_id: SessionId) -> SessionView | None:
        """One live application session; None at once when it ended, expired or went idle."""
        return await self._directory.session(session_id)

    async def user_sessions(self, tag: UserTag) -> list[SessionView]:
        """A user's live application sessions, newest first by id; 500 at most."""
        return await self._directory.user_sessions(tag)

    async def delete_user(self, user_id: UserId, by: str) -> bool:
        """End all sessions of a user and remove the record; False where there is no such user.

        Durable when it returns: no check that begins later finds a live record, and a login that began before
        is refused. Raises NotConfirmed as ``end_browser_session`` does; the caller repeats it.
        """
        return await self._revocation.delete_user(user_id, by)

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

    async def delete_token(self, token_id: TokenId) -> bool:
        """Make a token invalid at once; False where there is none. Raises NotConfirmed."""
        return await self._tokens.delete(token_id)
