"""How the API's application is served: aiohttp's server, kept from talking.

By itself aiohttp answers what it cannot parse in plain text, quotes the offending line to the client and to
the log (a token may stand in it), names its version, and logs request lines with their query.
"""

from typing import Any

import structlog
from aiohttp import web

from admin_api.pipeline import ARRIVED_S, finish, new_operation_id
from admin_api.problems import Code, Problem, problem_response

SERVER_SETTINGS: dict[str, Any] = {
    "access_log": None,
    "auto_decompress": False,
    "keepalive_timeout": 75.0,
    "lingering_time": 1.0,
}

_log = structlog.get_logger("admin_api")


class _Protocol(web.RequestHandler):
    received_s = 0.0

    def data_received(self, data: bytes) -> None:
        """Note when it came: where the event loop is late, its turn is much later."""
        self.received_s = self._loop.time()
        super().data_received(data)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what never became a request; ``exc`` and ``message`` quote the client and are not used."""
        operation_id = new_operation_id()
        problem = Problem(Code.MALFORMED_REQUEST if status == 400 else Code.INTERNAL)
        response = problem_response(problem, operation_id)
        finish(response, operation_id)
        response.force_close()
        # What cannot be parsed counts as HTTP/1.0, where closing needs no word; the client may speak 1.1.
        response.headers["Connection"] = "close"
        _log.warning(
            "api_request_unserved",
            operation_id=operation_id,
            status=response.status,
            error=type(exc).__name__,
        )
        return response

    def log_exception(self, *_args: Any, exc_info: BaseException | None = None, **_options: Any) -> None:
        """Log a fault outside every call; its text may quote the client and is left out."""
        _log.error("api_server_fault", error=type(exc_info).__name__)


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)


class AdminRunner(web.AppRunner):
    """Runs the application of ``create_app``; used like ``aiohttp.web.AppRunner``."""

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()

        def request(message: Any, payload: Any, protocol: Any, *more: Any) -> web.BaseRequest:
            arrived = made.request_factory(message, payload, protocol, *more)
            arrived[ARRIVED_S] = protocol.received_s
            return arrived

        return _Server(made.request_handler, request_factory=request, **SERVER_SETTINGS)
