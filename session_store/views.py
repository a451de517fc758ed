"""What the store is told in bulk and what it answers to readers: touches, views, pages.

Plain values for the recorder and the admin API; they are never stored as they stand here.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from session_store.ids import EndpointId
from session_store.records import (
    Activity,
    ApplicationSession,
    Context,
    CookieHash,
    Milliseconds,
    User,
    UserTag,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """Activity of one application session since the last touch; ``requests`` is how many came since then.

    ``context`` is None where there is no newer one; ``context_at_ms`` is when it was seen (0: at ``at_ms``),
    so that the latest stays, in whatever order several workers write. ``idle_timeout_s`` is 0 where there is
    no idle limit.
    """

    cookie_hash: CookieHash
    endpoint_id: EndpointId
    user_tag: UserTag
    at_ms: Milliseconds
    requests: int
    idle_timeout_s: int
    context: Context | None = None
    context_at_ms: Milliseconds = 0


@dataclass(frozen=True, slots=True)
class UserView:
    """A user as the admin API shows one; ``sessions`` counts the live application sessions."""

    user: User
    last_active: Milliseconds
    sessions: int


@dataclass(frozen=True, slots=True)
class SessionView:
    """A live application session with what changes about it."""

    session: ApplicationSession
    activity: Activity


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of a list, newest first; ``more`` says whether at least one row follows the last of them."""

    items: list[T]
    more: bool
