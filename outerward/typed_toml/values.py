"""The texts that stand for values: durations, sizes, and the files where a secret or certificates are kept.

Each function raises ValueError in words that fit behind a key path; a secret's value is never among them.
"""

import re
import ssl
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from outerward.plain_text import printable, printable_path

_DURATION = re.compile(r"([0-9]{1,9})(ms|s|m|h|d)")
_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_LONGEST = timedelta(days=36_500)
_SIZE = re.compile(r"([0-9]{1,12})([kmg]?)", re.IGNORECASE)
_FACTORS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LARGEST_SECRET = 64 * 1024
_LARGEST_CERTIFICATES = 1024 * 1024
_LARGEST_DOCUMENT = 10 * 1024 * 1024
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


def duration(text: str) -> timedelta:
    """``500ms 90s 15m 12h 30d`` or ``0`` as a time span."""
    if text == "0":
        return timedelta(0)
    match = _DURATION.fullmatch(text)
    if not match:
        raise ValueError("must be a duration such as 500ms, 90s, 15m, 12h or 30d")
    span = int(match[1]) * _UNITS[match[2]]
    if span > _LONGEST:
        raise ValueError("is too long a duration")
    return span


def size(text: str) -> int:
    """``512``, ``32k``, ``10m`` or ``1g`` in bytes; a k is 1024."""
    match = _SIZE.fullmatch(text)
    if not match:
        raise ValueError("must be a size such as 32k, 10m or a number of bytes")
    return int(match[1]) * _FACTORS[match[2].lower()]


def read_secret_file(path: Path) -> str:
    """The text of a file that holds one secret, without the line's end."""
    content = _content(path, _LARGEST_SECRET, "a secret")
    try:
        secret = content.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError(f"{printable_path(path)} is not UTF-8") from None
    if not secret:
        raise ValueError(f"{printable_path(path)} is empty")
    return secret


def certificates(text: str) -> str:
    """The certificates in the PEM file ``text``, one after the other and nothing else of it (RFC 7468 §5)."""
    path = Path(text)
    return _certificates(_content(path, _LARGEST_CERTIFICATES, "certificates"), f"{printable_path(path)} ")


def certificates_in(pem: str) -> str:
    """The same of a text that holds them itself."""
    return _certificates(pem.encode("utf-8", "replace"), "")


def _certificates(content: bytes, whose: str) -> str:
    found = b"\n".join(_CERTIFICATE.findall(content)).decode("ascii")
    if not found:
        raise ValueError(f"{whose}holds no certificate in PEM form")
    try:
        ssl.create_default_context(cadata=found)
    except ssl.SSLError as error:
        raise ValueError(f"{whose}holds a certificate that cannot be read") from error
    return found


def readable(text: str) -> str:
    """The path ``text``, of a file that can be read now; its content is for later."""
    path = Path(text)
    _content(path, _LARGEST_DOCUMENT, "a document")
    return text


def _content(path: Path, largest: int, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except OSError as error:
        raise ValueError(f"{printable_path(path)} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"{printable_path(path)} is no file's name") from error
    if len(content) > largest:
        raise ValueError(f"{printable_path(path)} is too large for {what}")
    return content


def secret(text: str, environ: Mapping[str, str], folder: Path) -> str:
    """A secret as it is, or from where ``env:NAME`` or ``file:/path`` says; paths start at ``folder``."""
    if text.startswith("env:"):
        return _variable(text.removeprefix("env:"), environ)
    if text.startswith("file:"):
        return read_secret_file(folder / text.removeprefix("file:"))
    if not text:
        raise ValueError("is empty")
    return text


def _variable(name: str, environ: Mapping[str, str]) -> str:
    if not _VARIABLE.fullmatch(name):
        raise ValueError("env: is not followed by the name of an environment variable")
    value = environ.get(name, "")
    if not value:
        raise ValueError(f"the environment variable {printable(name)} is not set")
    if not is_unicode(value):
        raise ValueError(f"the environment variable {printable(name)} is not UTF-8")
    return value


def is_unicode(text: str) -> bool:
    """Whether ``text`` can be written as UTF-8; the environment may hold bytes that cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
