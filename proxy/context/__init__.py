"""Who is asking: the client's address, its device, and where it is."""

from proxy.context.client_address import TrustedProxies, client_address, plain_address
from proxy.context.contexts import Contexts
from proxy.context.device import describe, warm_up
from proxy.context.place import Places, network_of

__all__ = [
    "Contexts",
    "Places",
    "TrustedProxies",
    "client_address",
    "describe",
    "network_of",
    "plain_address",
    "warm_up",
]
