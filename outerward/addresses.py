"""Hostnames, listeners, URLs and path prefixes: checked, and in the one form that the rest compares.

Each function raises ValueError in words that fit behind a key path. A URL may carry a password where it
should not, so none of the messages repeats one.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import SplitResult, urlsplit

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_SEGMENT = re.compile(r"[A-Za-z0-9._~!$&'()*+,=:@-]+")
_BLANK = re.compile(r"[\x00-\x20\x7f\\]")
DEFAULT_PORTS = {"http": 80, "https": 443}
_LONGEST_SOCKET_PATH = 107
_RESERVED = "/.outerward"


@dataclass(frozen=True)
class Origin:
    """Scheme, hostname and port of a public URL; as text without a port that the scheme implies."""

    scheme: str
    hostname: str
    port: int

    def __str__(self) -> str:
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.hostname}{port}"

    @property
    def secure(self) -> bool:
        """Whether cookies of this origin carry Secure."""
        return self.scheme == "https"


def canonical_hostname(text: str) -> str:
    """A hostname in lower case and ASCII form, without a dot at its end; an IPv6 address in brackets."""
    if "*" in text:
        raise ValueError("must be one hostname; wildcards are not available in this version")
    address = _ip_address(text)
    if address is not None:
        return f"[{address}]" if address.version == 6 else str(address)
    if re.search(r":[0-9]*$", text) or "/" in text:
        raise ValueError("must be a hostname alone, without scheme, port or path")
    name = _ascii(text.removesuffix(".")).lower()
    labels = name.split(".")
    if (
        len(name) > 253
        or _NUMBER.fullmatch(labels[-1])
        or not all(_LABEL.fullmatch(label) for label in labels)
    ):
        raise ValueError("is not a valid hostname")
    return name


def is_ip_address(hostname: str) -> bool:
    """Whether a canonical hostname is an address; one of IPv6 stands in brackets."""
    return _ip_address(hostname) is not None


def _ip_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id is not None:
        raise ValueError("must not carry an interface (%)")
    return address


def _ascii(name: str) -> str:
    """IDNA (RFC 3490); where the newer rules could read a name differently, its ASCII form is asked for."""
    if name.isascii():
        return name
    try:
        encoded = name.encode("idna")
        if encoded.decode("idna") == name.lower():
            return encoded.decode("ascii")
    except UnicodeError:
        pass
    raise ValueError("is not a valid hostname; write it in its ASCII form (xn--…)")


def is_local(hostname: str) -> bool:
    """Whether a canonical hostname is a localhost name or a loopback address (RFC 6761 §6.3)."""
    if hostname == "localhost" or hostname.endswith(".localhost"):
        return True
    address = _ip_address(hostname)
    return address is not None and address.is_loopback


def listen_address(text: str) -> tuple[str, int]:
    """``HOST:PORT`` as host (IPv6 without brackets) and port; port 0 asks for a free one."""
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or len(port) > 5 or int(port) > 65535:
        raise ValueError("must be HOST:PORT, such as 127.0.0.1:4180, 0.0.0.0:4180 or [::1]:4180")
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        raise ValueError("an IPv6 address must be in brackets, such as [::1]:4180")
    return canonical_hostname(host).strip("[]"), int(port)


def listeners_meet(one: tuple[str, int], other: tuple[str, int]) -> bool:
    """Whether two listeners would take each other's connections."""
    wildcards = {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    return one[1] == other[1] != 0 and (one[0] == other[0] or one[0] in wildcards or other[0] in wildcards)


def path_prefix(text: str) -> str:
    """A route's prefix: begins with ``/``, ends without one; ``/`` alone is the whole host."""
    if not text.startswith("/"):
        raise ValueError("must begin with /")
    if text == "/":
        return text
    if text.endswith("/"):
        raise ValueError("must not end with /")
    segments = text[1:].split("/")
    if any(segment in ("", ".", "..") or not _SEGMENT.fullmatch(segment) for segment in segments):
        raise ValueError("must be a plain path: no empty or dot segments, no %, ;, \\, ?, # and no blanks")
    if (text + "/").startswith(_RESERVED + "/"):
        raise ValueError(f"{_RESERVED} is reserved")
    return text


def socket_path(path: str) -> str:
    """The absolute path of a unix socket."""
    if not path.startswith("/") or "\0" in path:
        raise ValueError("unix: must be followed by the absolute path of a socket")
    if len(path.encode("utf-8")) > _LONGEST_SOCKET_PATH:
        raise ValueError(f"the path of a socket may be {_LONGEST_SOCKET_PATH} bytes long")
    return path


def public_url(text: str) -> tuple[Origin, str]:
    """The origin of a public URL and its path without a slash at the end."""
    parts = split_url(text, ("http", "https"), "")
    origin = Origin(
        parts.scheme, canonical_hostname(parts.hostname or ""), parts.port or DEFAULT_PORTS[parts.scheme]
    )
    return origin, parts.path.rstrip("/")


def plain_url(text: str) -> Origin:
    """The origin of a URL that has no path."""
    origin, path = public_url(text)
    if path:
        raise ValueError("must not have a path")
    return origin


class ListenerSettings(Protocol):
    """The settings of a listener that may be known under another address."""

    @property
    def listen(self) -> str:
        """``HOST:PORT``."""

    @property
    def public_url(self) -> str | None:
        """The other address, if there is one."""


def admin_url(admin: ListenerSettings, port: int) -> str:
    """The public URL of the admin API: the configured one, else its listener's with the real ``port``."""
    return listener_url(admin.listen, port) if admin.public_url is None else str(plain_url(admin.public_url))


def listener_url(listen: str, port: int) -> str:
    """Where the listener ``HOST:PORT`` is reached from this machine, with its real ``port``."""
    host, _ = listen_address(listen)
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - never bound
    return f"http://[{reached}]:{port}" if ":" in reached else f"http://{reached}:{port}"


def store_url(text: str) -> None:
    """Checks that ``text`` is a store that this version can use."""
    scheme = text.partition(":")[0]
    if scheme in ("redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"):
        raise ValueError(f"{scheme}:// is not available in this version")
    if text == "embedded":
        return
    if text.startswith("unix://"):
        socket_path(text.removeprefix("unix://").partition("?")[0])
        return
    if scheme not in ("redis", "rediss") or "://" not in text:
        raise ValueError("must be embedded, redis://HOST:PORT, rediss://HOST:PORT or unix:///path")
    parts = _parts(text)
    if not parts.hostname or not re.fullmatch(r"(/[0-9]{0,4})?", parts.path) or "?" in text or "#" in text:
        raise ValueError(f"must be {scheme}://[USER:PASSWORD@]HOST[:PORT][/DATABASE]")


def split_url(text: str, schemes: tuple[str, ...], also: str) -> SplitResult:
    """A URL of an origin, perhaps with a path; anything more is refused."""
    parts = _parts(text)
    if parts.scheme not in schemes or not text[len(parts.scheme) :].startswith("://"):
        raise ValueError(f"must begin with {' or '.join(f'{scheme}://' for scheme in schemes)}{also}")
    if "@" in parts.netloc:
        raise ValueError("must not carry a user name or password")
    if not parts.hostname:
        raise ValueError("has no hostname")
    if "?" in text or "#" in text:
        raise ValueError("must have neither query nor fragment")
    return parts


def _parts(text: str) -> SplitResult:
    if _BLANK.search(text):
        raise ValueError("has blanks, backslashes or control characters")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("is not a valid URL") from None
    if port == 0:
        raise ValueError("has port 0")
    return parts
