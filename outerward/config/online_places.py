"""Whether the store answers and each upstream can be connected to. Starts no server and sends no request."""

import asyncio
import fcntl
import os
import ssl
from pathlib import Path

from outerward.addresses import is_local
from outerward.config.findings import NotThere
from outerward.config.schema import Settings
from outerward.config.upstream import upstream_address
from outerward.state_folder import StateFolder
from outerward.wiring import open_store
from proxy import TunnelSettings, UpstreamAddress, why_not
from session_store import StoreError

HANDSHAKE_S = 5.0
"""How long an upstream has for its TLS handshake; one that is given up in it is left open by asyncio."""


async def ask_store(settings: Settings) -> str:
    """Ask the store, or look at the folder of the embedded one. Raises NotThere, StoreError."""
    if settings.store.url == "embedded":
        return await asyncio.to_thread(_look_at_folder, StateFolder(settings.state))
    store = open_store(settings)
    try:
        await store.ping()
    except StoreError as error:
        raise NotThere(f"{_without_password(settings.store.url)}: {error}") from None
    finally:
        await store.close()
    return ""


def _without_password(url: str) -> str:
    """A store's address without user, password and database."""
    scheme, _, rest = url.partition("://")
    if scheme == "unix":
        return f"unix://{rest.partition('?')[0]}"
    return f"{scheme}://{rest.rpartition('@')[2].partition('/')[0]}"


def _look_at_folder(state: StateFolder) -> str:
    """Whether the embedded store could use its folder, or does. Raises NotThere."""
    place = next(
        (each for each in (state.store, state.path, *state.path.parents) if each.exists()), Path("/")
    )
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise NotThere(f"{place} cannot be written to")
    if not (state.store / "lock").exists():
        return f"embedded, to be made in {state.store}"
    return f"embedded in {state.store}" + (", in use by a running server" if _is_locked(state.store) else "")


def _is_locked(folder: Path) -> bool:
    """Whether a server holds the folder just now."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise NotThere(f"{folder} cannot be read: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


async def reach_upstream(tunnel: TunnelSettings) -> str:
    """Connect, and shake hands where it is https. Raises NotThere."""
    address = upstream_address(tunnel.upstream)
    try:
        _, writer = await _connected(address, tunnel.upstream_ca)
    except ConnectionAbortedError:
        words = f"no answer to a TLS handshake within {HANDSHAKE_S:g} s"
        raise NotThere(f"{tunnel.upstream}: {words}") from None
    except (OSError, UnicodeError) as error:
        raise NotThere(f"{tunnel.upstream}: {_words(error)}") from None
    writer.transport.abort()  # a TLS connection that is closed politely outlives the loop
    return tunnel.upstream


def _words(error: OSError | UnicodeError) -> str:
    """asyncio puts the address into its own words; the system's are shorter."""
    if type(error).__module__ == "builtins" and isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return why_not(error)


async def _connected(
    address: UpstreamAddress, ca: str | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if address.kind == "unix":
        return await asyncio.open_unix_connection(address.path)
    if address.kind == "https":
        tls = ssl.create_default_context(cadata=ca)
        return await _opened(address, tls)
    return await _opened(address, None)


async def _opened(
    address: UpstreamAddress, tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A localhost name is this machine, resolver or not (RFC 6761 §6.3)."""
    is_name = is_local(address.host) and address.host.endswith("localhost")
    if not is_name:
        return await _open(address.host, address, tls)
    try:
        return await _open("127.0.0.1", address, tls)
    except ConnectionRefusedError:
        return await _open("::1", address, tls)


async def _open(
    host: str, address: UpstreamAddress, tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if tls is None:
        return await asyncio.open_connection(host, address.port)
    return await asyncio.open_connection(
        host, address.port, ssl=tls, server_hostname=address.host, ssl_handshake_timeout=HANDSHAKE_S
    )
