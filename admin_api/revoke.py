"""``/app/sessions/revoke``: any number of sessions ended, those that a filter finds or those that are named.

One call ends a thousand at most and tells how the next one goes on. Whatever it has told is done.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from aiohttp import web

from admin_api.auth import Scope
from admin_api.bodies import Note, bad_member, parse_json, printable
from admin_api.finding import filtered
from admin_api.operations import Call, Operation, Resource
from admin_api.problems import Code, Problem, json_response
from admin_api.revoke_next import Run, read_next, write_next
from session_store import MOST_AT_ONCE, SESSION_PREFIX, Part, SessionId, Store, is_id

_LARGEST_BODY = 65_536
"""A thousand ids in it, with room for white space."""


class RevokeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which sessions to end: one of ``filter``, ``ids`` and ``next``, and with ``next`` nothing else."""

    filter: str | msgspec.UnsetType = msgspec.UNSET
    ids: Annotated[list[str], msgspec.Meta(max_length=MOST_AT_ONCE)] | msgspec.UnsetType = msgspec.UNSET
    next: str | msgspec.UnsetType = msgspec.UNSET
    reason: Note | msgspec.UnsetType = msgspec.UNSET
    dry_run: bool | msgspec.UnsetType = msgspec.UNSET


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A session that was named and could not be ended, and why."""

    id: str
    msg: str


class Revoked(msgspec.Struct, frozen=True, kw_only=True):
    """What one call did; ``matched``, ``users`` and ``yours`` count from the revocation's first call on."""

    matched: int
    users: int
    yours: int
    revoked: list[SessionId]
    failed: list[Failure]
    next: str | None


class BulkRevocation:
    """Ends sessions by the thousand."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def resources(self) -> Sequence[Resource]:
        """The one path."""
        revoke = Operation(self.revoke, Scope.REVOKE, takes_body=True, largest_body=_LARGEST_BODY)
        return [Resource("/app/sessions/revoke", {"POST": revoke})]

    async def revoke(self, call: Call) -> web.Response:
        """End sessions; durable before the answer. Raises Problem (400), TooBroad, StoreUnavailable."""
        wanted = parse_json(call.body, RevokeRequest)
        if isinstance(wanted.next, str):
            if any(each is not msgspec.UNSET for each in _beside_next(wanted)):
                raise bad_member("next")
            return await self._go_on(call, read_next(wanted.next))
        reason = printable("reason", wanted.reason or "")
        if isinstance(wanted.filter, str) and wanted.ids is msgspec.UNSET:
            begun = Run(
                filter=wanted.filter, reason=reason, dry_run=bool(wanted.dry_run), run=call.operation_id
            )
            return await self._go_on(call, begun)
        if isinstance(wanted.ids, list) and wanted.filter is msgspec.UNSET:
            return await self._end_named(call, _checked(wanted.ids), reason, dry_run=bool(wanted.dry_run))
        raise Problem(Code.BAD_BODY)

    async def _go_on(self, call: Call, run: Run) -> web.Response:
        part = await self._store.end_found(
            filtered(run.filter, "sessions"),
            by=call.actor,
            operation_id=call.operation_id,
            note=run.reason,
            run=run.run,
            before=run.before or None,
            counted=(run.matched, run.yours),
            own=call.own,
            dry_run=run.dry_run,
        )
        if part.before is None:
            return _told(part, None)
        return _told(
            part, msgspec.structs.replace(run, before=part.before, matched=part.matched, yours=part.yours)
        )

    async def _end_named(
        self, call: Call, ids: Sequence[SessionId], reason: str, *, dry_run: bool
    ) -> web.Response:
        part = await self._store.end_named(
            ids,
            by=call.actor,
            operation_id=call.operation_id,
            note=reason,
            own=call.own,
            dry_run=dry_run,
        )
        return _told(part, None)


def _beside_next(wanted: RevokeRequest) -> tuple[object, ...]:
    return wanted.filter, wanted.ids, wanted.reason, wanted.dry_run


def _checked(ids: Sequence[str]) -> Sequence[SessionId]:
    """``ids`` as they are. Raises Problem (400) where one has not the shape of a session's id."""
    if not all(is_id(each, SESSION_PREFIX) for each in ids):
        raise bad_member("ids")
    return [SessionId(each) for each in ids]


def _told(part: Part, following: Run | None) -> web.Response:
    return json_response(
        Revoked(
            matched=part.matched,
            users=part.users,
            yours=part.yours,
            revoked=part.revoked,
            failed=[Failure(id=each, msg=Code.NOT_FOUND.sentence) for each in part.failed],
            next=None if following is None else write_next(following),
        )
    )
