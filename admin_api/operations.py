"""What a path offers: a resource is a path with its operations, an operation what one method does there.

Handlers get a ``Call``, which has passed every check that does not need the store; they see no request. What
is too long for one body they give back as a ``Stream``, which ``streaming`` writes.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from admin_api.auth import Scope
from admin_api.bodies import LARGEST_BODY
from admin_api.problems import Code, Problem
from session_store import UserTag

ANSWER_WITHIN_S = 1.9
"""How long the store may take for one call, or for one part of a stream, all in all."""


Stands = Callable[[], Awaitable[bool]]
"""Whether what proved a caller still does. Raises StoreUnavailable."""


async def stands_always() -> bool:
    """It does: nobody was asked who calls."""
    return True


@dataclass(frozen=True, slots=True)
class Call:
    """One admitted call. ``query`` holds known parameters only, ``id`` has the right shape (or is "").

    ``within`` is the id, of any shape, of what the thing with ``id`` is a part of; ``own`` whose sessions are
    the caller's; ``last_event_id`` the header of that name, "" where it is not there. What lasts asks
    ``stands`` now and then.
    """

    actor: str = ""
    scope: Scope = Scope.READ
    own: UserTag | None = None
    operation_id: str = ""
    id: str = ""
    within: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    last_event_id: str = ""
    stands: Stands = stands_always

    def require(self, scope: Scope) -> None:
        """Raise Problem (403) where the caller's scope does not cover ``scope``."""
        if not self.scope.covers(scope):
            raise Problem(Code.TOO_LITTLE_SCOPE, details={"needed": scope.value})


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer of any length, part by part.

    What goes wrong before the first part is an error answer; later it breaks the connection off, so that what
    was cut never looks whole. Each part has ``part_within_s``. ``filename``: what a browser saves it as.
    ``endless``: it goes on until its reader leaves, and looks after its token itself.
    """

    parts: AsyncGenerator[bytes, None]
    content_type: str
    charset: str | None = None
    filename: str = ""
    part_within_s: float = ANSWER_WITHIN_S
    endless: bool = False


Asked = Callable[[Mapping[str, str]], bool]
"""Whether a call with this query is of some kind."""


def always(_query: Mapping[str, str]) -> bool:
    """Every call is."""
    return True


def never(_query: Mapping[str, str]) -> bool:
    """No call is."""
    return False


@dataclass(frozen=True, slots=True)
class Operation:
    """What one method does: ``run``, and what a call of it must satisfy.

    One that ``is_costly`` needs a place. What ``goes_on`` by itself does so where it was begun and not
    confirmed.
    """

    run: Callable[[Call], Awaitable[web.Response | Stream]]
    needs: Scope = Scope.READ
    query: frozenset[str] = frozenset()
    id_prefixes: tuple[str, ...] = ()
    takes_body: bool = False
    largest_body: int = LARGEST_BODY
    is_costly: Asked = never
    goes_on: Asked = never


@dataclass(frozen=True, slots=True)
class Resource:
    """A path and its operations by method; ``open`` ones need no token. Without operations: no such path."""

    path: str
    operations: Mapping[str, Operation]
    open: bool = False

    def operation(self, method: str) -> Operation:
        """The operation of ``method``. Raises Problem: 404 where there is no such path, 405 with Allow."""
        if not self.operations:
            raise Problem(Code.UNKNOWN_PATH)
        operation = self.operations.get(method)
        if operation is None:
            allow = ", ".join(sorted(self.operations))
            raise Problem(Code.METHOD_NOT_ALLOWED, details={"allow": allow}, headers={"Allow": allow})
        return operation
