"""Who is asking: the client's address, its device, and where it is."""

from proxy.context.client_address import (
    Keep,
    Privacy,
    TrustedProxies,
    client_address,
    keep_for,
    kept_network,
    kept_whole,
    plain_address,
)
from proxy.context.contexts import Contexts
from proxy.context.device import describe, warm_up
from proxy.context.place import Places, network_of

__all__ = [
    "Contexts",
    "Keep",
    "Places",
    "Privacy",
    "TrustedProxies",
    "client_address",
    "describe",
    "keep_for",
    "kept_network",
    "kept_whole",
    "network_of",
    "plain_address",
    "warm_up",
]
