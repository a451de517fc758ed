"""The store as whoever ends sessions and users sees it; ``Store`` is this and more.

``revocation``, ``named``, ``bulk``, ``erasure`` and ``blocks`` do it. In every method ``by`` is the author as
events and tombstones name one, ``operation_id`` the call of the API, ``note`` what the author says about it.
NotConfirmed is raised by each where the store did not confirm it within ``command_timeout_s``: the caller
repeats it.
"""

from collections.abc import Sequence

from session_store.blocks import Blocks
from session_store.bulk import Bulk, Part
from session_store.endings import Act
from session_store.erasure import Erasure
from session_store.ids import SessionId, UserId
from session_store.lifecycle import EndReason
from session_store.named import Named
from session_store.query import Wanted
from session_store.records import Block, CookieHash, Milliseconds, UserTag
from session_store.revocation import Revocation


class ActFace:
    """Ends of sessions and of users."""

    _revocation: Revocation
    _named: Named
    _bulk: Bulk
    _erasure: Erasure
    _blocks: Blocks

    async def end_browser_session(self, cookie_hash: CookieHash, reason: EndReason, by: str) -> bool:
        """End a browser session with all its application sessions, for good; False where none was live."""
        return await self._revocation.end_browser_session(cookie_hash, Act(reason=reason, by=by))

    async def end_application_session(
        self, session_id: SessionId, reason: EndReason, by: str, *, operation_id: str = "", note: str = ""
    ) -> bool:
        """End one application session for good, and its browser session when no other of it is live.

        False where it was not live.
        """
        act = Act(reason=reason, by=by, operation_id=operation_id, note=note)
        return await self._revocation.end_application_session(session_id, act)

    async def end_others(self, tag: UserTag, keep: CookieHash, reason: EndReason, by: str) -> int:
        """End for good all browser sessions of a user but ``keep``; how many were live.

        A login of the user that is about to be written is refused too.
        """
        return await self._revocation.end_others(tag, keep, Act(reason=reason, by=by))

    async def end_provider_sessions(
        self, provider: str, names: Sequence[str], reason: EndReason, by: str
    ) -> int:
        """End for good all that logins at ``provider`` entered under any of ``names``; how many were live.

        Durable when it returns: no check that begins later finds a live record of them, and a login under
        these names that began before is refused. A name that nobody entered ends nothing.
        """
        return await self._named.end(provider, names, Act(reason=reason, by=by))

    async def end_found(
        self,
        wanted: Wanted,
        *,
        by: str,
        operation_id: str = "",
        note: str = "",
        run: str,
        before: str | None = None,
        counted: tuple[int, int] = (0, 0),
        own: UserTag | None = None,
        dry_run: bool = False,
    ) -> Part:
        """End the next thousand sessions that are ``wanted``, newest first behind the position ``before``.

        ``run``: a name of the whole revocation that no other has; ``counted``: ``matched`` and ``yours`` as
        the part before has them; ``own``: whose sessions count as the caller's. ``dry_run`` counts and ends
        nothing. With the last part of a revocation that asks for users and nothing else, their logins end
        too. Raises TooBroad.
        """
        act = Act(reason=EndReason.REVOKED, by=by, operation_id=operation_id, note=note)
        return await self._bulk.end_found(
            wanted, act, run=run, before=before, counted=counted, own=own, dry_run=dry_run
        )

    async def end_named(
        self,
        ids: Sequence[SessionId],
        *,
        by: str,
        operation_id: str = "",
        note: str = "",
        own: UserTag | None = None,
        dry_run: bool = False,
    ) -> Part:
        """End the sessions with these ids, a thousand at most; ``Part.failed``: those that are not live."""
        act = Act(reason=EndReason.REVOKED, by=by, operation_id=operation_id, note=note)
        return await self._bulk.end_named(ids, act, own=own, dry_run=dry_run)

    async def delete_user(self, user_id: UserId, by: str, *, operation_id: str = "", note: str = "") -> bool:
        """End all sessions of a user and remove the record; False where there is no such user.

        Durable when it returns: no check that begins later finds a live record, and a login that began before
        is refused. A block stays.
        """
        act = Act(reason=EndReason.USER_DELETED, by=by, operation_id=operation_id, note=note)
        return await self._erasure.delete(user_id, act)

    async def erase_user(self, user_id: UserId, by: str, *, operation_id: str = "", note: str = "") -> bool:
        """Delete a user and all that is kept about the person, a block, ended sessions and events too.

        An event that names a hash alone stays. False where there is neither such a user nor anything left to
        erase of one.
        """
        act = Act(reason=EndReason.USER_DELETED, by=by, operation_id=operation_id, note=note)
        return await self._erasure.erase(user_id, act)

    async def block_user(
        self, user_id: UserId, *, until: Milliseconds | None, reason: str, by: str, operation_id: str = ""
    ) -> Block | None:
        """End all sessions of a user and refuse logins of this person until ``until``, or for good.

        Durable when it returns, as ``delete_user`` has it. None where there is no such user.
        """
        return await self._blocks.put(user_id, until=until, reason=reason, by=by, operation_id=operation_id)

    async def unblock_user(self, user_id: UserId, by: str, *, operation_id: str = "") -> bool:
        """Let this person sign in again; False where nobody with this id is blocked."""
        return await self._blocks.remove(user_id, by, operation_id)
