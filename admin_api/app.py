"""The API as one application: which paths there are, what each needs, and who serves them."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from admin_api.auth import Authenticator, FailureLimit, Scope
from admin_api.bodies import LARGEST_BODY
from admin_api.health import Health, Readiness, store_readiness
from admin_api.operations import Operation, Resource
from admin_api.paging import PAGE_PARAMETERS
from admin_api.pipeline import Pipeline, hold_expectation
from admin_api.server import SERVER_SETTINGS
from admin_api.sessions import SESSION_PREFIX, Sessions
from admin_api.shapes import Shapes
from admin_api.tokens import ID_PREFIX as TOKEN_ID_PREFIX
from admin_api.tokens import Tokens
from admin_api.users import USER_PREFIX, Users
from session_store import Store

UNKNOWN = Resource("unknown", {})


def create_app(
    store: Store,
    *,
    public_url: str,
    bootstrap_token: str | None,
    readiness: Readiness | None = None,
    monotonic_s: Callable[[], float] = time.monotonic,
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> web.Application:
    """The admin API over ``store``; serve it with AdminRunner.

    ``public_url`` begins every address in an answer. ``bootstrap_token`` is an admin token as long as it is
    configured. ``readiness`` tells what is missing; by default only the store is asked.
    """
    shapes = Shapes(public_url)
    sessions = Sessions(store, shapes)
    resources = [
        *_application_resources(Users(store, shapes, sessions), sessions),
        *_token_resources(Tokens(store, shapes, now_ms)),
        *_open_resources(Health(readiness or store_readiness(store))),
    ]
    pipeline = Pipeline(Authenticator(store, bootstrap_token, FailureLimit(monotonic_s)))
    app = web.Application(
        middlewares=[_unmatched(pipeline)],
        client_max_size=LARGEST_BODY,
        handler_args=SERVER_SETTINGS,
    )
    for resource in resources:
        _route(app, resource.path, pipeline, resource)
    _route(app, "/{rest:.*}", pipeline, UNKNOWN)
    return app


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


def _application_resources(users: Users, sessions: Sessions) -> Sequence[Resource]:
    user_ids = (USER_PREFIX, SESSION_PREFIX)
    session_ids = (SESSION_PREFIX,)
    return [
        Resource("/app/users", {"GET": Operation(users.list, query=PAGE_PARAMETERS)}),
        Resource(
            "/app/users/{id}",
            {
                "GET": Operation(users.get, id_prefixes=user_ids),
                "DELETE": Operation(users.delete, Scope.REVOKE, id_prefixes=user_ids),
            },
        ),
        Resource("/app/sessions", {"GET": Operation(sessions.list, query=PAGE_PARAMETERS)}),
        Resource(
            "/app/sessions/{id}",
            {
                "GET": Operation(sessions.get, id_prefixes=session_ids),
                "DELETE": Operation(sessions.delete, Scope.REVOKE, id_prefixes=session_ids),
            },
        ),
    ]


def _token_resources(tokens: Tokens) -> Sequence[Resource]:
    ids = (TOKEN_ID_PREFIX,)
    return [
        Resource(
            "/tokens",
            {
                "GET": Operation(tokens.list, Scope.ADMIN, query=PAGE_PARAMETERS),
                "POST": Operation(tokens.create, Scope.ADMIN, takes_body=True),
            },
        ),
        Resource(
            "/tokens/{id}",
            {
                "GET": Operation(tokens.get, Scope.ADMIN, id_prefixes=ids),
                "DELETE": Operation(tokens.delete, Scope.ADMIN, id_prefixes=ids),
            },
        ),
    ]


def _open_resources(health: Health) -> Sequence[Resource]:
    return [
        Resource("/healthz", {"GET": Operation(health.alive)}, open=True),
        Resource("/readyz", {"GET": Operation(health.ready)}, open=True),
        Resource("/openapi.yaml", {"GET": Operation(health.description)}, open=True),
    ]
