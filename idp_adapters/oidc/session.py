"""What is remembered of a login for as long as its session lives, and asking the provider about it again.

OpenID Connect Core 1.0 §12, RFC 6749 §6. Pure; a new ID token's signature was verified before.
"""

import hmac
from collections.abc import Collection

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_token_request

from idp_adapters.identity import Identity
from idp_adapters.oidc.claims import MAX_AGE_S, SKEW_S, Claims, audiences_of, time_of
from idp_adapters.oidc.client import Client
from idp_adapters.oidc.metadata import Metadata
from idp_adapters.provider import LoginError
from idp_adapters.transport import Request

REFRESH_PATIENCE_S = 30.0
"""A refresh token that rotates is lost with its answer: giving up early puts the person out."""


class SessionMemory(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="oidc-session-1"):
    """The tokens of a login: the ID token as a hint for its logout, and those to ask again with, if any.

    ``sid`` is the provider's name for its session. ``from_userinfo`` are the fields of the identity that the
    userinfo endpoint told: what it no longer tells is gone. ``overage`` says that the groups were looked up.
    """

    id_token: str
    nonce: str
    refresh_token: str = ""
    access_token: str = ""
    sid: str = ""
    from_userinfo: tuple[str, ...] = ()
    overage: bool = False

    def __repr__(self) -> str:
        return "SessionMemory(...)"


def read_memory(memory: bytes) -> SessionMemory | None:
    """What a login gave to remember; None where it is of another kind."""
    try:
        return msgspec.msgpack.decode(memory, type=SessionMemory)
    except (msgspec.DecodeError, ValueError):
        return None


def refresh_request(client: Client, metadata: Metadata, refresh_token: str) -> Request:
    """The one request that uses ``refresh_token``; a provider that rotates them takes it once."""
    body = str(prepare_token_request("refresh_token", refresh_token=refresh_token))
    return client.request(metadata.token_endpoint, body, patience_s=REFRESH_PATIENCE_S)


def check_refreshed(
    claims: Claims, issuer: str, client_id: str, subject: str, memory: SessionMemory, now: float
) -> None:
    """Check the claims of a refreshed ID token (Core §12.2): the same person, client and login.

    ``now`` is Unix time in seconds. Raises LoginError (*invalid_token*): the session must not go on.
    """
    nonce = claims.get("nonce", memory.nonce)
    issued, expires, starts = (time_of(claims, name) for name in ("iat", "exp", "nbf"))
    audiences = audiences_of(claims)
    rules = (
        ("iss", claims.get("iss") == issuer),
        ("sub", claims.get("sub") == subject),
        ("aud", client_id in audiences),
        ("azp", claims.get("azp", client_id if len(audiences) == 1 else "") == client_id),
        ("nonce", isinstance(nonce, str) and hmac.compare_digest(nonce.encode(), memory.nonce.encode())),
        ("iat", issued is not None and now - MAX_AGE_S <= issued <= now + SKEW_S),
        ("exp", expires is not None and now <= expires + SKEW_S),
        ("nbf", "nbf" not in claims or (starts is not None and starts <= now + SKEW_S)),
        ("events", "events" not in claims),
    )
    broken = [name for name, holds in rules if not holds]
    if broken:
        raise LoginError("invalid_token", f"refreshed ID token: {', '.join(broken)} does not hold")


def with_gaps_filled(identity: Identity, earlier: Identity, told: Collection[str]) -> Identity:
    """``earlier`` with the fields that were ``told`` again as ``identity`` has them, empty ones too.

    For a refresh without an ID token: what only that could tell stays as it was.
    """
    fields = [*told, "email_verified"] if "email" in told else [*told]
    return msgspec.structs.replace(earlier, **{name: getattr(identity, name) for name in fields})
