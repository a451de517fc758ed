"""Rows as CSV (RFC 4180): what the columns are called, and cells that are no formula and show what they hold.

Columns are called by the JSON path of what they hold. Knows neither the store nor what asks for the file.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Any

import msgspec

Cell = str | int | float | bool | tuple[str, ...] | None

USER_COLUMNS = (
    "id",
    "identity_provider.name",
    "identity_provider.url",
    "provider_user_id",
    "username",
    "email",
    "name",
    "created_at",
    "last_active",
    "last_login",
    "outerward.sessions",
    "outerward.email_verified",
    "outerward.blocked",
    "outerward.blocked_until",
)
SESSION_COLUMNS = (
    "id",
    "public_url",
    "browser_session.user_agent.raw",
    "browser_session.user_agent.browser_name",
    "browser_session.user_agent.browser_version",
    "browser_session.user_agent.device_type",
    "browser_session.user_agent.os_name",
    "browser_session.user_agent.os_version",
    "browser_session.ip_address",
    "browser_session.location.country_code",
    "browser_session.location.latitude",
    "browser_session.location.longitude",
    "browser_session.location.lat_long_radius_km",
    "application_user.id",
    "endpoint.id",
    "edge.id",
    "route.id",
    "created_at",
    "last_active",
    "expires_at",
    "outerward.tunnel",
    "outerward.provider",
    "outerward.user.name",
    "outerward.user.username",
    "outerward.user.email",
    "outerward.requests",
    "outerward.network",
    "outerward.flags",
    "outerward.ended_at",
    "outerward.ended_reason",
    "outerward.ended_by",
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
"""Control characters but for TAB, CR and LF; what turns the direction of a text, or has no width."""


def cells_at(shape: msgspec.Struct, paths: Iterable[str]) -> Iterator[Cell]:
    """What ``shape`` holds at each of ``paths``; None below what is null."""
    for path in paths:
        found: Any = shape
        for name in path.split("."):
            found = None if found is None else getattr(found, name)
        yield found


def csv_lines(rows: Iterable[Iterable[Cell]]) -> bytes:
    """``rows`` in UTF-8, each ended by CR LF."""
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([_written(cell) for cell in row] for row in rows)
    return text.getvalue().encode()


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        # A number may begin with a sign and is no formula.
        return str(cell)
    text = _UNSEEN.sub("\ufffd", cell if isinstance(cell, str) else " ".join(cell))
    return "'" + text if text.startswith(_FORMULA) else text
