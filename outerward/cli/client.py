"""A small client of the admin API: one call after the other on one connection, and streams on their own.

Errors come out as sentences with the exit code they mean. The token goes to the address asked for and to no
other: redirects are not followed, and of the API's next-page links only the path is used.
"""

import http.client
import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from outerward.cli.connection import connection_to, reason_of, was_left
from outerward.cli.refusals import is_of_the_api, refusal
from outerward.cli.target import Target
from outerward.errors import OuterwardError, Unreachable

T = TypeVar("T")
Row = dict[str, Any]
"""One object of the API, as it came."""

TIMEOUT_S = 10.0
LARGEST_PAGE = 100
_LARGEST_ANSWER = 16 * 1024 * 1024
_LARGEST_REFUSAL = 64 * 1024
_BROKEN = (OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Stream:
    """An answer that is read as it comes."""

    response: http.client.HTTPResponse
    _socket: socket.socket

    def cut(self) -> None:
        """End it, for whoever waits for more of it in another thread."""
        with suppress(OSError):
            # Not the method of a TLS socket, which would take the encryption from under the reader.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


class AdminClient:
    """Talks to the API at ``target``. Close it."""

    def __init__(self, target: Target, timeout_s: float = TIMEOUT_S) -> None:
        self._target = target
        self._connection = connection_to(target.origin, timeout_s)

    def get(self, path: str, kind: type[T], what: str) -> T:
        """The object at ``path``; ``what`` names it in a message. Raises OuterwardError."""
        return self._decoded(self._ask("GET", path, None, what), kind)

    def post(self, path: str, body: Row, kind: type[T], what: str) -> T:
        """What came of ``body`` at ``path``. Raises OuterwardError."""
        return self._decoded(self._ask("POST", path, body, what), kind)

    def put(self, path: str, body: Row, kind: type[T], what: str) -> T:
        """What is at ``path`` now that ``body`` was put there. Raises OuterwardError."""
        return self._decoded(self._ask("PUT", path, body, what), kind)

    def delete(self, path: str, what: str) -> None:
        """Delete what is at ``path``. Raises OuterwardError."""
        self._ask("DELETE", path, None, what)

    def rows(
        self,
        path: str,
        member: str,
        limit: int | None,
        query: Mapping[str, str] | None = None,
        *,
        what: str = "such list",
    ) -> Iterator[Row]:
        """The rows of all pages of a list, the newest first, at most ``limit``.

        ``what`` names in a message what may be missing. Raises OuterwardError.
        """
        left = limit
        at_once = LARGEST_PAGE if left is None else min(left, LARGEST_PAGE)
        page: str | None = with_query(path, {"limit": str(at_once), **(query or {})})
        seen: set[str] = set()
        while page is not None:
            seen.add(page)
            answer = self.get(page, dict[str, Any], what)
            rows, page = self._page(answer, member)
            yield from rows if left is None else rows[:left]
            left = None if left is None else left - len(rows)
            if page in seen or (left is not None and left <= 0):
                return

    def status(self, path: str) -> tuple[int, bytes]:
        """Status and body of ``path``, whatever they are. Raises Unreachable."""
        return self._exchange("GET", path, None)

    @contextmanager
    def stream(
        self, path: str, what: str, *, timeout_s: float, headers: Mapping[str, str]
    ) -> Iterator[Stream]:
        """The answer to a GET of ``path`` as it comes, on a connection of its own.

        ``timeout_s`` is the longest silence. Raises OuterwardError; inside, reading may raise what
        ``breaks`` turns into words.
        """
        connection = connection_to(self._target.origin, timeout_s)
        try:
            with self.breaks():
                connection.request("GET", path, headers={**self._headers(), **headers})
                # Whoever reads to the end of the connection gets it from http.client for good.
                beneath = connection.sock
                response = connection.getresponse()
                if response.status != 200:
                    raise self._refusal(response.status, response.read(_LARGEST_REFUSAL), what)
            with response:
                yield Stream(response, beneath)
        finally:
            connection.close()

    @contextmanager
    def breaks(self) -> Iterator[None]:
        """Whatever breaks a connection is Unreachable."""
        try:
            yield
        except _BROKEN as error:
            raise Unreachable(
                f"the admin API at {self._target.origin} cannot be reached: {reason_of(error)}"
            ) from None

    def close(self) -> None:
        """Leave the connection."""
        self._connection.close()

    def not_the_api(self) -> OuterwardError:
        """The error for an answer that the API never gives."""
        return OuterwardError(f"what answers at {self._target.origin} is not the admin API")

    def _page(self, answer: Row, member: str) -> tuple[list[Row], str | None]:
        rows, uri = answer.get(member), answer.get("next_page_uri")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.not_the_api()
        if uri is None:
            return rows, None
        path = _path_of(uri) if isinstance(uri, str) else ""
        if not path.startswith("/"):
            raise self.not_the_api()
        return rows, path

    def _ask(self, method: str, path: str, body: Row | None, what: str) -> bytes:
        status, answer = self._exchange(method, path, body)
        if 200 <= status < 300:
            return answer
        raise self._refusal(status, answer, what)

    def _refusal(self, status: int, answer: bytes, what: str) -> OuterwardError:
        return refusal(status, answer, what) if is_of_the_api(status, answer) else self.not_the_api()

    def _decoded(self, answer: bytes, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(answer, type=kind)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise self.not_the_api() from None

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "User-Agent": "outerward"}
        if self._target.token:
            headers["Authorization"] = f"Bearer {self._target.token}"
        return headers

    def _exchange(self, method: str, path: str, body: Row | None) -> tuple[int, bytes]:
        if was_left(self._connection):
            self._connection.close()
        try:
            with self.breaks():
                return self._one_exchange(method, path, body)
        except BaseException:
            # What is left of an answer would be read as the next one's.
            self._connection.close()
            raise

    def _one_exchange(self, method: str, path: str, body: Row | None) -> tuple[int, bytes]:
        headers = self._headers()
        if body is not None:
            headers["Content-Type"] = "application/json"
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = self._connection.getresponse()
        answer = response.read(_LARGEST_ANSWER + 1)
        if len(answer) > _LARGEST_ANSWER:
            raise self.not_the_api()
        if response.length:
            raise http.client.IncompleteRead(answer)
        return response.status, answer


def with_query(path: str, query: Mapping[str, str]) -> str:
    """``path`` with parameters."""
    return f"{path}?{urlencode(query)}" if query else path


def _path_of(uri: str) -> str:
    """Path and query of ``uri``; "" where it is none."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return ""
    return f"{parts.path}?{parts.query}"
