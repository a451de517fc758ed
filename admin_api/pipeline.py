"""The way of every request through the API: the checks in their order, the answer's headers, the log line.

The order is part of the contract: 401 before anything else, then 404 for the path, 405, 403, 404 for an id of
the wrong shape, then 400. Whatever goes wrong leaves as an error envelope, and nothing of it is repeated.
"""

import asyncio
import secrets
import traceback

import structlog
from aiohttp import web

from admin_api.auth import Authenticator, Caller
from admin_api.bodies import read_body, refuse_oversized
from admin_api.operations import Call, Operation, Resource
from admin_api.problems import Code, Problem, problem_response
from session_store import StoreUnavailable, is_id

ANSWER_WITHIN_S = 1.9
"""How long the store may take for one call, all in all."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110 §9.2.1

_log = structlog.get_logger("admin_api")


def new_operation_id() -> str:
    """A fresh name for one call, in its answer and in the log."""
    return "op_" + secrets.token_hex(16)


class Pipeline:
    """Serves every request of the API."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    async def serve(self, resource: Resource, request: web.Request) -> web.StreamResponse:
        """The answer to ``request`` at ``resource``, whatever happens."""
        operation_id = new_operation_id()
        clock_s = asyncio.get_running_loop().time
        caller = None
        try:
            began_s = clock_s()
            if not resource.open:
                lines = request.headers.getall("Authorization", [])
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    caller = await self._authenticator.caller(lines, request.remote or "")
            left_s = ANSWER_WITHIN_S - (clock_s() - began_s)
            operation, call = await _admit(request, resource, caller)
            async with asyncio.timeout(left_s):
                response = await operation.run(call)
        except Exception as error:
            response = problem_response(_problem_of(error, request.method, operation_id), operation_id)
        finish(response, operation_id)
        _log.info(
            "api_request",
            operation_id=operation_id,
            method=request.method,
            route=resource.path,
            status=response.status,
            actor=caller.actor if caller else "",
        )
        return response


def finish(response: web.Response, operation_id: str) -> None:
    """The headers that every answer carries."""
    response.headers["X-Operation-Id"] = operation_id
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    # In place of aiohttp's own, which names versions.
    response.headers["Server"] = "outerward"


async def hold_expectation(_request: web.Request) -> None:
    """Send no 100 yet: the body is asked for once the call is admitted (RFC 9110 §10.1.1)."""


async def _admit(request: web.Request, resource: Resource, caller: Caller | None) -> tuple[Operation, Call]:
    operation = resource.operation(request.method)
    if caller is not None and not caller.scope.covers(operation.needs):
        raise Problem(Code.TOO_LITTLE_SCOPE, details={"needed": operation.needs.value})
    identifier = request.match_info.get("id", "")
    if operation.id_prefixes and not any(is_id(identifier, prefix) for prefix in operation.id_prefixes):
        raise Problem(Code.NOT_FOUND)
    if request.headers.getall("Ngrok-Version", ["2"]) != ["2"]:
        raise Problem(Code.BAD_VERSION)
    if request.headers.get("Expect", "100-continue").lower() != "100-continue":
        raise Problem(Code.BAD_EXPECTATION)
    query = _known_query(request, operation)
    refuse_oversized(request)
    body = await read_body(request) if operation.takes_body else b""
    return operation, Call(caller.actor if caller else "", identifier, query, body)


def _known_query(request: web.Request, operation: Operation) -> dict[str, str]:
    query = dict(request.query)
    if len(query) != len(request.query) or not operation.query.issuperset(query):
        known = ", ".join(sorted(operation.query)) or "none"
        raise Problem(Code.BAD_PARAMETER, details={"known": known})
    return query


def _problem_of(error: Exception, method: str, operation_id: str) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, (StoreUnavailable, TimeoutError)):
        return Problem(Code.STORE_UNAVAILABLE if method in _SAFE_METHODS else Code.NOT_CONFIRMED)
    frames = traceback.extract_tb(error.__traceback__)
    # Type and place only: an exception's text may quote what the caller sent.
    _log.error(
        "api_internal_error",
        operation_id=operation_id,
        error=type(error).__name__,
        at=[f"{frame.name}:{frame.lineno}" for frame in frames[-5:]],
    )
    return Problem(Code.INTERNAL)
