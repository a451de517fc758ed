"""The records of the store and their bytes.

A stored value is one kind letter, one format digit, then the fields in order as MessagePack: a new field goes
last and has a default. The letter keeps a login transaction or a tombstone from ever being read as a session;
the digit keeps a newer format from being misread; and each session record carries its own key, so that a
reply out of step is noticed. Knows no Redis.
"""

import hashlib
from base64 import urlsafe_b64encode
from typing import Literal, NewType, TypeVar, cast

import msgspec

from session_store.errors import StoreUnavailable
from session_store.ids import EndpointId, SessionId, UserId
from session_store.lifecycle import EndReason

CookieHash = NewType("CookieHash", bytes)
"""SHA-256 of a session cookie's value (32 bytes); the value itself is never stored."""

UserTag = NewType("UserTag", str)
"""The user's key: base64url of SHA-256(issuer, 0, subject). Stays the same when the user is deleted."""

Milliseconds = int
"""Unix time in milliseconds, UTC."""

StoreTime = NewType("StoreTime", int)
"""Unix time in microseconds by the store's own clock, the one that all workers share."""


def user_tag(issuer: str, subject: str) -> UserTag:
    """The key of the person that ``issuer`` calls ``subject``, both compared byte for byte."""
    digest = hashlib.sha256(issuer.encode() + b"\0" + subject.encode()).digest()
    return UserTag(urlsafe_b64encode(digest).rstrip(b"=").decode())


NameTag = NewType("NameTag", str)
"""The key of a name by which a provider ends sessions: base64url of 16 bytes, 22 places."""


def name_tag(provider: str, name: str) -> NameTag:
    """The key of what ``provider`` calls ``name``, both any text; the provider's length keeps them apart.

    The configured name, not the issuer: a SAML provider says itself what it is called.
    """
    of, called = (text.encode(errors="surrogatepass") for text in (provider, name))
    digest = hashlib.sha256(b"%d:%b%b" % (len(of), of, called)).digest()[:16]
    return NameTag(urlsafe_b64encode(digest).rstrip(b"=").decode())


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a visitor's address leads to: a tunnel with a hostname, or one edge route."""

    id: EndpointId
    public_url: str
    tunnel: str
    edge: str | None = None
    path_prefix: str | None = None


class Principal(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Who a session belongs to, as far as rules and upstream headers need it."""

    provider: str
    issuer: str
    subject: str
    username: str = ""
    name: str = ""
    email: str = ""
    email_verified: bool = False
    groups: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()


class User(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One person at one provider; the key is (issuer, subject), never the e-mail."""

    id: UserId
    tag: UserTag
    provider_name: str
    principal: Principal
    created_at: Milliseconds
    last_login: Milliseconds


class UserAgent(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A browser as it describes itself; families as ua-parser writes them."""

    raw: str = ""
    browser_name: str = "Other"
    browser_version: str = ""
    device_type: str = "Other"
    os_name: str = "Other"
    os_version: str = ""


class Location(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where an address is, as far as the GeoIP database knows; degrees and kilometres."""

    country_code: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    radius_km: int | None = None


class Context(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """From where and with what a request came.

    ``network`` is the kind of network that the address belongs to: ``public``, ``loopback``, ``lan``,
    ``link_local``, ``cgnat``, ``reserved``; "" where that is not known.
    """

    ip_address: str
    user_agent: UserAgent = UserAgent()
    location: Location | None = None
    network: str = ""


PinKind = Literal["ip", "country", "device"]
"""What a session may be held to (``tunnel.pin``)."""


class Pins(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """From where and with what a session began, as far as it may be held to it; "" where that is not known.

    ``ip``: an IPv4 address, or the /64 network of an IPv6 address.
    """

    ip: str = ""
    country: str = ""
    device: str = ""


class _TokenHolder(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A record whose ``access_token`` is sealed, and shown nowhere all the same."""

    def __repr__(self) -> str:
        shown = (
            f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name != "access_token"
        )
        return f"{type(self).__name__}({', '.join(shown)})"


class BrowserSession(_TokenHolder, frozen=True, kw_only=True, array_like=True):
    """One login of one browser: one cookie value, valid within ``scope`` (a hostname or cookie domain).

    ``refreshed_at``: when the provider last said what ``principal`` says; 0: at ``issued_at``.
    ``access_token``: the provider's, sealed (``Store.access_token`` opens it); empty where none is kept.
    ``provider_name``: what people call the provider; "" in a record of an older version.
    """

    cookie_hash: CookieHash
    user_id: UserId
    user_tag: UserTag
    generation: int
    scope: str
    principal: Principal
    issued_at: Milliseconds
    expires_at: Milliseconds
    refreshed_at: Milliseconds = 0
    access_token: bytes = b""
    provider_name: str = ""


class ApplicationSession(_TokenHolder, frozen=True, kw_only=True, array_like=True):
    """A browser session at one endpoint: the only record that a check reads.

    ``principal``, ``refreshed_at``, ``access_token`` and ``provider_name`` are the browser session's.
    ``pins``: from where and with what it began.
    """

    id: SessionId
    cookie_hash: CookieHash
    endpoint: Endpoint
    user_id: UserId
    user_tag: UserTag
    principal: Principal
    created_at: Milliseconds
    expires_at: Milliseconds
    idle_timeout_s: int
    refreshed_at: Milliseconds = 0
    access_token: bytes = b""
    pins: Pins = Pins()
    provider_name: str = ""


class Tombstone(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What stands in a session's place once it was ended; ``endpoint_id`` is None for a browser session."""

    cookie_hash: CookieHash
    endpoint_id: EndpointId | None
    reason: EndReason
    ended_by: str
    ended_at: Milliseconds


class Flag(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Something about an access that deserves a look, and why: ``new_device`` or ``new_country``."""

    name: str
    reason: str


class Access(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One entry of a session's history: what it was used with and from where, when and how often."""

    context: Context
    first_seen: Milliseconds
    last_seen: Milliseconds
    requests: int
    flags: tuple[Flag, ...] = ()


class Activity(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What changes often about an application session; kept beside its record, never in it.

    ``context`` is the latest access's, ``flags`` names what any access of the session was marked with.
    """

    last_active: Milliseconds
    requests: int
    context: Context
    flags: tuple[str, ...] = ()


class EndedSession(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An application session that is over, with all that is kept of it.

    ``accesses``: its history, the latest first.
    """

    session: ApplicationSession
    activity: Activity
    reason: EndReason
    by: str
    at: Milliseconds
    accesses: tuple[Access, ...] = ()


class Block(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One person at one provider who may not sign in; it outlives the user's record.

    ``user_id`` is the user's at the time of the block. ``until``: when it ends by itself; None: never.
    """

    user_id: UserId
    provider_name: str
    principal: Principal
    reason: str
    by: str
    at: Milliseconds
    until: Milliseconds | None = None


class ApiToken(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An admin API token; the secret itself is never stored."""

    id: str
    name: str
    scope: str
    created_at: Milliseconds
    expires_at: Milliseconds | None = None


class DashboardSession(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Somebody who is signed in to the dashboard by a token.

    ``token_id``: of an API token of the store; "" for another token, of which ``proof`` is all that is kept.
    ``used_at``: when it was last used, to the minute.
    """

    token_id: str
    proof: bytes
    began_at: Milliseconds
    used_at: Milliseconds


R = TypeVar("R", bound=msgspec.Struct)

_MARKS: dict[type[msgspec.Struct], bytes] = {
    ApplicationSession: b"A1",
    BrowserSession: b"B1",
    Tombstone: b"T1",
    User: b"U1",
    Context: b"C1",
    ApiToken: b"K1",
    Endpoint: b"E1",
    EndedSession: b"Z1",
    Block: b"X1",
    DashboardSession: b"D1",
}
_ENCODER = msgspec.msgpack.Encoder()
_FLAGS = msgspec.msgpack.Decoder(tuple[Flag, ...])
_DECODERS = {kind: msgspec.msgpack.Decoder(kind) for kind in _MARKS}


def encode(record: msgspec.Struct) -> bytes:
    """The bytes to store for ``record``."""
    return _MARKS[type(record)] + _ENCODER.encode(record)


def decode(value: bytes, kind: type[R]) -> R:
    """The record of type ``kind`` in ``value``.

    Raises StoreUnavailable when the bytes are of another kind, of an unknown format, or damaged: what cannot
    be read is never a verdict.
    """
    if value[:2] != _MARKS[kind]:
        raise StoreUnavailable(f"a stored value is not a {kind.__name__} of a known format")
    try:
        return cast("R", _DECODERS[kind].decode(value[2:]))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise StoreUnavailable(f"a stored {kind.__name__} cannot be read") from error


def encode_flags(flags: tuple[Flag, ...]) -> bytes:
    """The bytes in which an access's flags stand beside its context."""
    return _ENCODER.encode(flags)


def decode_flags(value: bytes) -> tuple[Flag, ...]:
    """What ``encode_flags`` wrote. Raises StoreUnavailable as ``decode`` does."""
    try:
        return _FLAGS.decode(value)
    except msgspec.MsgspecError as error:
        raise StoreUnavailable("the flags of a stored access cannot be read") from error


def is_tombstone(value: bytes) -> bool:
    """Whether ``value`` marks an ended session, in whatever format."""
    return value[:1] == b"T"
