"""The pages by their addresses, and where a browser may be sent after it has signed in.

Pure. A page's address has one of a few shapes, so what leads away from here is not recognised to begin with.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlencode

from session_store import SESSION_PREFIX, USER_PREFIX, is_id

HOME = "/dashboard/users"
SESSIONS = "/dashboard/sessions"
LOGIN = "/dashboard/login"
LOGOUT = "/dashboard/logout"
LONGEST = 4096
"""Characters of an address to go on to; a longer one is not worth keeping."""

_QUERY = re.compile(r"[!$-;=?-\[\]-~]*")  # printable ASCII but for " # < > \
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DECODINGS = 8


@dataclass(frozen=True, slots=True)
class Page:
    """A kind of page: ``name`` is its module's, ``title`` the key of its heading, ``path`` its address.

    ``id_prefix``: how the id begins that follows the path; empty where the path is all. ``in_menu``: the page
    that the menu marks. ``admin_only``: for the highest role alone.
    """

    name: str
    title: str
    path: str
    in_menu: str
    id_prefix: str = ""
    admin_only: bool = False


PAGES = (
    Page("overview", "shell.overview", "/dashboard/overview", "overview"),
    Page("users", "shell.users", HOME, "users"),
    Page("sessions", "shell.sessions", SESSIONS, "sessions"),
    Page("tunnels", "shell.tunnels", "/dashboard/tunnels", "tunnels"),
    Page("events", "shell.events", "/dashboard/events", "events"),
    Page("tokens", "shell.tokens", "/dashboard/tokens", "tokens", admin_only=True),
    Page("user", "shell.user", HOME, "users", id_prefix=USER_PREFIX),
    Page("session", "shell.session", SESSIONS, "sessions", id_prefix=SESSION_PREFIX),
)

MENU = tuple(page for page in PAGES if not page.id_prefix)


def page_at(path: str) -> tuple[Page, str] | None:
    """The page at ``path`` and the id that it is about, empty where it is about none."""
    for page in PAGES:
        if not page.id_prefix and path == page.path:
            return page, ""
        parent, _, identifier = path.rpartition("/")
        if page.id_prefix and parent == page.path and is_id(identifier, page.id_prefix):
            return page, identifier
    return None


def kind_at(path: str) -> str:
    """The name of the page that ``path`` would be if what it ends with were an id; empty where of none."""
    parent, _, identifier = path.rpartition("/")
    kinds = (page.name for page in PAGES if page.id_prefix and parent == page.path and identifier)
    return next(kinds, "")


def safe_return_path(text: str) -> str:
    """``text`` where it is the address of a page, with a query or without; HOME where it is anything else.

    The path is exactly a page's. The query is printable ASCII without ``#`` or ``\\``, and holds no control
    character in any number of encodings.
    """
    path, mark, query = text.partition("?")
    if len(text) > LONGEST or page_at(path) is None or not _QUERY.fullmatch(query):
        return HOME
    return path + mark + query if _comes_to_rest_plainly(query) else HOME


def login_at(return_path: str) -> str:
    """The address of the sign-in page that leads on to ``return_path``."""
    return f"{LOGIN}?{urlencode({'redirect_path': return_path})}"


def _comes_to_rest_plainly(query: str) -> bool:
    reading = query
    for _ in range(_DECODINGS):
        decoded = unquote(reading)
        if _CONTROL.search(decoded):
            return False
        if decoded == reading:
            return True
        reading = decoded
    return False
