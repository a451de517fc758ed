"""A connection to the store for a protocol of our own, by whichever way its address says."""

import asyncio
import ssl
from collections.abc import Callable

from session_store.address import Address


async def connect(
    address: Address, tls: ssl.SSLContext | None, protocol: Callable[[], asyncio.Protocol]
) -> None:
    """Connect ``protocol``; it signs in by itself. Raises OSError and what TLS and names bring."""
    loop = asyncio.get_running_loop()
    if address.kind == "unix":
        await loop.create_unix_connection(protocol, address.path)
    else:
        await loop.create_connection(protocol, address.host, address.port, ssl=tls)
