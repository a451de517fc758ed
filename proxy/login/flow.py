"""The decisions of a login, whole and without I/O: what is asked for, whose answer came, who it is.

Each function takes values and returns the next step or the Problem that ends the login. Knows no store, no
provider's protocol and no framework; the time comes in as a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from idp_adapters import Parameters, Prompt, ProtocolName, Provider, RelyingParty
from proxy.addresses import SESSIONS_PATH, SIGNED_OUT_PATH, backchannel_logout_path, callback_path, saml_path
from proxy.canonical import InvalidPath, canonical_path
from proxy.login.cookies import LoginCookie, mark_of
from proxy.login.return_path import DASHBOARD_HOME, HOME, dashboard_path, safe_return_path
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
from proxy.routes import Host, Route, Site
from session_store import BrowserSession, StoreTime

_LOGIN_PARAMETERS = frozenset({"redirect_path", "provider", "account", "iss", "target_link_uri"})
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

    ``provider`` is None where there are several and the visitor has to choose. ``asked`` is true where the
    visitor pressed a button of ours, so that no notice stands in the way; ``leaves`` where the session here
    ends first.
    """

    route: Route
    provider: str | None
    return_path: str
    prompt: Prompt
    asked: bool
    leaves: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """A callback that may be a login's answer: its state, and the cookies that may belong to it."""

    state: str
    candidates: tuple[LoginCookie, ...]


def open_login(visit: Visit, issuers: Mapping[str, str]) -> Opening | Problem:
    """What a request to the login address asks for; ``issuers`` maps providers to their issuer identifiers.

    Only a navigation begins a login, by GET, or by POST from a page of this host; only a provider that the
    endpoint has can be asked for, by its name or by its issuer (OpenID Connect Core 1.0 §4).
    """
    if not visit.navigation or visit.method == "HEAD":
        return LOGIN_REQUIRED
    if visit.method == "POST" and not visit.from_own_page:
        return FOREIGN_ORIGIN
    if visit.doubles(_LOGIN_PARAMETERS):
        return BAD_REQUEST
    return_path = _wanted_path(visit)
    if return_path == HOME:
        return_path = _default_path(visit, issuers)
    route = route_of(visit.host, return_path)
    if route is None:
        return NO_ROUTE
    wanted, issuer = visit.parameter("provider"), visit.parameter("iss")
    if issuer is not None:
        wanted = next((name for name in route.providers if issuers.get(name) == issuer), "")
    if wanted is not None and wanted not in route.providers:
        return UNKNOWN_PROVIDER
    provider = wanted if wanted is not None or len(route.providers) > 1 else route.providers[0]
    if visit.method == "GET":
        return Opening(route, provider, return_path, "", asked=False, leaves=False)
    other = visit.parameter("account") == "other"
    prompt: Prompt = "select_account" if other else "login"
    return Opening(route, provider, return_path, prompt, asked=True, leaves=other)


def _wanted_path(visit: Visit) -> str:
    """Where the visitor wants to be; a ``target_link_uri`` is another spelling, and of this origin only."""
    target = visit.parameter("target_link_uri")
    if target is None:
        return own_path(visit.host, visit.parameter("redirect_path") or HOME)
    origin = visit.host.origin
    return own_path(visit.host, target.removeprefix(origin) or HOME) if target.startswith(origin) else HOME


def _default_path(visit: Visit, issuers: Mapping[str, str]) -> str:
    """Where a visitor goes who asked for no page: where the issuer that sent them is one to sign in with."""
    issuer = visit.parameter("iss")
    homes = (home_at(visit.host, name) for name, own in issuers.items() if own == issuer)
    return next((home for home in homes if home is not None), home_of(visit.host))


def doubles_protocol(parameters: Parameters) -> bool:
    """Whether a parameter with a meaning in an answer to a login is there more than once."""
    names = [name for name, _ in parameters if name in _PROTOCOL_PARAMETERS]
    return len(names) != len(set(names))


def read_claim(visit: Visit, state: str) -> Claim | Problem:
    """What a callback with ``state`` claims to answer. Nothing of it is believed yet."""
    if not state or doubles_protocol(visit.parameters):
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
    return_path = own_path(visit.host, transaction.return_path)
    route = route_of(visit.host, return_path)
    if route is None or provider not in route.providers:
        return LOGIN_UNKNOWN
    return Accepted(route, return_path, transaction, holds[0].name)


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
    return browser.scope == visit.host.cookie.scope and now_ms < browser.expires_at


def route_of(host: Host, return_path: str) -> Route | None:
    """The endpoint that a return path leads to; for the list of sessions, where a visitor begins."""
    if return_path == SESSIONS_PATH:
        return_path = home_of(host)
    try:
        return host.match(canonical_path(return_path.partition("?")[0].encode()).path)
    except InvalidPath:
        return None


def own_path(host: Host, text: str) -> str:
    """``text`` where it is an address at ``host`` that a visitor may be sent to; else where it begins."""
    return dashboard_path(text) if host.is_dashboard else safe_return_path(text)


def home_of(host: Host) -> str:
    """Where a visitor goes who asked for no page: ``/``, or the shortest prefix that leads on."""
    if host.is_dashboard:
        return DASHBOARD_HOME
    return HOME if not host.routes or host.match(HOME) is not None else host.routes[-1].path_prefix


def home_at(host: Host, provider: str) -> str | None:
    """Where somebody begins whom ``provider`` sent without being asked; None where it leads nowhere here."""
    home = route_of(host, home_of(host))
    if home is not None and provider in home.providers:
        return home_of(host)
    return next((route.path_prefix or HOME for route in host.routes if provider in route.providers), None)


def relying_party(origin: str, provider: str, protocol: ProtocolName) -> RelyingParty:
    """Our addresses that are registered with ``provider``: from the configuration alone."""
    saml = protocol == "saml"
    answer = saml_path(provider, "acs") if saml else callback_path(provider)
    logout = saml_path(provider, "slo") if saml else backchannel_logout_path(provider)
    return RelyingParty(
        answer=origin + answer,
        logout=origin + logout,
        metadata=origin + saml_path(provider, "metadata"),
        signed_out=origin + SIGNED_OUT_PATH,
    )


def party_of(site: Site, visit: Visit, provider: Provider) -> RelyingParty:
    """Our addresses for ``provider`` in the logins of this visit's host."""
    return relying_party(site.spoken_to_at(visit.host).origin, provider.name, provider.protocol)


def begun_for(site: Site, visit: Visit, hostname: str) -> Host | None:
    """The host called ``hostname``, where what was begun there is answered at this visit's host."""
    begun = site.hosts.get(hostname)
    return begun if begun is not None and site.spoken_to_at(begun) is visit.host else None
