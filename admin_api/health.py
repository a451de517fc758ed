"""What is open to everybody: whether the process lives, whether it is ready, and what the API looks like."""

from collections.abc import Awaitable, Callable
from importlib.resources import files

from aiohttp import web

from admin_api.operations import Call
from admin_api.problems import json_response
from session_store import Store, StoreError

Readiness = Callable[[], Awaitable[dict[str, str]]]
"""Asks what is missing: nothing when ready, else names and states such as ``{"store": "down"}``."""


def store_readiness(store: Store) -> Readiness:
    """Ready as soon as ``store`` answers and may be used."""

    async def missing() -> dict[str, str]:
        try:
            await store.ping()
        except StoreError:
            return {"store": "down"}
        return {}

    return missing


class Health:
    """The open operations."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness
        self._description = files("admin_api").joinpath("openapi.yaml").read_bytes()

    async def alive(self, _call: Call) -> web.Response:
        """200 as long as the process answers."""
        return json_response({"status": "ok"})

    async def ready(self, _call: Call) -> web.Response:
        """200 when requests can be served, else 503 with what is missing."""
        missing = await self._readiness()
        if missing:
            return json_response(missing, status=503, headers={"Retry-After": "1"})
        return json_response({})

    async def description(self, _call: Call) -> web.Response:
        """The API's description, as it is written (RFC 9512)."""
        return web.Response(body=self._description, content_type="application/yaml")
