"""How many bytes of an answer the client has not taken yet: ours, and the kernel's where it tells.

A socket turns writable again only after much of the kernel's buffer has drained; by this number a slow reader
is told from one that has stopped.
"""

import array
import asyncio
import fcntl
import termios


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
