"""The decisions of a login, whole and without I/O: what is asked for, whose answer came, who it is.

Each function takes values and returns the next step or the Problem that ends the login. Knows no store, no
provider's protocol and no framework; the time comes in as a number.
"""

from dataclasses import dataclass
from typing import Literal

from idp_adapters import Identity, Prompt, ProtocolName, Provider, RelyingParty
from proxy.addresses import SIGNED_OUT_PATH, backchannel_logout_path, callback_path, saml_path
from proxy.canonical import InvalidPath, canonical_path
from proxy.login.cookies import LoginCookie, mark_of
from proxy.login.return_path import HOME, safe_return_path
from proxy.login.transaction import Transaction
from proxy.login.visit import Visit
from proxy.problems import (
    BAD_REQUEST,
    CALLBACK_MALFORMED,
    FOREIGN_ORIGIN,
    LOGIN_REQUIRED,
    LOGIN_TOO_OLD,
    LOGIN_UNKNOWN,
    NO_ROUTE,
    UNKNOWN_PROVIDER,
    Problem,
)
from proxy.routes import Host, Route
from session_store import BrowserSession, Principal, StoreTime

_LOGIN_PARAMETERS = frozenset({"redirect_path", "provider", "account"})
_PROTOCOL_PARAMETERS = frozenset(
    [
        "state",
        "code",
        "iss",
        "error",
        "error_description",
        "error_uri",
        "session_state",
        "scope",
        "id_token",
        "access_token",
        "token_type",
        "expires_in",
        "response",
    ]
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A login whose answer came back to the browser that began it; ``cookie_name`` names its cookie."""

    route: Route
    return_path: str
    transaction: Transaction
    cookie_name: str


@dataclass(frozen=True, slots=True)
class Opening:
    """A login to begin: the endpoint that decides, where it comes back to, what the provider is to ask.

    ``asked`` is true where the visitor pressed a button of ours, so that no notice stands in the way;
    ``leaves`` where the session here ends first.
    """

    route: Route
    return_path: str
    prompt: Prompt
    asked: bool
    leaves: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A callback that may be a login's answer: its state, and the cookies that may belong to it."""

    state: str
    candidates: tuple[LoginCookie, ...]


def open_login(visit: Visit) -> Opening | Problem:
    """What a request to the login address asks for.

    Only a navigation begins a login, by GET, or by POST from a page of this host; only a provider that the
    endpoint has can be asked for.
    """
    if not visit.navigation or visit.method == "HEAD":
        return LOGIN_REQUIRED
    if visit.method == "POST" and not visit.from_own_page:
        return FOREIGN_ORIGIN
    if visit.doubles(_LOGIN_PARAMETERS):
        return BAD_REQUEST
    return_path = safe_return_path(visit.parameter("redirect_path") or HOME)
    if return_path == HOME:
        return_path = home_of(visit.host)
    route = route_of(visit.host, return_path)
    if route is None:
        return NO_ROUTE
    if visit.parameter("provider") not in (None, route.provider):
        return UNKNOWN_PROVIDER
    if visit.method == "GET":
        return Opening(route, return_path, "", asked=False, leaves=False)
    other = visit.parameter("account") == "other"
    return Opening(route, return_path, "select_account" if other else "login", asked=True, leaves=other)


def read_claim(visit: Visit, state: str) -> Claim | Problem:
    """What a callback with ``state`` claims to answer. Nothing of it is believed yet."""
    if not state or visit.doubles(_PROTOCOL_PARAMETERS):
        return CALLBACK_MALFORMED
    mark = mark_of(state)
    return Claim(state, tuple(c for c in visit.logins if c.mark == mark and c.value))


def accept_answer(
    visit: Visit, provider: str, claim: Claim, transaction: Transaction, now: StoreTime
) -> Accepted | Problem:
    """The login that a callback answers, where this browser began it here, with this provider, just now."""
    holds = [cookie for cookie in claim.candidates if transaction.belongs_to(cookie.value)]
    if not holds or transaction.hostname != visit.host.hostname or transaction.provider != provider:
        return LOGIN_UNKNOWN
    if transaction.is_over(now):
        return LOGIN_TOO_OLD
    return_path = safe_return_path(transaction.return_path)
    route = route_of(visit.host, return_path)
    if route is None or route.provider != provider:
        return LOGIN_UNKNOWN
    return Accepted(route, return_path, transaction, holds[0].name)


def principal_of(identity: Identity, provider: str) -> Principal:
    """The identity as the store keeps it."""
    return Principal(
        provider=provider,
        issuer=identity.issuer,
        subject=identity.subject,
        username=identity.username,
        name=identity.name,
        email=identity.email,
        email_verified=identity.email_verified,
        groups=identity.groups,
    )


def logout_step(visit: Visit) -> Literal["leave", "ask"] | Problem:
    """Whether a request to the logout address ends the session, or only asks the visitor.

    A GET ends it where the browser says that it comes from this origin or from the person, and is no
    prefetch; a POST where it comes from a page of this origin.
    """
    if visit.method == "POST":
        return "leave" if visit.from_own_page else FOREIGN_ORIGIN
    at_once = visit.method == "GET" and visit.fetch_site in {"same-origin", "none"} and not visit.prefetch
    return "leave" if at_once else "ask"


def is_open_here(browser: BrowserSession, visit: Visit, now_ms: int) -> bool:
    """Whether a browser session counts on this host."""
    return browser.scope == visit.host.hostname and now_ms < browser.expires_at


def route_of(host: Host, return_path: str) -> Route | None:
    """The endpoint that a return path leads to."""
    try:
        return host.match(canonical_path(return_path.partition("?")[0].encode()).path)
    except InvalidPath:
        return None


def home_of(host: Host) -> str:
    """Where a visitor goes who asked for no page: ``/``, or the shortest prefix that leads on."""
    return HOME if host.match(HOME) is not None else host.routes[-1].path_prefix


def home_at(host: Host, provider: str) -> str | None:
    """Where somebody begins whom ``provider`` sent without being asked; None where it leads nowhere here."""
    home = route_of(host, home_of(host))
    if home is not None and home.provider == provider:
        return home_of(host)
    return next((route.path_prefix or HOME for route in host.routes if route.provider == provider), None)


def relying_party(origin: str, provider: str, protocol: ProtocolName) -> RelyingParty:
    """Our addresses that are registered with ``provider``: from the configuration alone."""
    oidc = protocol == "oidc"
    answer = callback_path(provider) if oidc else saml_path(provider, "acs")
    logout = backchannel_logout_path(provider) if oidc else saml_path(provider, "slo")
    return RelyingParty(
        answer=origin + answer,
        logout=origin + logout,
        metadata=origin + saml_path(provider, "metadata"),
        signed_out=origin + SIGNED_OUT_PATH,
    )


def party_of(visit: Visit, provider: Provider) -> RelyingParty:
    """Our addresses for ``provider`` on the host of this visit."""
    return relying_party(visit.any_route.origin, provider.name, provider.protocol)
