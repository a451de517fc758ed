"""The history of a session as the API shows it: what it was used with and from where, when and how often."""

import msgspec

from admin_api.shapes import Device, Place, device_shape, place_shape, timestamp
from session_store import Access


class ShownFlag(msgspec.Struct, frozen=True, kw_only=True):
    """Something about an access that deserves a look, and why."""

    name: str
    reason: str


class ShownAccess(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a history; ``network`` is its address's kind."""

    first_seen: str
    last_seen: str
    requests: int
    ip_address: str
    network: str
    location: Place | None
    user_agent: Device
    flags: list[ShownFlag]


def access_shape(access: Access) -> ShownAccess:
    """The entry ``access``."""
    context = access.context
    return ShownAccess(
        first_seen=timestamp(access.first_seen),
        last_seen=timestamp(access.last_seen),
        requests=access.requests,
        ip_address=context.ip_address,
        network=context.network,
        location=place_shape(context.location),
        user_agent=device_shape(context.user_agent),
        flags=[ShownFlag(name=flag.name, reason=flag.reason) for flag in access.flags],
    )
