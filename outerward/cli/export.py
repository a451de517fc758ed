"""``export``: the API's own files, to a file or to stdout, as they come.

A file appears under its name once it is whole; what breaks off in the middle leaves none.
"""

import http.client
import os
import sys
import tempfile
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

import click

from outerward.cli.client import AdminClient
from outerward.errors import OuterwardError
from outerward.plain_text import printable, printable_path

P = ParamSpec("P")
R = TypeVar("R")
Write = Callable[[bytes], object]

SILENCE_S = 30.0
"""The longest wait for the next part of a file."""

_AT_ONCE = 64 * 1024


def output_option(command: Callable[P, R]) -> Callable[P, R]:
    """``-o FILE``."""
    return click.option(
        "-o",
        "--output",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Write to this file, with mode 0600, once all of it is there; else to stdout.",
    )(command)


def downloaded(client: AdminClient, path: str, what: str) -> Iterator[bytes]:
    """What is at ``path`` of the API, part by part. Raises OuterwardError."""
    with client.stream(path, what, timeout_s=SILENCE_S, headers={"Accept": "*/*"}) as stream:
        while True:
            with client.breaks():
                part = _read(stream.response)
            if not part:
                return
            yield part


def save(parts: Iterable[bytes], output: Path | None) -> None:
    """Write ``parts`` to ``output``, or to stdout. Raises OuterwardError, also where it cannot be written."""
    with _destination(output) as write:
        for part in parts:
            write(part)


class CsvRecords:
    """Counts records of CSV, part by part: an end of line between quotes ends none (RFC 4180 §2.6)."""

    def __init__(self) -> None:
        self.count = 0
        self._is_quoted = False

    def through(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        """``parts``, counted as they pass."""
        for part in parts:
            for place, text in enumerate(part.split(b'"')):
                self._is_quoted ^= place > 0
                self.count += 0 if self._is_quoted else text.count(b"\n")
            yield part


@contextmanager
def _destination(output: Path | None) -> Iterator[Write]:
    if output is None:
        yield _to_stdout()
        sys.stdout.flush()
        return
    try:
        with _device(output) if output.exists() and not output.is_file() else _file(output.resolve()) as file:
            yield file.write
    except OSError as error:
        why = printable(error.strerror or "it cannot be written")
        raise OuterwardError(f"{printable_path(output)}: {why}") from None


def _read(response: http.client.HTTPResponse) -> bytes:
    part = response.read1(_AT_ONCE) if response.chunked else response.read(_AT_ONCE)
    if not part and response.length:
        raise http.client.IncompleteRead(part)
    return part


def _to_stdout() -> Write:
    if not sys.stdout.isatty():
        return lambda part: click.echo(part, nl=False)
    decode = getincrementaldecoder("utf-8")("backslashreplace").decode

    def write(part: bytes) -> None:
        # A person's screen: nothing of what is kept acts on it.
        lines = decode(part).replace("\r\n", "\n").split("\n")
        click.echo("\n".join(printable(line, len(line) + 1) for line in lines), nl=False)

    return write


def _device(output: Path) -> BinaryIO:
    """A pipe or the like, which is written and never replaced."""
    return output.open("wb")


@contextmanager
def _file(output: Path) -> Iterator[BinaryIO]:
    number, name = tempfile.mkstemp(prefix=f".{output.name}-", dir=output.parent)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
        Path(name).replace(output)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()
