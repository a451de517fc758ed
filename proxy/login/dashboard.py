"""The login flow on the admin listener: the rim there, which says of a request what the edge says elsewhere.

One host, that of the dashboard; a request under another name is told the right one. Knows nothing of roles,
nor of any page but the login's own.
"""

import secrets
from collections.abc import Callable, Sequence

from aiohttp import web

from idp_adapters import Providers
from proxy.canonical import RESERVED_PREFIX
from proxy.context import Contexts
from proxy.context.client_address import plain_address
from proxy.identity_jwt import IdentityKey
from proxy.login import answers
from proxy.login.control_app import Control, response_of
from proxy.login.desk import Desk, fresh_secret, log, unix_ms
from proxy.login.return_path import DASHBOARD_HOME
from proxy.login.visit import EDGE_HEADER, Fields, is_navigation
from proxy.problems import EXPECTATION_FAILED, MISDIRECTED, Link, Problem
from proxy.routes import Host, Site
from session_store import Store


def add_dashboard_login(
    app: web.Application,
    site: Site,
    store: Store,
    providers: Providers,
    *,
    contexts: Contexts,
    is_own_host: Callable[[web.Request], bool],
    now_ms: Callable[[], int] = unix_ms,
) -> None:
    """Let ``app``, the admin listener's, answer ``/.outerward/…`` for the one host of ``site``.

    ``is_own_host`` tells whether a request names that host. ``now_ms`` is Unix time.
    """
    desk = Desk(
        site,
        store,
        providers,
        IdentityKey(store.settle),
        contexts,
        now_ms,
        fresh_secret,
    )
    (host,) = site.hosts.values()
    rim = _Rim(desk, host, is_own_host)
    app.router.add_route("*", RESERVED_PREFIX + "{rest:.*}", rim.serve, expect_handler=rim.expect)


class _Rim:
    def __init__(self, desk: Desk, host: Host, is_own_host: Callable[[web.Request], bool]) -> None:
        self._control = Control(desk)
        self._kept = desk.contexts.kept
        self._host = host
        self._is_own_host = is_own_host

    async def serve(self, request: web.Request) -> web.Response:
        """The answer to ``request``."""
        address, request_id = plain_address(request.remote or ""), _new_request_id()
        if not self._is_own_host(request):
            link = Link("Go to the dashboard", self._host.origin + DASHBOARD_HOME)
            return self._finished(request, request_id, _refusal(request, request_id, MISDIRECTED, [link]))
        said = (EDGE_HEADER, f"{address} {self._host.hostname} {request_id}".encode())
        # What looks like the edge's own word is the client's, and never counts.
        passed = [line for line in request.raw_headers if line[0].lower() != EDGE_HEADER]
        return self._finished(request, request_id, await self._control.respond(request, [*passed, said]))

    async def expect(self, request: web.Request) -> web.Response | None:
        """Ask for the body at once; what else may be expected is not offered (RFC 9110 §10.1.1)."""
        if request.headers["Expect"].lower() == "100-continue":
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return None
        request_id = _new_request_id()
        return self._finished(request, request_id, _refusal(request, request_id, EXPECTATION_FAILED))

    def _finished(self, request: web.Request, request_id: str, response: web.Response) -> web.Response:
        # In place of aiohttp's own, which names versions.
        response.headers["Server"] = "outerward"
        log.info(
            "dashboard_login_request",
            method=request.method,
            status=response.status,
            client_address=self._kept(plain_address(request.remote or "")),
            request_id=request_id,
        )
        return response


def _new_request_id() -> str:
    return secrets.token_hex(8)


def _refusal(
    request: web.Request, request_id: str, matter: Problem, links: Sequence[Link] = ()
) -> web.Response:
    navigation = is_navigation(request.method, Fields(request.raw_headers))
    return response_of(answers.problem(matter, request_id=request_id, navigation=navigation, links=links))
