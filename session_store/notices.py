"""What is told on the channel of ends: which session, and when it was ended. Bytes and values, no Redis."""

from binascii import Error
from dataclasses import dataclass

from session_store import keys
from session_store.ids import EndpointId
from session_store.records import CookieHash, Milliseconds


@dataclass(frozen=True, slots=True)
class Ended:
    """An end as it was told: of one application session, or without an endpoint of the browser session."""

    cookie_hash: CookieHash
    endpoint_id: EndpointId | None
    ended_at: Milliseconds


def notice(cookie_hash: CookieHash, endpoint_id: EndpointId | None, ended_at: Milliseconds) -> bytes:
    """What to publish when the session is ended."""
    return b" ".join((keys.tag(cookie_hash), str(ended_at).encode(), (endpoint_id or "").encode()))


def read_notice(payload: bytes) -> Ended | None:
    """The end that ``payload`` tells of; None where it is no notice of a version that is known."""
    parts = payload.split(b" ")
    if len(parts) != 3 or not parts[1].isdigit() or not payload.isascii():
        return None
    try:
        cookie_hash = keys.cookie_hash_of(parts[0])
    except Error:
        return None
    if len(cookie_hash) != 32:
        return None
    return Ended(cookie_hash, EndpointId(parts[2].decode()) or None, int(parts[1]))
