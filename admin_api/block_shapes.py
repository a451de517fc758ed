"""A block as the API shows it: who may not sign in, until when and why."""

import msgspec

from admin_api.shapes import IdentityProvider, Shapes, time_or_null, timestamp
from session_store import Block


class ShownBlock(msgspec.Struct, frozen=True, kw_only=True):
    """One person at one provider who may not sign in; without ``until``, for good.

    ``user_id`` is the user's when the block was made; that user may be deleted since.
    """

    user_id: str
    uri: str
    identity_provider: IdentityProvider
    provider_user_id: str
    username: str
    email: str
    name: str
    until: str | None
    reason: str
    blocked_at: str
    blocked_by: str


def block_shape(block: Block, shapes: Shapes) -> ShownBlock:
    """The block ``block``."""
    principal = block.principal
    return ShownBlock(
        user_id=block.user_id,
        uri=shapes.uri("app", "users", block.user_id, "block"),
        identity_provider=IdentityProvider(name=block.provider_name, url=principal.issuer),
        provider_user_id=principal.subject,
        username=principal.username,
        email=principal.email,
        name=principal.name,
        until=time_or_null(block.until),
        reason=block.reason,
        blocked_at=timestamp(block.at),
        blocked_by=block.by,
    )
