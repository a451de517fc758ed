"""The forms that providers post to us, read within limits of size, time and number.

The one place where the control app reads a body. Knows nothing of what a form means.
"""

import asyncio
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from idp_adapters import Parameters
from proxy.limits import LARGEST_FORM
from proxy.problems import BAD_REQUEST, BODY_TOO_LARGE, LOGINS_BUSY, REQUEST_TIMEOUT, Problem

TIMEOUT_S = 10.0
MOST_HELD = 64 * 1024 * 1024
"""Octets of forms that one worker holds while they arrive: slow ones cost others nothing but this."""
_MOST_FIELDS = 20
_FORM_TYPE = "application/x-www-form-urlencoded"


class Forms:
    """Reads the forms of one worker."""

    def __init__(self) -> None:
        self._held = 0

    async def read(self, request: web.Request) -> Parameters | Problem:
        """The fields of the form in ``request``, in order and doubled ones still in; or what is wrong."""
        if request.content_type != _FORM_TYPE:
            return BAD_REQUEST
        if (request.content_length or 0) > LARGEST_FORM:
            return BODY_TOO_LARGE
        body = bytearray()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                problem = await self._collect(request, body)
        except TimeoutError:
            return REQUEST_TIMEOUT
        except (ConnectionError, web.RequestPayloadError, HttpProcessingError):
            return BAD_REQUEST
        finally:
            self._held -= len(body)
        return problem or _fields(bytes(body))

    async def _collect(self, request: web.Request, body: bytearray) -> Problem | None:
        async for chunk in request.content.iter_any():
            body += chunk
            self._held += len(chunk)
            if len(body) > LARGEST_FORM:
                return BODY_TOO_LARGE
            if self._held > MOST_HELD:
                return LOGINS_BUSY
        return None


def _fields(body: bytes) -> Parameters | Problem:
    # Each coded octet costs; base64 has few, and a form of nothing else would hold the loop up for 40 ms.
    if body.count(b"%") > len(body) // 8 + 1000:
        return BAD_REQUEST
    try:
        return tuple(
            parse_qsl(
                body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
            )
        )
    except ValueError:
        return BAD_REQUEST
