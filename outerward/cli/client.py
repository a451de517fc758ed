"""A small client of the admin API: one request, one connection, one answer.

Errors come out as sentences with the exit code they mean. The token goes to the address asked for and to no
other: redirects are not followed, and of the API's next-page links only the path is used.
"""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec

from outerward.addresses import Origin
from outerward.cli.target import Target
from outerward.errors import OuterwardError, Unreachable
from outerward.plain_text import printable

T = TypeVar("T")
Row = dict[str, Any]
"""One object of the API, as it came."""

TIMEOUT_S = 10.0
LARGEST_PAGE = 100
_LARGEST_ANSWER = 16 * 1024 * 1024


class AdminClient:
    """Talks to the API at ``target``."""

    def __init__(self, target: Target, timeout_s: float = TIMEOUT_S) -> None:
        self._target = target
        self._timeout_s = timeout_s

    def get(self, path: str, kind: type[T], what: str) -> T:
        """The object at ``path``; ``what`` names it in a message. Raises OuterwardError."""
        return self._decoded(self._ask("GET", path, None, what), kind)

    def post(self, path: str, body: Row, kind: type[T], what: str) -> T:
        """What was made at ``path`` of ``body``. Raises OuterwardError."""
        return self._decoded(self._ask("POST", path, body, what), kind)

    def delete(self, path: str, what: str) -> None:
        """Delete what is at ``path``. Raises OuterwardError."""
        self._ask("DELETE", path, None, what)

    def rows(self, path: str, member: str, limit: int | None) -> Iterator[Row]:
        """The rows of all pages of a list, the newest first, at most ``limit``."""
        left = limit
        page: str | None = f"{path}?limit={LARGEST_PAGE if left is None else min(left, LARGEST_PAGE)}"
        seen: set[str] = set()
        while page is not None:
            seen.add(page)
            answer = self.get(page, dict[str, Any], path)
            rows, page = self._page(answer, member)
            yield from rows if left is None else rows[:left]
            left = None if left is None else left - len(rows)
            if page in seen or (left is not None and left <= 0):
                return

    def status(self, path: str) -> tuple[int, bytes]:
        """Status and body of ``path``, whatever they are. Raises Unreachable."""
        return self._exchange("GET", path, None)

    def _page(self, answer: Row, member: str) -> tuple[list[Row], str | None]:
        rows, uri = answer.get(member), answer.get("next_page_uri")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self._not_the_api()
        if uri is None:
            return rows, None
        path = _path_of(uri) if isinstance(uri, str) else ""
        if not path.startswith("/"):
            raise self._not_the_api()
        return rows, path

    def _ask(self, method: str, path: str, body: Row | None, what: str) -> bytes:
        status, answer = self._exchange(method, path, body)
        if 200 <= status < 300:
            return answer
        raise _refusal(status, _message(answer), what)

    def _decoded(self, answer: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer, type=kind)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise self._not_the_api() from None

    def _not_the_api(self) -> OuterwardError:
        return OuterwardError(f"what answers at {self._target.origin} is not the admin API")

    def _exchange(self, method: str, path: str, body: Row | None) -> tuple[int, bytes]:
        connection = _connection(self._target.origin, self._timeout_s)
        headers = {"Accept": "application/json", "User-Agent": "outerward"}
        if self._target.token:
            headers["Authorization"] = f"Bearer {self._target.token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            answer = response.read(_LARGEST_ANSWER + 1)
            if response.length and len(answer) <= _LARGEST_ANSWER:
                raise http.client.IncompleteRead(answer)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(
                f"the admin API at {self._target.origin} cannot be reached: {_reason(error)}"
            ) from None
        finally:
            connection.close()
        if len(answer) > _LARGEST_ANSWER:
            raise self._not_the_api()
        return response.status, answer


class _Plain(http.client.HTTPConnection):
    """HTTP; ``localhost`` and ``*.localhost`` are this machine, resolver or not (RFC 6761 §6.3)."""

    def connect(self) -> None:
        """Open the connection."""
        self.sock = _open(self.host, self.port, self.timeout)


class _Encrypted(http.client.HTTPSConnection):
    """The same over TLS, with the certificate checked against the system's authorities."""

    def connect(self) -> None:
        """Open the connection."""
        plain = _open(self.host, self.port, self.timeout)
        self.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=self.host)


def _connection(origin: Origin, timeout_s: float) -> http.client.HTTPConnection:
    kind = _Encrypted if origin.secure else _Plain
    return kind(origin.hostname.strip("[]"), origin.port, timeout=timeout_s)


def _open(host: str, port: int, timeout_s: float | None) -> socket.socket:
    if host != "localhost" and not host.endswith(".localhost"):
        return socket.create_connection((host, port), timeout_s)
    try:
        return socket.create_connection(("127.0.0.1", port), timeout_s)
    except OSError:
        return socket.create_connection(("::1", port), timeout_s)


def _path_of(uri: str) -> str:
    """Path and query of ``uri``; "" where it is none."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return ""
    return f"{parts.path}?{parts.query}"


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, OSError) and error.strerror:
        return printable(error.strerror)
    return (
        "the answer is not HTTP" if isinstance(error, http.client.HTTPException) else "the connection failed"
    )


def _message(answer: bytes) -> str:
    """The sentence of the API's error envelope, where there is one."""
    try:
        envelope = msgspec.json.decode(answer)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return ""
    message = envelope.get("msg") if isinstance(envelope, dict) else None
    return printable(message, 300) if isinstance(message, str) else ""


def _refusal(status: int, message: str, what: str) -> OuterwardError:
    said = f": {message}" if message else ""
    match status:
        case 401:
            return OuterwardError(f"the API does not accept the token (401){said}")
        case 403:
            return OuterwardError(f"the token may not do this (403){said}")
        case 404:
            return OuterwardError(f"there is no {what} (404)")
        case 429:
            return OuterwardError(f"the API refuses further attempts for a moment (429){said}")
        case 503:
            return Unreachable(f"the API cannot serve this now (503){said}")
        case _:
            return OuterwardError(f"the API answered {status}{said}")
