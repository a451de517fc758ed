"""What the kernel knows of a connection: how many bytes its client has not taken, and whether it is there.

A socket turns writable again only after much of the kernel's buffer has drained; by this number a slow reader
is told from one that has stopped.
"""

import array
import asyncio
import contextlib
import fcntl
import socket
import termios

_KEEPALIVE = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 15), (socket.TCP_KEEPCNT, 4))


def unsent_bytes(transport: asyncio.Transport) -> int:
    """What ``transport`` holds, and its socket's send queue where that can be asked."""
    held = transport.get_write_buffer_size()
    connected = transport.get_extra_info("socket")
    if connected is None:
        return held
    queued = array.array("i", [0])
    try:
        fcntl.ioctl(connected.fileno(), termios.TIOCOUTQ, queued)
    except OSError:
        return held
    return held + queued[0]


def watch_peer(transport: asyncio.Transport) -> None:
    """Have the kernel ask a silent peer whether it is still there; one that is gone is noticed in minutes."""
    connected = transport.get_extra_info("socket")
    if connected is None:
        return
    with contextlib.suppress(OSError):
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, seconds in _KEEPALIVE:
            connected.setsockopt(socket.IPPROTO_TCP, option, seconds)
