"""What the header lines of a request mean at one route, kept for the next request with the same lines.

A client sends mostly the same lines again. What follows from them and the route alone is worked out once; it
holds no verdict, and the session is asked for each time.
"""

from collections.abc import Sequence

from proxy.cookie_header import Cookies, read_cookies
from proxy.fields import Fields
from proxy.routes import Route
from proxy.upstream_pool import UpstreamPool


class Standing:
    """The cookies of header lines, and what a request that was let through has found out.

    ``pool`` leads to the route's upstream; ``lines`` are those for it, with these fields.
    """

    __slots__ = ("cookies", "fields", "lines", "pool", "route")

    def __init__(self, fields: Fields, route: Route, cookies: Cookies) -> None:
        self.fields = fields
        self.route = route
        self.cookies = cookies
        self.lines: bytes | None = None
        self.pool: UpstreamPool | None = None


def cookies_at(lines: Sequence[bytes], route: Route) -> Cookies:
    """The cookies of a request for ``route``."""
    return read_cookies(lines, route.cookie.name.encode(), route.domain_cookies)


def stand(fields: Fields, route: Route, last: Standing | None) -> Standing:
    """How ``fields`` stand at ``route``; ``last`` is how those of the request before stood."""
    if last is None or last.route is not route:
        return Standing(fields, route, cookies_at(fields.cookies, route))
    if last.fields is fields:
        return last
    same = last.fields.cookies == fields.cookies
    cookies = last.cookies if same else cookies_at(fields.cookies, route)
    standing = Standing(fields, route, cookies)
    standing.pool = last.pool
    return standing
