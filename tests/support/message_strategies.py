"""What hypothesis makes up for the differential tests: requests, answers, and ways to cut and damage them.

Each message knows what it means and the bytes that say it, so that a reader at the other end can be compared.
"""

import string
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import strategies as st

from tests.support.edge import HOST

MARK = "Z-"


@dataclass(frozen=True)
class Message:
    """A request as it is sent, and as it should arrive."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    framed: bytes
    framing: str

    def sent(self, cookie: str) -> bytes:
        """The bytes, for a visitor with ``cookie``."""
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {HOST}", f"Cookie: outerward={cookie}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += [self.framing] if self.framing else []
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + self.framed


@dataclass(frozen=True)
class Reply:
    """An answer as an upstream sends it, and as it should arrive. ``closes``: its end is the connection's."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes
    framed: bytes
    framing: str
    version: str
    interim: str

    @property
    def closes(self) -> bool:
        """Whether only the end of the connection tells where the body ends."""
        return not self.framing and self.status not in (204, 304)

    def sent(self, method: str) -> bytes:
        """The bytes that answer a request with ``method``."""
        lines = [f"HTTP/{self.version} {self.status} {self.reason}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += [self.framing] if self.framing else []
        head = (self.interim + "\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        return head + (b"" if method == "HEAD" else self.framed)

    def meant(self, method: str) -> bytes:
        """The body that a client should get."""
        return b"" if method == "HEAD" else self.body


_path_text = st.text(string.ascii_letters + string.digits + "-_~!$&'()*+,=:@", max_size=12)
_queries = st.text(string.ascii_letters + '/?%:@;=&.\\"<>{}|^`[]', max_size=12)
_targets = st.builds(lambda path, query: f"/x{path}{query and '?' + query}", _path_text, _queries)
_names = st.text(string.ascii_letters + string.digits + "!#$%&'*+.^_`|~", min_size=1, max_size=12)
_visible = st.characters(codec="latin-1", exclude_categories=["Cc"])
_values = st.text(_visible, max_size=20).map(str.strip)
headers = st.lists(st.tuples(_names.map(lambda name: MARK + name), _values), max_size=6)
"""Header lines that nobody on the way has a reason to touch."""

_extensions = st.sampled_from(["", ";a", ";a=b", ';a="b;c"', ";" + "x" * 100])


@st.composite
def _bodies(draw: st.DrawFn) -> tuple[bytes, bytes, str]:
    """A body, the bytes that carry it, and the line that frames it."""
    pieces = draw(st.lists(st.binary(min_size=1, max_size=40), max_size=5))
    body = b"".join(pieces)
    if not draw(st.booleans()):
        return body, body, f"Content-Length: {len(body)}" if body else ""
    framed = b""
    for piece in pieces:
        size = draw(st.sampled_from([b"%x", b"%X", b"00%x"])) % len(piece)
        framed += size + draw(_extensions).encode() + b"\r\n" + piece + b"\r\n"
    end = draw(st.sampled_from([b"0\r\n\r\n", b"000\r\n\r\n", b"0;x\r\nTrailer: x\r\nHost: evil\r\n\r\n"]))
    return body, framed + end, "Transfer-Encoding: chunked"


@st.composite
def messages(draw: st.DrawFn) -> Message:
    """A request that means one thing."""
    body, framed, framing = draw(_bodies())
    method = draw(st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"]))
    return Message(method, draw(_targets), draw(headers), body, framed, framing)


_INTERIM = ["", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\nZ-Not: 1\r\n\r\n"]
_reasons = st.text(string.ascii_letters + " '-", max_size=20).map(str.strip)


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """An answer that means one thing."""
    body, framed, framing = draw(_bodies())
    status = draw(st.sampled_from([200, 200, 201, 204, 206, 299, 301, 304, 400, 404, 418, 500, 503, 599]))
    chunked = framing.startswith("Transfer")
    version = "1.1" if chunked else draw(st.sampled_from(["1.1", "1.0"]))
    interim = draw(st.sampled_from(_INTERIM)) * draw(st.integers(0, 3))
    if status in (204, 304):
        body, framed, framing = b"", b"", ""
    elif not body and not framing:
        framing = draw(st.sampled_from(["", "Content-Length: 0"]))
    elif not chunked and draw(st.integers(0, 3)) == 0:
        framing = ""
    return Reply(status, draw(_reasons), draw(headers), body, framed, framing, version, interim)


cuts = st.lists(st.floats(0, 1), max_size=6)
"""Where to cut bytes into pieces."""


def pieces_of(data: bytes, at: list[float]) -> list[bytes]:
    """``data`` cut ``at`` these places, each a fraction of its length."""
    places = [0, *sorted(int(each * len(data)) for each in at), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


_SPLICED = [
    *(b"\r\n", b"\n", b"\r", b" ", b"\t", b"\0", b":", b";", b"\xff", b"%2f", b"..", b"0\r\n\r\n"),
    b"Content-Length: 5\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"X-Forwarded-User: root\r\n",
    b"Host: evil\r\n",
    b"GET / HTTP/1.1\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0",
    b"Connection: close\r\n",
    b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
    b"Expect: x\r\n",
    b"Set-Cookie: outerward=evil\r\n",
]
_splices = st.one_of(st.sampled_from(_SPLICED), st.binary(max_size=3))
damage = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 3), _splices), max_size=3)
"""Blows: where, how many bytes are lost there, and what comes in their place."""


def damaged(data: bytes, blows: list[tuple[float, int, bytes]]) -> bytes:
    """``data`` after ``blows``."""
    for place, cut, put in blows:
        where = int(place * len(data))
        data = data[:where] + put + data[where + cut :]
    return data
