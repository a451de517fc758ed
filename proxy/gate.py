"""The gate: what the store answered, turned into a verdict. The fourth hop of a protected request.

Takes bytes, a route and the time; returns one of four verdicts. It keeps no session: what it remembers is
the decoding of bytes that the store has just sent again, never the permission.
"""

from dataclasses import dataclass, field

from idp_adapters import allowed
from proxy.credentials import FOR_GOOD, Credentials
from proxy.person import account_of, identity_of
from proxy.routes import Route
from session_store import (
    ApplicationSession,
    BrowserSession,
    CookieHash,
    EndReason,
    OutOfStep,
    StoreUnavailable,
    Tombstone,
    decode,
    is_tombstone,
)

_MOST_DECODED = 20_000
_LARGEST_DECODED = 4096


@dataclass(frozen=True, slots=True)
class Allow:
    """Pass, as this session; ``identity_lines`` are ready for the upstream."""

    session: ApplicationSession
    identity_lines: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """Sign in first; ``reason`` is one of the API's ``details.reason``."""

    reason: str


@dataclass(frozen=True, slots=True)
class Forbid:
    """Signed in as ``account``, and not allowed here."""

    account: str


@dataclass(frozen=True, slots=True)
class FirstVisit:
    """No session at this endpoint yet: the browser session decides, off the hot path."""


Verdict = Allow | Login | Forbid

NO_SESSION = Login("no_session")
FIRST_VISIT = FirstVisit()

_ENDED = {
    EndReason.EXPIRED: "expired",
    EndReason.IDLE: "idle",
    EndReason.BLOCKED: "blocked",
    EndReason.LOGOUT: "logged_out",
    EndReason.REPLACED: "logged_out",
    EndReason.BACK_CHANNEL: "logged_out",
    EndReason.FRONT_CHANNEL: "logged_out",
    EndReason.SAML_LOGOUT: "logged_out",
}


@dataclass(frozen=True, slots=True)
class _Decoded:
    session: ApplicationSession
    verdict: Allow | Forbid
    holds_until_ms: int


class Gate:
    """Judges the answers of the store for one worker."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._decoded: dict[bytes, _Decoded] = {}

    def judge(
        self, value: bytes | None, cookie_hash: CookieHash, route: Route, now_ms: int
    ) -> Verdict | FirstVisit:
        """The verdict on a checked session. Raises OutOfStep when ``value`` is not what was asked for.

        A record carries its own key: a reply out of step is *unavailable*, never somebody else's session.
        """
        if value is None:
            return FIRST_VISIT
        known = self._decoded.get(value)
        if known is None or now_ms >= known.holds_until_ms:
            if is_tombstone(value):
                return self._ended(decode(value, Tombstone), cookie_hash, route)
            known = self._decode(value, route, now_ms)
        session = known.session
        if session.cookie_hash != cookie_hash or session.endpoint.id != route.endpoint.id:
            raise OutOfStep("the store answered with another session's record")
        if now_ms >= session.expires_at:
            return Login("expired")
        if session.principal.provider not in route.providers:
            return NO_SESSION
        return known.verdict

    def judge_first_visit(
        self, browser: BrowserSession | Tombstone | None, cookie_hash: CookieHash, route: Route, now_ms: int
    ) -> Verdict | BrowserSession:
        """Whether a browser session may begin an application session at ``route``: then it is returned."""
        if browser is None:
            return NO_SESSION
        if browser.cookie_hash != cookie_hash:
            raise StoreUnavailable("the store answered with another session's record")
        if isinstance(browser, Tombstone):
            return ended(browser)
        if browser.scope != route.cookie.scope or browser.principal.provider not in route.providers:
            return NO_SESSION
        if now_ms >= expiry_at(browser, route):
            return Login("expired")
        if not allowed(route.rules, identity_of(browser.principal)):
            return Forbid(account_of(browser.principal))
        return browser

    def judge_begun(self, session: ApplicationSession, route: Route, now_ms: int) -> Allow | Forbid:
        """The verdict on a session that has just begun: a refresh may have said more since the login.

        Raises StoreUnavailable.
        """
        return self._judged(session, route, now_ms).verdict

    def _ended(self, tombstone: Tombstone, cookie_hash: CookieHash, route: Route) -> Login:
        if tombstone.cookie_hash != cookie_hash or tombstone.endpoint_id != route.endpoint.id:
            raise OutOfStep("the store answered with another session's record")
        return ended(tombstone)

    def _decode(self, value: bytes, route: Route, now_ms: int) -> _Decoded:
        session = decode(value, ApplicationSession)
        if session.endpoint.id != route.endpoint.id:
            raise OutOfStep("the store answered with another endpoint's record")
        decoded = self._judged(session, route, now_ms)
        if len(value) <= _LARGEST_DECODED:
            if len(self._decoded) >= _MOST_DECODED:
                self._decoded.clear()
            self._decoded[value] = decoded
        return decoded

    def _judged(self, session: ApplicationSession, route: Route, now_ms: int) -> _Decoded:
        if not allowed(route.rules, identity_of(session.principal)):
            return _Decoded(session, Forbid(account_of(session.principal)), FOR_GOOD)
        lines = self._credentials.lines(session, route, now_ms)
        return _Decoded(session, Allow(session, lines.block), lines.hold_until_ms)


def ended(tombstone: Tombstone) -> Login:
    """The verdict on a session that was ended, with the reason for its visitor."""
    return Login(_ENDED.get(tombstone.reason, "revoked"))


def expiry_at(browser: BrowserSession, route: Route) -> int:
    """When a session of this login ends at this endpoint at the latest, in milliseconds."""
    return min(browser.expires_at, browser.issued_at + route.max_session_s * 1000)
