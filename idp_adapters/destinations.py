"""Where a provider's URLs may lead: https to public addresses, and nowhere else (SSRF).

Pure: judges URLs and addresses. Asks no resolver and opens no connection; the transport does, and connects
only to addresses that were judged here.
"""

import ipaddress
import re
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

import msgspec

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_URL_CHARACTERS = re.compile(r"[!-~]+")
_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?|[0-9a-f:.]*:[0-9a-f:.]*")
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)\.?")
"""What browsers read as an IPv4 address in one of its odd spellings (WHATWG URL §3.5)."""
_MAX_URL = 2000
_BRACKETED = re.compile(r"\[[0-9a-f:.]+\](?::[0-9]*)?")
_NEVER_PUBLIC = tuple(
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",  # this network, RFC 791 §3.2
        "10.0.0.0/8",  # private use, RFC 1918
        "100.64.0.0/10",  # shared by a carrier's customers, RFC 6598; Alibaba's metadata 100.100.100.200
        "127.0.0.0/8",  # loopback, RFC 1122 §3.2.1.3
        "168.63.129.16/32",  # Azure's platform and metadata, formally a public address
        "169.254.0.0/16",  # link-local, RFC 3927; metadata of most clouds
        "172.16.0.0/12",  # private use, RFC 1918
        "192.0.0.0/24",  # protocol assignments, RFC 6890 §2.1; Oracle's metadata 192.0.0.192
        "192.0.2.0/24",  # documentation, RFC 5737
        "192.88.99.0/24",  # relays of 6to4, RFC 7526
        "192.168.0.0/16",  # private use, RFC 1918
        "198.18.0.0/15",  # benchmarks, RFC 2544
        "198.51.100.0/24",  # documentation, RFC 5737
        "203.0.113.0/24",  # documentation, RFC 5737
        "224.0.0.0/4",  # multicast, RFC 5771
        "240.0.0.0/4",  # reserved and broadcast, RFC 1112 §4, RFC 919 §7
        "::/96",  # unspecified, loopback, IPv4-compatible, RFC 4291 §2.5
        "64:ff9b:1::/48",  # local NAT64, RFC 8215
        "100::/64",  # discard, RFC 6666
        "100:0:0:1::/64",  # dummy, RFC 9780
        "2001::/23",  # protocol assignments, Teredo among them, RFC 2928
        "2001:db8::/32",  # documentation, RFC 3849
        "3fff::/20",  # documentation, RFC 9637
        "5f00::/16",  # segment routing, RFC 9602
        "fc00::/7",  # unique local, RFC 4193; Amazon's and Google's metadata
        "fe80::/10",  # link-local, RFC 4291 §2.5.6
        "fec0::/10",  # site-local, RFC 3879
        "ff00::/8",  # multicast, RFC 4291 §2.7
    )
)
"""Never a provider's or a receiver's (IANA's special-purpose registries, RFC 6890), whatever Python says."""


class UrlError(ValueError):
    """A URL that a provider may not name; the message says why, without quoting it."""


class Destinations(msgspec.Struct, frozen=True):
    """What may be reached for one provider.

    ``own_host`` is the host of its own URL where ``allow_private_network`` is set, else "". That host alone
    may be spoken to over http and may have a private or loopback address.
    """

    own_host: str = ""

    @classmethod
    def of(cls, issuer: str, *, allow_private_network: bool) -> "Destinations":
        """The destinations of the provider whose issuer identifier is ``issuer``. Raises UrlError."""
        _, host = _split(issuer)
        return cls(host if allow_private_network else "")

    def check_url(self, url: str) -> None:
        """Raise UrlError unless ``url`` may be asked or shown to a browser."""
        if len(url) > _MAX_URL or not _URL_CHARACTERS.fullmatch(url):
            raise UrlError("it is not a URL in ASCII of at most 2000 characters")
        parts, host = _split(url)
        if parts.username is not None or parts.password is not None or "#" in url:
            raise UrlError("it has user information or a fragment")
        if parts.scheme not in ({"https", "http"} if self._is_own(host) else {"https"}):
            raise UrlError("it is not https (http needs allow_private_network, for its own host only)")
        address = _literal(host)
        if address is not None and not self.admits(host, address):
            raise UrlError("it names a private address (allow_private_network covers its own host only)")
        if is_localhost_name(host) and not self._is_own(host):
            raise UrlError("it names this machine (allow_private_network covers its own host only)")

    def admits(self, host: str, address: IPv4Address | IPv6Address) -> bool:
        """Whether a connection to ``host`` may go to ``address``, one of those that its name has."""
        return self._is_own(host) or _is_public(address)

    def _is_own(self, host: str) -> bool:
        return self.own_host != "" and host.lower() == self.own_host


def is_localhost_name(host: str) -> bool:
    """Whether ``host`` means this machine by name (RFC 6761 §6.3), whatever a resolver says."""
    name = host.lower().removesuffix(".")
    return name == "localhost" or name.endswith(".localhost")


def _split(url: str) -> tuple[SplitResult, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UrlError("it cannot be parsed") from None
    # Percent-encoding and zones are read differently by different parsers; a label of a wrong length makes
    # Python's resolver raise.
    if not host or not _HOST.fullmatch(host) or (_NUMBER.fullmatch(host) and _literal(host) is None):
        raise UrlError("it names no host, or one that is not a plain name or address")
    if not _is_whole(parts.netloc, host):
        raise UrlError("it names no host: brackets hold an IPv6 address and nothing stands beside them")
    if port == 0:
        raise UrlError("it names port 0, at which nobody listens")
    return parts, host


def _is_whole(netloc: str, host: str) -> bool:
    """Whether ``host`` is all that ``netloc`` names; Python's parser leaves out what follows a bracket."""
    if "[" not in netloc and ":" not in host:
        return True
    named = netloc.rpartition("@")[2].lower()
    return isinstance(_literal(host), IPv6Address) and _BRACKETED.fullmatch(named) is not None


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return _is_public(inner)
    if any(address in network for network in _NEVER_PUBLIC):
        return False
    return address.is_global and not address.is_reserved


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a mapped, 6to4 or NAT64 address leads to; Teredo is never public anyway."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
