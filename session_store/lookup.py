"""From a public id to the keys that it stands for. Both answers are hints: the record there decides."""

from session_store import keys
from session_store.commands import Commands, Reply
from session_store.ids import SESSION_PREFIX, USER_PREFIX, EndpointId, SessionId, UserId, is_id
from session_store.records import CookieHash, UserTag

Place = tuple[CookieHash, EndpointId]


async def tag_of(commands: Commands, user_id: UserId) -> UserTag | None:
    """The tag of the user with this id."""
    if not is_id(user_id, USER_PREFIX):
        return None
    return read_tag(await commands.run("GET", keys.user_tag_of(user_id)))


async def place_of(commands: Commands, session_id: SessionId) -> Place | None:
    """Where the application session with this id stands."""
    if not is_id(session_id, SESSION_PREFIX):
        return None
    return read_place(await commands.run("GET", keys.session_place(session_id)))


def read_tag(reply: Reply) -> UserTag | None:
    """The user tag in a stored value."""
    return UserTag(reply.decode()) if isinstance(reply, bytes) else None


def read_place(reply: Reply) -> Place | None:
    """The cookie hash and endpoint id in a stored value."""
    if not isinstance(reply, bytes):
        return None
    tag, _, endpoint_id = reply.partition(b" ")
    return keys.cookie_hash_of(tag), EndpointId(endpoint_id.decode())


def write_place(cookie_hash: CookieHash, endpoint_id: EndpointId) -> bytes:
    """The stored value that ``read_place`` reads."""
    return b"%b %b" % (keys.tag(cookie_hash), endpoint_id.encode())
