"""What is remembered of a login for as long as its session lives, and asking the provider about it again.

OpenID Connect Core 1.0 §12, RFC 6749 §6. Pure; a new ID token's signature was verified before.
"""

import hmac

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_token_request

from idp_adapters.identity import Identity
from idp_adapters.oidc.claims import MAX_AGE_S, SKEW_S, Claims, audiences_of, time_of
from idp_adapters.oidc.metadata import Metadata
from idp_adapters.oidc.tokens import authenticated
from idp_adapters.provider import LoginError
from idp_adapters.settings import OidcSettings
from idp_adapters.transport import Request


class SessionMemory(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="oidc-session-1"):
    """The tokens of a login: the ID token as a hint for its logout, the refresh token where one was given."""

    id_token: str
    nonce: str
    refresh_token: str = ""

    def __repr__(self) -> str:
        return "SessionMemory(...)"


def read_memory(memory: bytes) -> SessionMemory | None:
    """What a login gave to remember; None where it is of another kind."""
    try:
        return msgspec.msgpack.decode(memory, type=SessionMemory)
    except (msgspec.DecodeError, ValueError):
        return None


def refresh_request(settings: OidcSettings, metadata: Metadata, refresh_token: str) -> Request:
    """The one request that uses ``refresh_token``; a provider that rotates them takes it once."""
    body = str(prepare_token_request("refresh_token", refresh_token=refresh_token))
    return authenticated(settings, metadata.token_endpoint, body)


def check_refreshed(
    claims: Claims, settings: OidcSettings, subject: str, memory: SessionMemory, now: float
) -> None:
    """Check the claims of a refreshed ID token (Core §12.2): the same person, client and login.

    ``now`` is Unix time in seconds. Raises LoginError (*invalid_token*): the session must not go on.
    """
    nonce = claims.get("nonce", memory.nonce)
    issued, expires = time_of(claims, "iat"), time_of(claims, "exp")
    audiences = audiences_of(claims)
    rules = (
        ("iss", claims.get("iss") == settings.issuer),
        ("sub", claims.get("sub") == subject),
        ("aud", settings.client_id in audiences),
        ("azp", claims.get("azp", settings.client_id if len(audiences) == 1 else "") == settings.client_id),
        ("nonce", isinstance(nonce, str) and hmac.compare_digest(nonce.encode(), memory.nonce.encode())),
        ("iat", issued is not None and now - MAX_AGE_S <= issued <= now + SKEW_S),
        ("exp", expires is not None and now <= expires + SKEW_S),
        ("events", "events" not in claims),
    )
    broken = [name for name, holds in rules if not holds]
    if broken:
        raise LoginError("invalid_token", f"refreshed ID token: {', '.join(broken)} does not hold")


def with_gaps_filled(identity: Identity, earlier: Identity) -> Identity:
    """``identity``, and where a refresh without an ID token says nothing, what the login said."""
    said = {
        name: getattr(identity, name)
        for name in ("username", "name", "groups", "email", "email_verified")
        if getattr(identity, name.removesuffix("_verified"))
    }
    return msgspec.structs.replace(earlier, **said)
