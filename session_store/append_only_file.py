"""How an append-only file ends: whole, cut short in its last command, or damaged.

The server itself drops whatever follows the first thing it cannot finish reading, so one wrong length in the
middle would cost every later write without a word. This walk tells the two apart. It opens no file and knows
no key: it reads the framing alone (RESP arrays of bulk strings, transactions between MULTI and EXEC).
"""

import re
from dataclasses import dataclass
from enum import Enum
from mmap import mmap

_LONGEST_NUMBER = 12
_LONGEST_ARGUMENT = 512 * 1024 * 1024
_UNREAD_REST = 4096
_COMMAND_START = re.compile(rb"\r\n\*[0-9]+\r\n\$[0-9]+\r\n")


class End(Enum):
    """What follows the last complete command."""

    WHOLE = "whole"
    CUT = "cut"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a file: ``whole`` bytes of complete commands, then nothing, a cut command, or damage.

    ``announced`` is the size of the file with the cut command complete, where its lengths are all there.
    """

    end: End
    whole: int
    announced: int | None = None

    def explains(self, size: int, recorded: int) -> bool:
        """Whether a file of ``size`` bytes that once had ``recorded`` lost nothing but its last command."""
        if self.end is End.WHOLE:
            return size >= recorded
        if self.end is End.CUT:
            return recorded <= (size + _UNREAD_REST if self.announced is None else self.announced)
        return False


class _CutShortError(Exception):
    def __init__(self, announced: int | None = None) -> None:
        self.announced = announced


class _DamagedError(Exception):
    pass


def examine(data: bytes | mmap) -> Tail:
    """Walk ``data`` from its first byte and say how it ends."""
    position = whole = 0
    in_transaction = False
    size = len(data)
    while position < size:
        try:
            end, name = _command(data, position)
        except _DamagedError:
            return Tail(End.DAMAGED, whole)
        except _CutShortError as cut:
            if _COMMAND_START.search(data, position):
                return Tail(End.DAMAGED, whole)
            return Tail(End.CUT, whole, None if in_transaction else cut.announced)
        position = end
        in_transaction = name == b"MULTI" or (in_transaction and name != b"EXEC")
        if not in_transaction:
            whole = position
    return Tail(End.CUT if in_transaction else End.WHOLE, whole)


def _command(data: bytes | mmap, position: int) -> tuple[int, bytes]:
    """Where the command at ``position`` ends, and its name in capitals."""
    count, position = _number(data, position, b"*")
    if count == 0:
        raise _DamagedError
    name = b""
    for index in range(count):
        length, position = _number(data, position, b"$")
        end = position + length
        if length > _LONGEST_ARGUMENT or not b"\r\n".startswith(data[end : end + 2]):
            raise _DamagedError
        if end + 2 > len(data):
            raise _CutShortError(end + 2 if index == count - 1 else None)
        if index == 0:
            name = data[position:end].upper()
        position = end + 2
    return position, name


def _number(data: bytes | mmap, position: int, mark: bytes) -> tuple[int, int]:
    """The number in the line at ``position`` that begins with ``mark``, and where the next line begins."""
    line = data[position : position + _LONGEST_NUMBER]
    digits, found, _ = line[1:].partition(b"\r\n")
    if not mark.startswith(line[:1]):
        raise _DamagedError
    if found and digits.isdigit():
        return int(digits), position + 1 + len(digits) + 2
    at_end = position + len(line) == len(data)
    if at_end and (not digits or digits.removesuffix(b"\r").isdigit()) and not found:
        raise _CutShortError
    raise _DamagedError
