"""One line for each request that ended, as JSON or in the combined format. Pure: records in, bytes out.

Whatever bytes a client sent, a record gives exactly one line that a reader of its format reads back. It says
the path and never the query, the public ids of user and session and never a cookie.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Literal
from urllib.parse import quote

import msgspec

from proxy.context import Keep
from proxy.fields import Fields
from proxy.finished import Finished, Outcome
from proxy.head import Request

LineFormat = Literal["json", "combined"]
GONE = 499
"""The status that is logged where the client left or its session ended before an answer; it is never sent."""

BROKEN = 500
"""The status that is logged where an error of ours left a request without an answer; it is never sent."""

_LONGEST_AGENT = 512
_LONGEST_PATH = 1024
_PLAIN_PATH = re.compile(r"[!#-\[\]-~]*")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_QUOTED = str.maketrans({'"': '\\"', "\\": "\\\\"})


class _Request(msgspec.Struct, gc=False):
    """The first part of a line."""

    timestamp: str
    request_id: str
    method: str
    path: str
    status: int
    complete: bool
    bytes: int
    duration_ms: float
    upstream_ms: float | None
    verdict: Outcome


class _Visitor(msgspec.Struct, gc=False):
    """The second part, which is often the same; ``event`` and ``level`` as in all that the program logs."""

    client: str
    host: str
    endpoint: str | None
    tunnel: str | None
    user: str | None
    session: str | None
    user_agent: str
    event: str = "request"
    level: str = "info"


_ENCODER = msgspec.json.Encoder()


def json_lines(records: Sequence[Finished], zero_ms: int, kept: Keep) -> list[bytes]:
    """A JSON object for each record, in order, each with its line end.

    ``zero_ms``: the Unix time, in milliseconds, at which the clock of the records read 0. ``kept``: what may
    be logged of a client's address.
    """
    encode = _ENCODER.encode
    lines = []
    visitors: dict[tuple[int, int, int, str], bytes] = {}
    last_ms, timestamp = 0, ""
    for record in records:
        request, answered_s = record.request, record.answered_s
        ended_ms = zero_ms + int(record.ended_s * 1000)
        if ended_ms != last_ms:
            last_ms, timestamp = ended_ms, f"{_iso_second(ended_ms // 1000)}.{ended_ms % 1000:03d}Z"
        upstream_s = answered_s - (record.checked_s or record.began_s) if answered_s else None
        fields = request.fields if isinstance(request, Request) else None
        # The records keep these objects alive, so that no other has the same id meanwhile.
        key = (id(fields), id(record.route), id(record.session), record.client)
        visitor = visitors.get(key)
        if visitor is None:
            visitor = visitors[key] = encode(_visitor(record, fields, kept))[1:]
        first = _Request(
            timestamp,
            _printable(record.request_id),
            _text(request.method) if request is not None else "",
            _path(request.path.path) if isinstance(request, Request) else "",
            _status(record),
            record.complete,
            record.sent,
            int((record.ended_s - record.began_s) * 1e6) / 1000,
            None if upstream_s is None else int(upstream_s * 1e6) / 1000,
            record.outcome,
        )
        lines.append(b"%b,%b\n" % (encode(first)[:-1], visitor))
    return lines


def _visitor(record: Finished, fields: Fields | None, kept: Keep) -> _Visitor:
    route, session = record.route, record.session
    return _Visitor(
        client=_printable(kept(record.client)),
        host="" if fields is None else fields.hostname,
        endpoint=None if route is None else route.endpoint.public_url,
        tunnel=None if route is None else route.endpoint.tunnel,
        user=None if session is None else session.user_id,
        session=None if session is None else session.id,
        user_agent="" if fields is None else _agent(fields.user_agent),
    )


def combined_lines(records: Sequence[Finished], zero_ms: int, kept: Keep) -> list[bytes]:
    """As ``json_lines``, in the combined format; the referrer may hold a query, so it is always ``-``."""
    return [
        _combined_line(record, (zero_ms + int(record.ended_s * 1000)) // 1000, kept) for record in records
    ]


LINES_OF: Mapping[LineFormat, Callable[[Sequence[Finished], int, Keep], list[bytes]]] = {
    "json": json_lines,
    "combined": combined_lines,
}


def _combined_line(record: Finished, ended_at_s: int, kept: Keep) -> bytes:
    request, session = record.request, record.session
    asked = agent = "-"
    if isinstance(request, Request):
        version = "1.0" if request.fields.http10 else "1.1"
        asked = f"{_text(request.method)} {_coded_path(_path(request.path.path))} HTTP/{version}"
        agent = _quoted_agent(request.fields.user_agent)
    user = "-" if session is None else _field(session.user_id)
    return (
        f"{_field(kept(record.client))} - {user} [{_combined_second(ended_at_s)}]"
        f' "{asked}" {_status(record)} {record.sent} "-" "{agent}"\n'
    ).encode()


def _status(record: Finished) -> int:
    """The status of the answer; without one, whose fault that was."""
    if record.status:
        return record.status
    return BROKEN if record.outcome == "failed" else GONE


def _path(path: str) -> str:
    return _cut(_printable(path[: _LONGEST_PATH + 1]), _LONGEST_PATH)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[:longest] + "…"


def _coded_path(path: str) -> str:
    """``path`` as it may stand in a request line between quotes."""
    return path if _PLAIN_PATH.fullmatch(path) else quote(path, safe="/!#$%&'()*+,:;=?@[]~")


def _quoted_agent(raw: bytes) -> str:
    """As servers write it between quotes, with both quotes and backslashes escaped."""
    return _agent(raw).translate(_QUOTED) if raw else "-"


def _agent(raw: bytes) -> str:
    return _cut(_text(raw[: _LONGEST_AGENT + 1]), _LONGEST_AGENT)


@lru_cache(maxsize=1024)
def _text(raw: bytes) -> str:
    return _printable(raw.decode("utf-8", errors="backslashreplace"))


def _printable(text: str) -> str:
    """``text``, where it cannot be printed whole as ASCII with escapes: nothing in it moves a cursor."""
    return text if text.isprintable() else text.encode("unicode_escape").decode("ascii")


@lru_cache(maxsize=1024)
def _field(text: str) -> str:
    """``text`` as a field between blanks."""
    return quote(_printable(text), safe=":[]%_") or "-"


@lru_cache(maxsize=4)
def _iso_second(unix_s: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(unix_s))


@lru_cache(maxsize=4)
def _combined_second(unix_s: int) -> str:
    """As servers write it whatever the locale."""
    at = time.gmtime(unix_s)
    return f"{at.tm_mday:02d}/{_MONTHS[at.tm_mon - 1]}/{at.tm_year}:{time.strftime('%H:%M:%S', at)} +0000"
