"""The way of every request through the API: the checks in their order, the answer's headers, the log line.

The order is part of the contract: 401 before anything else, then 404 for the path, 405, 403, 404 for an id of
the wrong shape, then 400. Whatever goes wrong leaves as an error envelope, and nothing of it is repeated.
"""

import asyncio
import secrets
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

import structlog
from aiohttp import web

from admin_api.bodies import read_body, refuse_oversized
from admin_api.callers import Admitted, Callers
from admin_api.line import Line
from admin_api.operations import ANSWER_WITHIN_S, Call, Operation, Resource, Stream
from admin_api.problems import Code, Problem, place_of, problem_response
from admin_api.streaming import first_part, has_gone, head_of, send
from session_store import StoreUnavailable, TooBroad, is_id

ARRIVED_S = web.RequestKey("arrived_s", float)
"""When the last that was received of a request before its turn came, by the event loop's clock."""

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})  # RFC 9110 §9.2.1

_log = structlog.get_logger("admin_api")


def new_operation_id() -> str:
    """A fresh name for one call, in its answer and in the log."""
    return "op_" + secrets.token_hex(16)


class Pipeline:
    """Serves every request of the API; what is costly has a place of ``line`` until its answer is whole."""

    def __init__(self, callers: Callers, line: Line) -> None:
        self._callers = callers
        self._line = line

    async def serve(self, resource: Resource, request: web.Request) -> web.StreamResponse:
        """The answer to ``request`` at ``resource``, whatever happens; a stream is over when this returns."""
        operation_id = new_operation_id()
        clock_s = asyncio.get_running_loop().time
        arrived_s = request.get(ARRIVED_S, clock_s())
        unavailable = Code.STORE_UNAVAILABLE if request.method in _SAFE_METHODS else Code.NOT_CONFIRMED
        admitted = None
        answer: web.Response | Stream
        first = b""
        async with AsyncExitStack() as held:
            try:
                if not resource.open:
                    async with asyncio.timeout_at(arrived_s + ANSWER_WITHIN_S):
                        admitted = await self._callers.admit(request)
                left_s = arrived_s + ANSWER_WITHIN_S - clock_s()
                operation, call = await _admit(request, resource, admitted, operation_id)
                if operation.goes_on(call.query):
                    unavailable = Code.ERASURE_NOT_CONFIRMED
                if operation.is_costly(call.query):
                    place = self._line.one(call.actor, partial(has_gone, request))
                    if await held.enter_async_context(place):
                        # Whoever was admitted before the line may be nobody now.
                        await self._callers.admit(request)
                answer, first = await _run(
                    operation, call, left_s, is_act=request.method not in _SAFE_METHODS
                )
            except Exception as error:
                answer = problem_response(_problem_of(error, unavailable, operation_id), operation_id)
            response = head_of(answer) if isinstance(answer, Stream) else answer
            finish(response, operation_id)
            if not resource.open and (clearing := self._callers.clearing(request)):
                response.headers["Set-Cookie"] = clearing
            _log.info(
                "api_request",
                operation_id=operation_id,
                method=request.method,
                route=resource.path,
                status=response.status,
                actor=admitted.caller.actor if admitted else "",
            )
            if isinstance(answer, Stream):
                await send(request, response, answer, first, operation_id, call.stands)
        return response


async def _run(
    operation: Operation, call: Call, left_s: float, *, is_act: bool
) -> tuple[web.Response | Stream, bytes]:
    """What the operation answers within ``left_s``, and what its stream begins with. Raises TimeoutError.

    An act is not begun without time, nor confirmed late where the event loop was too busy to end it.
    """
    clock_s = asyncio.get_running_loop().time
    until_s = clock_s() + left_s
    if is_act and left_s <= 0:
        raise TimeoutError
    async with asyncio.timeout_at(until_s):
        answer = await operation.run(call)
        first = await first_part(answer) if isinstance(answer, Stream) else b""
    if is_act and clock_s() >= until_s:
        raise TimeoutError
    return answer, first


def finish(response: web.StreamResponse, operation_id: str) -> None:
    """The headers that every answer carries."""
    response.headers["X-Operation-Id"] = operation_id
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    # In place of aiohttp's own, which names versions.
    response.headers["Server"] = "outerward"


async def hold_expectation(_request: web.Request) -> None:
    """Send no 100 yet: the body is asked for once the call is admitted (RFC 9110 §10.1.1)."""


async def _admit(
    request: web.Request, resource: Resource, admitted: Admitted | None, operation_id: str
) -> tuple[Operation, Call]:
    operation = resource.operation(request.method)
    caller = None if admitted is None else admitted.caller
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
    refuse_oversized(request, operation.largest_body)
    call = Call(
        operation_id=operation_id,
        id=identifier,
        within=request.match_info.get("edge", ""),
        query=query,
        body=await read_body(request, operation.largest_body) if operation.takes_body else b"",
        last_event_id=request.headers.get("Last-Event-ID", ""),
    )
    if admitted is None:
        return operation, call
    who = admitted.caller
    return operation, replace(
        call, actor=who.actor, scope=who.scope, own=who.user_tag, stands=admitted.stands
    )


def _known_query(request: web.Request, operation: Operation) -> dict[str, str]:
    query = dict(request.query)
    if len(query) != len(request.query) or not operation.query.issuperset(query):
        known = ", ".join(sorted(operation.query)) or "none"
        raise Problem(Code.BAD_PARAMETER, details={"known": known})
    return query


def _problem_of(error: Exception, unavailable: Code, operation_id: str) -> Problem:
    if isinstance(error, Problem):
        return error
    if isinstance(error, (StoreUnavailable, TimeoutError)):
        return Problem(unavailable)
    if isinstance(error, TooBroad):
        return Problem(Code.TOO_BROAD, details={"fields": ", ".join(error.fields)})
    _log.error(
        "api_internal_error", operation_id=operation_id, error=type(error).__name__, at=place_of(error)
    )
    return Problem(Code.INTERNAL)
