"""What is remembered of a login by plain OAuth for as long as its session lives. Pure."""

import msgspec

from idp_adapters.oauth.tokens import OAuthTokens


class SessionMemory(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="oauth-session-1"):
    """The tokens of a login. ``expires_at`` is when the access token ends, in Unix seconds; 0 for never."""

    access_token: str
    refresh_token: str = ""
    expires_at: float = 0.0

    def __repr__(self) -> str:
        return "SessionMemory(...)"

    def has_ended(self, now: float) -> bool:
        """Whether the access token is no longer good at ``now``."""
        return 0 < self.expires_at <= now


def memory_of(tokens: OAuthTokens, now: float, refresh_token: str = "") -> SessionMemory:
    """What to remember of ``tokens``; ``refresh_token`` is the one before, where they bring no other."""
    return SessionMemory(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token or refresh_token,
        expires_at=0.0 if tokens.lifetime_s is None else now + tokens.lifetime_s,
    )


def read_memory(memory: bytes) -> SessionMemory | None:
    """What a login gave to remember; None where it is of another kind."""
    try:
        return msgspec.msgpack.decode(memory, type=SessionMemory)
    except (msgspec.DecodeError, ValueError):
        return None
