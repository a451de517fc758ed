"""What a session may be held to, from a request's context: address, country, device. Pure; knows no store."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from session_store.records import Context, PinKind, Pins

_UNKNOWN = "Other"
_HOST_BITS = 64


def pins_of(context: Context) -> Pins:
    """Where and with what a request came from; "" for what is not known.

    The address is that of ``host_network``.
    """
    location, agent = context.location, context.user_agent
    device = (agent.browser_name, agent.os_name, agent.device_type)
    return Pins(
        ip=host_network(context.ip_address),
        country=(location.country_code or "") if location is not None else "",
        device="" if set(device) == {_UNKNOWN} else "/".join(device),
    )


def changed_pin(pinned: Pins, now: Pins, which: Sequence[PinKind]) -> PinKind | None:
    """The first of ``which`` that has changed since ``pinned``; what is unknown on either side has not."""
    for kind in which:
        before, after = getattr(pinned, kind), getattr(now, kind)
        if before and after and before != after:
            return kind
    return None


def host_network(text: str) -> str:
    """What one host has of addresses: an IPv4 address, or the /64 network of an IPv6 address; "" of none.

    An IPv4 address also where it came as ``::ffff:192.0.2.1`` (RFC 4291 §2.5.5.2). Within a /64 one host
    changes its address by itself (RFC 8981 §1).
    """
    try:
        address = ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if isinstance(address, IPv4Address):
        return str(address)
    return f"{IPv6Address(int(address) >> _HOST_BITS << _HOST_BITS)}/{_HOST_BITS}"
