"""The API as one application: which paths there are, what each needs, and who serves them."""

import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from admin_api.administration import Administration, FindPerson
from admin_api.auth import Authenticator, Limit
from admin_api.blocks import Blocks
from admin_api.callers import Callers
from admin_api.event_shapes import event_renderer
from admin_api.event_stream import HEARTBEAT_S, EventStreams
from admin_api.events import Events
from admin_api.export import Exports
from admin_api.health import Health, Readiness, store_readiness
from admin_api.line import Line
from admin_api.operations import Operation, Resource
from admin_api.pipeline import Pipeline, hold_expectation
from admin_api.places import Places
from admin_api.problems import Code
from admin_api.revoke import BulkRevocation
from admin_api.server import SERVER_SETTINGS
from admin_api.sessions import Sessions
from admin_api.shapes import Shapes
from admin_api.tokens import Tokens
from admin_api.topology import NOTHING_CONFIGURED, ConfiguredThings, Topology
from admin_api.users import Users
from session_store import Store

AddPages = Callable[[web.Application, Administration], None]
"""Adds pages for people to the application, who are signed in as ``Administration`` says."""

UNKNOWN = Resource("unknown", {})

MOST_COSTLY = 4
"""How many costly reads go on at once: each takes some of the time in which an act is to be confirmed."""

COSTLY_EACH = 2
"""How many of them one token may have."""

WAITING_EACH = 8
"""How many more of one token wait for that, which are some pages of the dashboard that open at once."""

WAITED_S = 2.0
"""How long they wait."""

SIGN_INS_PER_MINUTE = 120
"""How often one token may sign in to the dashboard: each makes a record and an event."""


def create_app(
    store: Store,
    *,
    public_url: str,
    bootstrap_token: str | None,
    topology: Topology = NOTHING_CONFIGURED,
    readiness: Readiness | None = None,
    find_person: FindPerson | None = None,
    pages: AddPages | None = None,
    heartbeat_s: float = HEARTBEAT_S,
    monotonic_s: Callable[[], float] = time.monotonic,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> web.Application:
    """The admin API over ``store``; serve it with AdminRunner.

    ``public_url`` begins every address in an answer. ``bootstrap_token`` is an admin token as long as it is
    configured, ``topology`` is what else is. ``readiness`` tells what is missing; by default only the store
    is asked. ``find_person`` knows who signed in through a provider; ``pages`` adds what else is served.
    """
    shapes = Shapes(public_url)
    streams = EventStreams(store, event_renderer(public_url), now_ms, heartbeat_s)
    resources = [
        *_application_resources(store, shapes, now_ms),
        *Tokens(store, shapes, now_ms).resources(),
        *Events(store, shapes).resources(),
        *streams.resources(),
        *ConfiguredThings(store, shapes, topology).resources(),
        *_open_resources(Health(readiness or store_readiness(store))),
    ]
    authenticator = Authenticator(store, bootstrap_token, Limit(monotonic_s))
    sign_ins = Limit(monotonic_s, SIGN_INS_PER_MINUTE, 60)
    administration = Administration(store, authenticator, sign_ins, public_url, find_person, now_ms)
    line = Line(Places(MOST_COSTLY, COSTLY_EACH, Code.BUSY), each=WAITING_EACH, patience_s=WAITED_S)
    pipeline = Pipeline(Callers(authenticator, administration), line)
    app = web.Application(middlewares=[_unmatched(pipeline)], handler_args=SERVER_SETTINGS)
    for resource in resources:
        _route(app, resource.path, pipeline, resource)
    if pages is not None:
        pages(app, administration)
    _route(app, "/{rest:.*}", pipeline, UNKNOWN)
    app.on_shutdown.append(_ending(streams))
    return app


def _ending(streams: EventStreams) -> Callable[[web.Application], Awaitable[None]]:
    async def end(_app: web.Application) -> None:
        streams.end()

    return end


def _route(app: web.Application, pattern: str, pipeline: Pipeline, resource: Resource) -> None:
    serve = partial(pipeline.serve, resource)
    app.router.add_route("*", pattern, serve, expect_handler=hold_expectation)


def _unmatched(pipeline: Pipeline) -> Middleware:
    @web.middleware
    async def serve(request: web.Request, handler: Handler) -> web.StreamResponse:
        # A target that is no path, such as "*", matches no route at all.
        if request.match_info.http_exception is not None:
            return await pipeline.serve(UNKNOWN, request)
        return await handler(request)

    return serve


def _application_resources(store: Store, shapes: Shapes, now_ms: Callable[[], int]) -> Sequence[Resource]:
    sessions = Sessions(store, shapes)
    return [
        *Users(store, shapes, sessions).resources(),
        *Exports(store, shapes).resources(),
        *Blocks(store, shapes, now_ms).resources(),
        *sessions.resources(),
        *BulkRevocation(store).resources(),
    ]


def _open_resources(health: Health) -> Sequence[Resource]:
    return [
        Resource("/healthz", {"GET": Operation(health.alive)}, open=True),
        Resource("/readyz", {"GET": Operation(health.ready)}, open=True),
        Resource("/openapi.yaml", {"GET": Operation(health.description)}, open=True),
    ]
