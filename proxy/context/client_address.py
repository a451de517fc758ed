"""The client's address: the socket's, or what a trusted proxy in front says, read from the right.

A forwarding header counts only when the peer is listed; by default nobody is. What of an address may be
stored and logged is decided here too, by one function that is passed to whoever does either.
"""

import ipaddress
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Literal

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Privacy = Literal["full", "truncated"]
"""How much of an address is kept: all of it, or the network that it is in."""
Keep = Callable[[str], str]
"""From a client's address to what may be stored and logged of it."""

_KEPT_V4, _KEPT_V6, _KEPT_6TO4 = 24, 48, 40


class TrustedProxies:
    """The networks whose ``X-Forwarded-For`` is believed (``edge.trusted_proxies``)."""

    def __init__(self, networks: Sequence[str] = ()) -> None:
        self._networks: tuple[Network, ...] = tuple(ipaddress.ip_network(text) for text in networks)

    def __contains__(self, address: str) -> bool:
        if not self._networks:
            return False
        parsed = _parse(address)
        return parsed is not None and any(parsed in network for network in self._networks)


def client_address(peer: str, trusted: TrustedProxies, forwarded_for: Sequence[bytes]) -> str:
    """The right-most address that is not a trusted proxy's, without port, brackets and zone.

    ``peer`` is the socket's address. Where the entry found is no address, the last trusted peer's counts.
    """
    last = plain_address(peer)
    if last not in trusted:
        return last
    entries = [entry for line in forwarded_for for entry in line.split(b",")]
    for entry in reversed(entries):
        address = _parse(entry.decode("latin-1").strip())
        if address is None:
            return last
        last = str(address)
        if last not in trusted:
            return last
    return last


@lru_cache(maxsize=4096)
def plain_address(text: str) -> str:
    """``text`` in its shortest spelling; an IPv4 address mapped into IPv6 as IPv4."""
    address = _parse(text)
    return text if address is None else str(address)


def keep_for(privacy: Privacy) -> Keep:
    """What ``privacy`` leaves of addresses."""
    return kept_whole if privacy == "full" else kept_network


def kept_whole(address: str) -> str:
    """``address`` itself."""
    return address


@lru_cache(maxsize=4096)
def kept_network(address: str) -> str:
    """The first address of the network that ``address`` is in, /24 or /48; "" for what is no address.

    An IPv6 address that holds an IPv4 address within its first 48 bits (6to4, RFC 3056 §2) keeps 40: the same
    24 of that.
    """
    parsed = _parse(address)
    if parsed is None:
        return ""
    if isinstance(parsed, ipaddress.IPv4Address):
        length = _KEPT_V4
    else:
        length = _KEPT_V6 if parsed.sixtofour is None else _KEPT_6TO4
    return str(ipaddress.ip_network((parsed, length), strict=False).network_address)


def _parse(text: str) -> IPAddress | None:
    if text.startswith("["):
        text, closing, port = text[1:].partition("]")
        if not closing or (port and not (port.startswith(":") and port[1:].isdigit())):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not port.isdigit():
            return None
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
