"""What the store is told in bulk and what it answers to readers: touches, views, pages.

Plain values for the recorder and the admin API; they are never stored as they stand here.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

from session_store.lifecycle import EndReason
from session_store.records import (
    Activity,
    ApplicationSession,
    Block,
    Context,
    Milliseconds,
    User,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """Activity of one application session since the last touch; ``requests`` is how many came since then.

    ``context`` is None where there is no newer one; ``context_at_ms`` is when it was seen (0: at ``at_ms``),
    so that the latest stays, in whatever order several workers write.
    """

    session: ApplicationSession
    at_ms: Milliseconds
    requests: int
    context: Context | None = None
    context_at_ms: Milliseconds = 0


@dataclass(frozen=True, slots=True)
class UserView:
    """A user as the admin API shows one; ``sessions`` counts the live application sessions."""

    user: User
    last_active: Milliseconds
    sessions: int
    block: Block | None = None


@dataclass(frozen=True, slots=True)
class EndedHow:
    """Why a session is over, who ended it (``time``, where nobody did), and when."""

    reason: EndReason
    by: str
    at: Milliseconds


@dataclass(frozen=True, slots=True)
class SessionView:
    """An application session with what changes about it; ``ended`` where it is over."""

    session: ApplicationSession
    activity: Activity
    ended: EndedHow | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of a list, newest first; ``more`` says whether at least one row follows the last of them."""

    items: list[T]
    more: bool
