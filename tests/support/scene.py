"""A store with people in it: short words for logins, visits and verdicts, under a clock that a test moves."""

import hashlib
import time
from dataclasses import dataclass, field

import msgspec

from session_store import (
    ApplicationSession,
    BrowserSession,
    Context,
    CookieHash,
    Endpoint,
    EndReason,
    Location,
    Principal,
    Store,
    StoreTime,
    Tombstone,
    Touch,
    UserAgent,
    decode,
    endpoint_id,
    is_tombstone,
)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
CONTEXT = Context(ip_address="192.0.2.7")


@dataclass
class Clock:
    """A wall clock in ms that stands at the time it was made, and moves when a test says so."""

    now_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)

    def __call__(self) -> int:
        return self.now_ms

    def advance(self, ms: int) -> None:
        """Let ``ms`` pass for whoever was given this clock (not for the server's lives of keys)."""
        self.now_ms += ms


def cookie(name: str) -> CookieHash:
    """The hash of the cookie called ``name``."""
    return CookieHash(hashlib.sha256(name.encode()).digest())


def endpoint(name: str) -> Endpoint:
    """The endpoint of the tunnel called ``name``."""
    return Endpoint(id=endpoint_id(name), public_url=f"https://{name}.example.com", tunnel=name)


def coming_from(
    address: str, country: str | None = None, *, browser: str = "Firefox", raw: str = ""
) -> Context:
    """A request from ``address`` with ``browser``; ``raw`` tells versions of one browser apart."""
    return Context(
        ip_address=address,
        user_agent=UserAgent(
            raw=raw or browser, browser_name=browser, os_name="Linux", device_type="desktop"
        ),
        location=Location(country_code=country) if country is not None else None,
    )


def person(name: str) -> Principal:
    """The person called ``name`` at one provider."""
    return Principal(
        provider="corp",
        issuer="https://id.example.com",
        subject=name,
        username=name,
        email=f"{name}@example.com",
        email_verified=True,
        groups=("staff",),
    )


@dataclass
class Scene:
    """Everything by names: ``login("ada", "laptop")`` signs Ada in with the cookie called laptop."""

    store: Store
    clock: Clock = field(default_factory=Clock)

    async def login(
        self,
        who: str = "ada",
        by: str = "laptop",
        *,
        begun_at: StoreTime | None = None,
        lasts_ms: int = DAY_MS,
        access_token: str = "",
        memory: bytes = b"",
        told: Principal | None = None,
    ) -> BrowserSession:
        """``told``: what the provider says of ``who`` now, where that is not what it always says."""
        now = self.clock()
        return await self.store.complete_login(
            told or person(who),
            provider_name="Corp",
            begun_at=await self.store.now() if begun_at is None else begun_at,
            scope="app.example.com",
            cookie_hash=cookie(by),
            expires_at=now + lasts_ms,
            access_token=access_token,
            memory=memory,
        )

    async def visit(
        self,
        browser: BrowserSession,
        where: str = "app",
        *,
        idle_timeout_s: int = 0,
        lasts_ms: int = DAY_MS,
        session_limit: int = 0,
        context: Context = CONTEXT,
    ) -> ApplicationSession | Tombstone | None:
        return await self.store.start_application_session(
            browser,
            endpoint(where),
            expires_at=browser.issued_at + lasts_ms,
            idle_timeout_s=idle_timeout_s,
            context=context,
            session_limit=session_limit,
        )

    async def enter(
        self, who: str = "ada", by: str = "laptop", where: str = "app", *, idle_timeout_s: int = 0
    ) -> ApplicationSession:
        """Sign in and be let through: the new application session."""
        session = await self.visit(await self.login(who, by), where, idle_timeout_s=idle_timeout_s)
        assert isinstance(session, ApplicationSession)
        return session

    async def refresh(
        self,
        browser: BrowserSession,
        *groups: str,
        holder: str = "holder",
        access_token: str = "",
        memory: bytes = b"",
    ) -> bool:
        """Finish a refresh by which the provider said, now, that the user is in ``groups``."""
        return await self.store.finish_refresh(
            browser,
            holder,
            principal=msgspec.structs.replace(browser.principal, groups=groups),
            refreshed_at=self.clock(),
            access_token=access_token,
            memory=memory,
        )

    async def check(self, by: str = "laptop", where: str = "app") -> ApplicationSession | Tombstone | None:
        """What a check answers, read as the gate reads it."""
        value = await self.store.check(cookie(by), endpoint(where).id)
        if value is None:
            return None
        return decode(value, Tombstone) if is_tombstone(value) else decode(value, ApplicationSession)

    async def end_reason(self, by: str = "laptop", where: str = "app") -> EndReason | None:
        """Why a check finds the session ended; None where it does not find a tombstone."""
        found = await self.check(by, where)
        return found.reason if isinstance(found, Tombstone) else None

    async def listed(self) -> list[str]:
        """Ids of the application sessions that the list shows."""
        page = await self.store.sessions(limit=100, before=None)
        assert not page.more
        return [view.session.id for view in page.items]

    def touch(
        self, session: ApplicationSession, *, requests: int = 1, context: Context | None = None
    ) -> Touch:
        return Touch(session=session, at_ms=self.clock(), requests=requests, context=context)
