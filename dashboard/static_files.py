"""The files that pages load: read once, named by a hash over all of them, without comments, compressed once.

An address with the hash never means anything else, so browsers keep it for good; a name that was not read at
the start leads nowhere, whatever it spells. Knows no page and nobody who is signed in.
"""

import gzip
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources.abc import Traversable

from aiohttp import web

from dashboard.modules import needed

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_FIRST_MODULE = "main.js"
_VENDORED = "vendor/"
_COMMENT = re.compile(rb"^[ \t]*(?://.*|/\*\*(?:[^*]|\*(?!/))*\*/)$", re.MULTILINE)
"""What stands on lines of its own; nothing else in a module of ours looks like that."""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file; ``compressed`` is empty where gzip makes it no smaller."""

    media_type: str
    content: bytes
    compressed: bytes


class StaticFiles:
    """All files of the pages by their names, ``/`` between folders."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        """Raises KeyError for a file of a type that browsers are not told."""
        sent = {name: _sent(name, content) for name, content in sorted(contents.items())}
        self._files = {name: _file(name, content) for name, content in sent.items()}
        self._sources = {name: text.decode() for name, text in sent.items() if name.endswith(".js")}
        self.hash = _hash(sent)

    def modules(self, page: str) -> tuple[str, ...]:
        """The modules that ``page`` needs in all. Raises NoSuchModule."""
        return needed([_FIRST_MODULE, f"pages/{page}.js"], self._sources)

    def answer(self, name: str, accept_encoding: str) -> web.Response | None:
        """The file ``name`` in the form that the client takes; None where there is none."""
        file = self._files.get(name)
        if file is None:
            return None
        headers = {
            "Content-Type": file.media_type,
            "Cache-Control": "public, max-age=31536000, immutable",
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
        }
        if not file.compressed:
            return web.Response(body=file.content, headers=headers)
        headers["Vary"] = "Accept-Encoding"
        if not takes_gzip(accept_encoding):
            return web.Response(body=file.content, headers=headers)
        headers["Content-Encoding"] = "gzip"
        return web.Response(body=file.compressed, headers=headers)


def read_tree(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, bytes]]:
    """Every file below ``folder`` with its name."""
    for each in folder.iterdir():
        if each.is_dir():
            yield from read_tree(each, f"{prefix}{each.name}/")
        else:
            yield prefix + each.name, each.read_bytes()


def takes_gzip(accept_encoding: str) -> bool:
    """Whether an ``Accept-Encoding`` field names gzip and does not refuse it (RFC 9110 §12.5.3)."""
    for part in accept_encoding.split(","):
        coding, *parameters = (word.strip().lower() for word in part.split(";"))
        if coding in {"gzip", "x-gzip"}:
            return not any(_is_zero(parameter) for parameter in parameters)
    return False


def _is_zero(parameter: str) -> bool:
    name, _, weight = parameter.partition("=")
    return name.strip() == "q" and not weight.strip().strip("0.")


def without_comments(source: bytes) -> bytes:
    """A module of ours without them, a sixth of what is sent; every line stays where it was."""
    return _COMMENT.sub(lambda comment: b"\n" * comment[0].count(b"\n"), source)


def _sent(name: str, content: bytes) -> bytes:
    is_ours = name.endswith(".js") and not name.startswith(_VENDORED)
    return without_comments(content) if is_ours else content


def _file(name: str, content: bytes) -> StaticFile:
    compressed = gzip.compress(content, 9, mtime=0)
    smaller = compressed if len(compressed) < len(content) else b""
    return StaticFile(_TYPES[name.rpartition(".")[2]], content, smaller)


def _hash(contents: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in contents.items():
        digest.update(b"%b\0%d\0%b" % (name.encode(), len(content), content))
    return digest.hexdigest()[:16]
