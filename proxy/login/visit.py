"""One request to the control app, read once: who asks, for what, from where, with which cookies.

The edge's own header names the client's address, the host and the request; the client's ``Host`` is never
looked at. Pure and total: ``read_visit`` returns a Visit or the Problem that ends it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from proxy.context import Keep
from proxy.cookie_header import Cookies, read_cookies
from proxy.login.cookies import LoginCookie, read_login_cookies
from proxy.problems import BAD_REQUEST, BODY_TOO_LARGE, UNKNOWN_HOST, Problem
from proxy.routes import Host, Site

EDGE_HEADER = b"x-outerward-edge"
_MOST_PARAMETERS = 100


@dataclass(frozen=True, slots=True)
class Caller:
    """What the edge says about a request: the client's address, its canonical host, the request's id.

    ``address`` is what may be stored and logged of it; ``whole_address`` is for telling where it is.
    """

    address: str
    hostname: str
    request_id: str
    whole_address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request under the reserved prefix. ``path`` and ``query`` are as received."""

    method: str
    path: str
    query: str
    parameters: tuple[tuple[str, str], ...]
    caller: Caller
    host: Host
    navigation: bool
    prefetch: bool
    fetch_site: str | None
    origin: str | None
    agent: bytes
    session: Cookies
    logins: tuple[LoginCookie, ...]

    def __repr__(self) -> str:
        return f"Visit({self.method!r}, {self.path!r}, {self.caller!r})"

    @property
    def from_own_page(self) -> bool:
        """Whether a page of this very origin sent this request, as the browser says it (Fetch §3.2)."""
        if self.fetch_site not in (None, "same-origin"):
            return False
        if self.origin is None:
            return self.fetch_site == "same-origin"
        return self.origin.lower() == self.host.origin.lower()

    def parameter(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return next((value for key, value in self.parameters if key == name), None)

    def doubles(self, names: frozenset[str]) -> bool:
        """Whether a parameter out of ``names`` is there more than once."""
        seen = [key for key, _ in self.parameters if key in names]
        return len(seen) != len(set(seen))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A request that ends before it is a visit; ``caller`` is None where the edge's header is missing."""

    problem: Problem
    caller: Caller | None
    navigation: bool


def read_visit(
    site: Site, method: str, target: str, headers: Sequence[tuple[bytes, bytes]], kept: Keep
) -> Visit | Unreadable:
    """The visit that a request line's ``method`` and ``target`` and its ``headers`` make.

    ``kept``: what may be stored and logged of the client's address.
    """
    fields = Fields(headers)
    navigation = is_navigation(method, fields)
    caller = _caller(fields.only(EDGE_HEADER), kept)
    if caller is None:
        return Unreadable(BAD_REQUEST, None, navigation)
    host = site.hosts.get(caller.hostname)
    if host is None:
        return Unreadable(UNKNOWN_HOST, caller, navigation)
    if not target.isascii():
        return Unreadable(BAD_REQUEST, caller, navigation)
    if fields.only(b"content-encoding") not in (None, "identity"):
        return Unreadable(BODY_TOO_LARGE, caller, navigation)
    path, _, query = target.partition("?")
    try:
        parameters = parse_qsl(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return Unreadable(BAD_REQUEST, caller, navigation)
    cookies = fields.all(b"cookie")
    return Visit(
        method=method,
        path=path,
        query=query,
        parameters=tuple(parameters),
        caller=caller,
        host=host,
        navigation=navigation,
        prefetch="prefetch" in (fields.only(b"sec-purpose") or ""),
        fetch_site=fields.only(b"sec-fetch-site"),
        origin=fields.only(b"origin"),
        agent=next(iter(fields.all(b"user-agent")), b""),
        session=read_cookies(cookies, host.cookie.name.encode()),
        logins=read_login_cookies(cookies, secure=host.cookie.secure),
    )


class Fields:
    """Header lines by lower-case name, whatever case they were sent in."""

    def __init__(self, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self._lines = [(name.lower(), value) for name, value in headers]

    def all(self, name: bytes) -> list[bytes]:
        """The values of a header, in order."""
        return [value for key, value in self._lines if key == name]

    def only(self, name: bytes) -> str | None:
        """The value of a header that is there once, None where it is absent, "" where it is doubled."""
        values = self.all(name)
        if not values:
            return None
        return values[0].strip().decode("latin-1") if len(values) == 1 else ""


def is_navigation(method: str, fields: Fields) -> bool:
    """Whether a person is on the way to a page.

    A POST counts as a form's where the browser does not say (no fetch metadata on plain http).
    """
    if method == "OPTIONS":
        return False
    mode = fields.only(b"sec-fetch-mode")
    if mode is not None:
        return mode == "navigate"
    if method not in {"GET", "HEAD", "POST"} or fields.only(b"x-requested-with") is not None:
        return False
    return any(b"text/html" in value for value in fields.all(b"accept"))


def _caller(value: str | None, kept: Keep) -> Caller | None:
    parts = (value or "").split(" ")
    return Caller(kept(parts[0]), parts[1], parts[2], parts[0]) if len(parts) == 3 and all(parts) else None
