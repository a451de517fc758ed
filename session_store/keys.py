"""Every key of the store, one function each. The part in braces is the Cluster hash tag: it decides the slot.

``{H}`` is the base64url of a cookie hash: all keys of one browser session share its slot, so that one script
ends them. ``{U}`` is a user tag: all keys of one user share another. ``{N}`` is the tag of a name that a
provider ends sessions by: its two keys share a third. Keys without a tag stand alone.
docs/decisions/keys.md tells values, lives and writers.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import b2a_base64
from functools import lru_cache

from session_store.ids import EndpointId, SessionId, TokenId, UserId
from session_store.records import CookieHash, NameTag, UserTag

GRACE_MS = 3_600_000
"""How long a record or tombstone outlives the absolute end, so that a reader can say *expired*."""

USERS = b"ow:x:users"
"""Zset of user ids, score 0. Slot: its own. Hot path: nobody."""

SESSIONS = b"ow:x:sessions"
"""Zset of application session ids, score 0. Slot: its own. Hot path: nobody."""

BY_PROVIDER = b"ow:x:by:provider"
"""Zset, score 0, of provider display name, 0, bare session id. Slot: its own. Hot path: nobody."""

BY_ENDPOINT = b"ow:x:by:endpoint"
"""Zset, score 0, of endpoint id, 0, bare session id. Slot: its own. Hot path: nobody."""

BY_IP = b"ow:x:by:ip"
"""Zset, score 0, of ``ip_key``, 0, bare session id. Slot: its own. Hot path: nobody; written behind."""

BY_COUNTRY = b"ow:x:by:country"
"""Zset, score 0, of country code, 0, bare session id. Slot: its own. Hot path: nobody; written behind."""

ACTIVE = b"ow:x:active"
"""Zset of session ids, score = last activity, ms. Slot: its own. Hot path: nobody; written behind."""

ENDS = b"ow:x:ends"
"""Zset of session ids, score = when each is over if nothing happens, ms. Slot: its own. Hot path: nobody."""

ENDPOINTS = b"ow:x:endpoints"
"""Hash: endpoint id -> ``E1`` of every endpoint that has had a session. Slot: its own. Hot path: nobody."""

USERS_ACTIVE = b"ow:x:users:active"
"""Zset of user ids, score = last activity, ms. Slot: its own. Hot path: nobody; written behind."""

USER_WORDS = b"ow:x:users:words"
"""Zset, score 0, of a word that finds a user, 0, bare user id. Slot: its own. Hot path: nobody."""

ENDED_SESSIONS = b"ow:x:ended"
"""Zset of ids of ended sessions, score 0. Slot: its own. Hot path: nobody."""

ENDED_AT = b"ow:x:ended:at"
"""Zset of ids of ended sessions, score = when each ended, ms. Slot: its own. Hot path: nobody."""

ENDED_USERS = b"ow:x:ended:users"
"""Zset, score 0, of bare user id, 0, bare id of an ended session. Slot: its own. Hot path: nobody."""

BLOCKS = b"ow:x:blocks"
"""Hash: user id -> user tag of those who were blocked. Slot: its own. Hot path: nobody."""

ERASING = b"ow:x:erasing"
"""Hash: user id -> user tag, begin and position of an erasure. Slot: its own. Hot path: nobody."""

EVENTS = b"ow:x:events"
"""Stream of what happened. Slot: its own. Hot path: nobody."""

TOKENS = b"ow:x:tokens"
"""Zset of API token ids, score 0. Slot: its own. Hot path: nobody."""

PING = b"ow:ping"
"""Never written; a read of it shows that the check path answers. Slot: its own."""

BARRIER = b"ow:barrier"
"""Written before a wait for a replica, which then has all that was written before. Slot: its own."""

SWEEP = b"ow:sweep"
"""Stands while no sweep is due: whoever writes it sweeps. Slot: its own. Hot path: nobody."""

SWEEP_DUE = b"ow:sweep:due"
"""Stands while a process looks after what time ends. Slot: its own. Hot path: nobody."""

ENDED = b"ow:ended"
"""No key: the channel on which every end is told as it is written."""

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def tag(cookie_hash: CookieHash) -> bytes:
    """``H``: base64url of the cookie hash without padding, 43 places."""
    return b2a_base64(cookie_hash, newline=False).translate(_URL_SAFE, b"=")


def cookie_hash_of(tag: bytes) -> CookieHash:
    """The cookie hash that ``tag`` was made from."""
    return CookieHash(urlsafe_b64decode(tag + b"="))


def browser(cookie_hash: CookieHash) -> bytes:
    """Browser session or its tombstone. Slot: {H}. Hot path: nobody; read on a first visit and at a login."""
    return b"ow:b:{%b}" % tag(cookie_hash)


@lru_cache(maxsize=4096)
def application(cookie_hash: CookieHash, endpoint_id: EndpointId) -> bytes:
    """Application session or its tombstone. Slot: {H}. Hot path: every check reads this key and no other."""
    return b"ow:a:{%b}:%b" % (tag(cookie_hash), endpoint_id.encode())


def applications(cookie_hash: CookieHash) -> bytes:
    """What every key of ``application`` of one browser session begins with; no key itself. Slot: {H}."""
    return b"ow:a:{%b}:" % tag(cookie_hash)


def memory(cookie_hash: CookieHash) -> bytes:
    """What the login left for the browser session's life, sealed. Slot: {H}. Hot path: nobody."""
    return b"ow:m:{%b}" % tag(cookie_hash)


def endpoints(cookie_hash: CookieHash) -> bytes:
    """Hash: endpoint id -> session id, all ever started here. Slot: {H}. Hot path: nobody."""
    return b"ow:e:{%b}" % tag(cookie_hash)


def activity(cookie_hash: CookieHash, endpoint_id: EndpointId) -> bytes:
    """Hash of what changes about an application session. Slot: {H}. Hot path: nobody; written behind."""
    return b"ow:t:{%b}:%b" % (tag(cookie_hash), endpoint_id.encode())


def activities(cookie_hash: CookieHash) -> bytes:
    """What every key of ``activity`` of one browser session begins with; no key itself. Slot: {H}."""
    return b"ow:t:{%b}:" % tag(cookie_hash)


def history(cookie_hash: CookieHash, endpoint_id: EndpointId) -> bytes:
    """Hash of an application session's earlier accesses. Slot: {H}. Hot path: nobody; written behind."""
    return b"ow:h:{%b}:%b" % (tag(cookie_hash), endpoint_id.encode())


def histories(cookie_hash: CookieHash) -> bytes:
    """What every key of ``history`` of one browser session begins with; no key itself. Slot: {H}."""
    return b"ow:h:{%b}:" % tag(cookie_hash)


def refresh_turn(cookie_hash: CookieHash) -> bytes:
    """Whose turn it is to refresh the browser session. Slot: {H}. Hot path: nobody."""
    return b"ow:r:{%b}" % tag(cookie_hash)


def user(user_tag: UserTag) -> bytes:
    """User record. Slot: {U}. Hot path: nobody."""
    return b"ow:u:{%b}" % user_tag.encode()


def generation(user_tag: UserTag) -> bytes:
    """Hash: generation, time and author of the user's last deletion. Slot: {U}. Hot path: nobody."""
    return b"ow:g:{%b}" % user_tag.encode()


def last_active(user_tag: UserTag) -> bytes:
    """Time of the user's last request. Slot: {U}. Hot path: nobody; written behind."""
    return b"ow:l:{%b}" % user_tag.encode()


def user_browsers(user_tag: UserTag) -> bytes:
    """Zset of ``H``, score = end of the record by the store's clock. Slot: {U}. Hot path: nobody."""
    return b"ow:ub:{%b}" % user_tag.encode()


def user_applications(user_tag: UserTag) -> bytes:
    """Zset of session ids, score = end of the record by the store's clock. Slot: {U}. Hot path: nobody."""
    return b"ow:ua:{%b}" % user_tag.encode()


def user_order(user_tag: UserTag) -> bytes:
    """Zset of session ids at limited endpoints, score = their turn. Slot: {U}. Hot path: nobody."""
    return b"ow:uo:{%b}" % user_tag.encode()


def known(user_tag: UserTag) -> bytes:
    """Hash of the devices and countries that a user has come from. Slot: {U}. Hot path: nobody."""
    return b"ow:w:{%b}" % user_tag.encode()


def block(user_tag: UserTag) -> bytes:
    """Stands while this person may not sign in. Slot: {U}. Hot path: nobody; read by logins."""
    return b"ow:bl:{%b}" % user_tag.encode()


def named_browsers(name_tag: NameTag) -> bytes:
    """Zset of ``H``, score = end of the record by the store's clock. Slot: {N}. Hot path: nobody."""
    return b"ow:o:{%b}" % name_tag.encode()


def named_end(name_tag: NameTag) -> bytes:
    """Time of the provider's last end by this name, us by the store's clock. Slot: {N}. Hot path: nobody."""
    return b"ow:oe:{%b}" % name_tag.encode()


def user_tag_of(user_id: UserId) -> bytes:
    """The user's tag. Slot: its own. Hot path: nobody."""
    return b"ow:n:%b" % user_id.encode()


def session_place(session_id: SessionId) -> bytes:
    """``H`` and endpoint id of an application session. Slot: its own. Hot path: nobody."""
    return b"ow:s:%b" % session_id.encode()


def login(key: str) -> bytes:
    """A login under way, sealed. Slot: its own. Hot path: nobody."""
    return b"ow:p:%b" % key.encode()


def failures(key: str) -> bytes:
    """A counter of failures. Slot: its own. Hot path: nobody."""
    return b"ow:f:%b" % key.encode()


def used(key: str) -> bytes:
    """Stands once what ``key`` names, any text, was used. Slot: its own. Hot path: nobody."""
    digest = hashlib.sha256(key.encode(errors="surrogatepass")).digest()[:16]
    return b"ow:q:%b" % urlsafe_b64encode(digest).rstrip(b"=")


def settled(name: str) -> bytes:
    """What all workers use under ``name``, sealed. Slot: its own. Hot path: nobody."""
    return b"ow:v:%b" % name.encode()


def ended_session(session_id: SessionId) -> bytes:
    """An ended application session. Slot: its own. Hot path: nobody."""
    return b"ow:z:%b" % session_id.encode()


def bulk_users(run: str) -> bytes:
    """Set of the users whom a bulk revocation has met so far. Slot: its own. Hot path: nobody."""
    return b"ow:j:%b" % run.encode()


def webhook(name: str) -> bytes:
    """Hash: who tells a webhook, and how far it has been told. Slot: its own. Hot path: nobody."""
    return b"ow:wh:%b" % name.encode()


def dashboard_session(cookie_hash: CookieHash) -> bytes:
    """Who is signed in to the dashboard by a token. Slot: its own. Hot path: nobody."""
    return b"ow:d:%b" % tag(cookie_hash)


def dashboard_link(code_hash: bytes) -> bytes:
    """The id of the token that a code signs in as. Slot: its own. Hot path: nobody."""
    return b"ow:dl:%b" % code_hash


def token(token_hash: bytes) -> bytes:
    """API token, by base64url of the secret's SHA-256. Slot: its own. Hot path: nobody."""
    return b"ow:k:%b" % token_hash


def token_hash_of(token_id: TokenId) -> bytes:
    """The hash that a token's record stands under. Slot: its own. Hot path: nobody."""
    return b"ow:ki:%b" % token_id.encode()


def token_use(token_id: TokenId) -> bytes:
    """When the token was last used, ms. Slot: its own. Hot path: nobody."""
    return b"ow:kl:%b" % token_id.encode()
