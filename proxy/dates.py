"""The ``Date`` line of an answer, made once a second (RFC 9110 §5.6.7, §6.6.1)."""

from email.utils import formatdate
from functools import lru_cache


def date_line(now_ms: int) -> bytes:
    """The line, with its end; ``now_ms`` is Unix time."""
    return _of_second(now_ms // 1000)


@lru_cache(maxsize=2)
def _of_second(second: int) -> bytes:
    return b"Date: %b\r\n" % formatdate(second, usegmt=True).encode()
