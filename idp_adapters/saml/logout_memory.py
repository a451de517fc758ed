"""What is remembered between two messages of a logout: of ours until its answer, of theirs until ours.

Pure. Whoever keeps these hands them back as they were; none holds a secret.
"""

import msgspec

from idp_adapters.saml.logout_checks import invalid


class LogoutTransaction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="saml-logout-1",
):
    """One logout of ours under way: which request, to whom, and where its answer comes back to."""

    request_id: str
    idp_entity_id: str
    logout_url: str


class LogoutReply(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="saml-logout-reply-1",
):
    """What the answer to a demand needs: which request, whose, how it came, and the state that goes back."""

    request_id: str
    idp_entity_id: str
    binding: str
    relay_state: str


def read_logout_transaction(payload: bytes) -> LogoutTransaction:
    """Read back what a logout of ours gave to remember. Raises LoginError (*invalid_response*)."""
    try:
        return msgspec.msgpack.decode(payload, type=LogoutTransaction)
    except (msgspec.DecodeError, ValueError):
        raise invalid("no logout under way in this form") from None


def read_logout_reply(payload: bytes) -> LogoutReply:
    """Read back what a demand gave to answer it by. Raises LoginError (*invalid_response*)."""
    try:
        return msgspec.msgpack.decode(payload, type=LogoutReply)
    except (msgspec.DecodeError, ValueError):
        raise invalid("no demand to answer in this form") from None
