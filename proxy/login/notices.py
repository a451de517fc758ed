"""Words for sessions that others ended, for logins that failed and for accounts that are blocked. Pure."""

from dataclasses import replace
from datetime import UTC, datetime

from idp_adapters import LoginError, LoginErrorReason
from proxy.problems import (
    ACCOUNT_BLOCKED,
    ANSWER_EXPIRED,
    ANSWER_INVALID,
    ANSWER_UNSOLICITED,
    CLAIMS_INVALID,
    CLOCK_SKEW,
    LOGIN_DECLINED,
    LOGIN_REFUSED,
    LOGINS_BUSY,
    NOT_ANEW,
    PROVIDER_ERROR,
    PROVIDER_MISCONFIGURED,
    PROVIDER_UNREACHABLE,
    SESSION_ENDED,
    SIGNATURE_WEAK,
    TOKEN_INVALID,
    Problem,
)
from session_store import NOTICE_REASONS, EndReason, Tombstone

_MINUTE_MS = 60_000
_ENDED_BY_ADMINISTRATOR = "An administrator ended your session on {when}."
_ENDED_ELSEWHERE = "You signed out elsewhere, and that ended your session here on {when}."
_OUTNUMBERED = (
    "You signed in elsewhere, and that made more sessions than one person may have here: the oldest, in this "
    "browser, ended on {when}."
)
_SENTENCES = {
    EndReason.REVOKED: _ENDED_BY_ADMINISTRATOR,
    EndReason.USER_DELETED: "An administrator removed your account here and ended your session on {when}.",
    EndReason.BLOCKED: "An administrator blocked your account and ended your session on {when}.",
    EndReason.LOGOUT: _ENDED_ELSEWHERE,
    EndReason.BACK_CHANNEL: _ENDED_ELSEWHERE,
    EndReason.FRONT_CHANNEL: _ENDED_ELSEWHERE,
    EndReason.SAML_LOGOUT: _ENDED_ELSEWHERE,
    EndReason.SESSION_LIMIT: _OUTNUMBERED,
}

_FAILURES: dict[LoginErrorReason, Problem] = {
    "denied": LOGIN_DECLINED,
    "provider_error": PROVIDER_ERROR,
    "provider_unreachable": PROVIDER_UNREACHABLE,
    "provider_misconfigured": PROVIDER_MISCONFIGURED,
    "invalid_response": ANSWER_INVALID,
    "invalid_token": TOKEN_INVALID,
    "clock_skew": CLOCK_SKEW,
    "expired": ANSWER_EXPIRED,
    "not_anew": NOT_ANEW,
    "weak_signature": SIGNATURE_WEAK,
    "unsolicited": ANSWER_UNSOLICITED,
    "overloaded": LOGINS_BUSY,
    "invalid_claims": CLAIMS_INVALID,
}


def notice_of(tombstone: Tombstone) -> Problem | None:
    """What the login page says about an ended session, with the time; None where no notice is due."""
    if tombstone.reason not in NOTICE_REASONS:
        return None
    sentence = _SENTENCES[tombstone.reason].format(when=minute_of(tombstone.ended_at))
    return replace(SESSION_ENDED, sentence=sentence)


def block_of(until_ms: int | None) -> Problem:
    """The page for an account that is blocked, until ``until_ms`` where the block ends by itself."""
    if until_ms is None:
        return ACCOUNT_BLOCKED
    # Rounded up, so that the minute that is told is not too early.
    until = minute_of(until_ms + _MINUTE_MS - 1)
    return replace(ACCOUNT_BLOCKED, sentence=f"An administrator has blocked this account until {until}.")


def minute_of(unix_ms: int) -> str:
    """A time as pages tell it: ``3 March 2026 at 10:05 UTC``."""
    when = datetime.fromtimestamp(unix_ms / 1000, UTC)
    return f"{when.day} {when:%B %Y at %H:%M} UTC"


def failure_of(error: LoginError, *, in_callback: bool = False) -> Problem:
    """The page for a login that the provider's side ended.

    ``in_callback``: the error stands in the callback itself, so it is the answer and not an outage.
    """
    if in_callback and error.reason == "provider_error":
        return LOGIN_REFUSED
    problem = _FAILURES[error.reason]
    if error.reason == "clock_skew" and error.skew_s:
        side = "ahead of" if error.skew_s > 0 else "behind"
        sentence = f"The identity provider's clock seems to be {abs(error.skew_s):.0f} seconds {side} ours."
        return replace(problem, sentence=f"{sentence} {problem.sentence}")
    if error.reason == "weak_signature":
        return replace(problem, sentence=problem.sentence.format(how=error.detail))
    return problem
