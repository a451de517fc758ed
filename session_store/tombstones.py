"""Tombstones as bytes, also for endpoints that only the ending script knows."""

from session_store.ids import EndpointId, endpoint_id
from session_store.lifecycle import EndReason
from session_store.records import CookieHash, Milliseconds, Tombstone, encode

TIME = "time"
"""Who ends a session that expired or went idle."""

_PLACEHOLDER = endpoint_id("")


def tombstone(
    cookie_hash: CookieHash, endpoint: EndpointId | None, reason: EndReason, by: str, at_ms: Milliseconds
) -> Tombstone:
    """What is put in the place of a session that ``by`` ended."""
    return Tombstone(
        cookie_hash=cookie_hash, endpoint_id=endpoint, reason=reason, ended_by=by, ended_at=at_ms
    )


def halves(cookie_hash: CookieHash, reason: EndReason, by: str, at_ms: Milliseconds) -> tuple[bytes, bytes]:
    """An application session's tombstone before and after its endpoint id; all of these have one length."""
    whole = encode(tombstone(cookie_hash, _PLACEHOLDER, reason, by, at_ms))
    head, _, tail = whole.partition(_PLACEHOLDER.encode())
    return head, tail
