"""The state machine of a session, whole: every state, every allowed step, every reason for an end.

A visitor is *anonymous* until a login begins, *pending* until the provider's answer is accepted, then
*active*. An active session ends once and for all: by its absolute end, by idleness, or by an act
(revocation, logout, ...). No step leads out of an ended state: a new login makes a new session. The Lua
scripts carry these steps out, each within one slot, and none of them writes a live record over an end.
"""

from enum import Enum


class State(Enum):
    """Where a session stands."""

    ANONYMOUS = "anonymous"
    PENDING_LOGIN = "pending_login"
    ACTIVE = "active"
    IDLE = "idle"
    EXPIRED = "expired"
    ENDED = "ended"


class EndReason(Enum):
    """Why a session ended (admin API, ``ended_reason``)."""

    EXPIRED = "expired"
    IDLE = "idle"
    LOGOUT = "logout"
    REVOKED = "revoked"
    USER_DELETED = "user_deleted"
    BLOCKED = "blocked"
    BACK_CHANNEL = "back_channel"
    FRONT_CHANNEL = "front_channel"
    SAML_LOGOUT = "saml_logout"
    REPLACED = "replaced"
    SESSION_LIMIT = "session_limit"
    PIN = "pin"
    REFRESH_REFUSED = "refresh_refused"


TRANSITIONS: dict[State, frozenset[State]] = {
    State.ANONYMOUS: frozenset({State.PENDING_LOGIN}),
    State.PENDING_LOGIN: frozenset({State.ACTIVE, State.ANONYMOUS}),
    State.ACTIVE: frozenset({State.IDLE, State.EXPIRED, State.ENDED}),
    State.IDLE: frozenset(),
    State.EXPIRED: frozenset(),
    State.ENDED: frozenset(),
}

NOTICE_REASONS = frozenset(
    {
        EndReason.REVOKED,
        EndReason.USER_DELETED,
        EndReason.BLOCKED,
        EndReason.BACK_CHANNEL,
        EndReason.FRONT_CHANNEL,
        EndReason.SAML_LOGOUT,
        EndReason.SESSION_LIMIT,
        EndReason.LOGOUT,
    }
)
"""Ends that this browser did not ask for: the login page says so before it goes on.

*logout* is one of them, since a browser that signs itself out has no cookie left.

Not *pin*, whose reader may be the thief that it keeps out, nor *refresh_refused*: the login that follows is
denied by the provider or lets in again.
"""
