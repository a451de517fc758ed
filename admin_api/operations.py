"""What a path offers: a resource is a path with its operations, an operation what one method does there.

Handlers get a ``Call``, which has passed every check that does not need the store; they see no request.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from admin_api.auth import Scope
from admin_api.problems import Code, Problem


@dataclass(frozen=True, slots=True)
class Call:
    """One admitted call. ``query`` holds known parameters only, ``id`` has the right shape (or is "")."""

    actor: str = ""
    id: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Operation:
    """What one method does: ``run``, and what a call of it must satisfy."""

    run: Callable[[Call], Awaitable[web.Response]]
    needs: Scope = Scope.READ
    query: frozenset[str] = frozenset()
    id_prefixes: tuple[str, ...] = ()
    takes_body: bool = False


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
