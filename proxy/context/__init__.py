"""Who is asking: the client's address, and later device and place."""

from proxy.context.client_address import TrustedProxies, client_address, plain_address

__all__ = ["TrustedProxies", "client_address", "plain_address"]
