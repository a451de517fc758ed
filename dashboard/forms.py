"""The one form with content that browsers post here, read within limits of size and time.

Knows nothing of what its fields mean.
"""

import asyncio
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

LARGEST = 16 * 1024
"""Octets of a form: a token, and an address in percent-encoding."""
TIMEOUT_S = 10.0
_MOST_FIELDS = 10
_FORM_TYPE = "application/x-www-form-urlencoded"


class BadForm(Exception):
    """What was sent is no form, holds a field twice, is too large, or does not arrive whole in time."""


async def read_form(request: web.Request) -> dict[str, str]:
    """The fields of the form in ``request``. Raises BadForm, which repeats nothing of it."""
    if request.content_type != _FORM_TYPE:
        raise BadForm
    body = bytearray()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > LARGEST:
                    raise BadForm
    except (TimeoutError, ConnectionError, web.RequestPayloadError, HttpProcessingError):
        raise BadForm from None
    return fields_of(bytes(body))


def fields_of(body: bytes) -> dict[str, str]:
    """The fields in ``body``, by name. Raises BadForm."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"
        )
    except ValueError:
        raise BadForm from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BadForm
    return fields
