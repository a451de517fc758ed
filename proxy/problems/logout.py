"""What a sign-out says, of a visitor or of a provider: the other part of 2xxx."""

from proxy.problems.problem import ASK_ADMIN, Problem

LOGOUT_ASK = Problem(
    2030,
    200,
    "Sign out?",
    "This ends your session with every application at this address.",
    "If you did not ask for this, close this page: nothing has changed.",
)
SIGNED_OUT = Problem(
    2031,
    200,
    "You are signed out",
    "Your session here has ended.",
    "If others use this browser, close it: other applications may have sessions of their own.",
)
SIGNED_OUT_HERE_ONLY = Problem(
    2032,
    200,
    "You are signed out here",
    "Your session here has ended. The identity provider could not end every other one.",
    "Close your browser, or sign out at your identity provider.",
)
LOGOUT_NOT_UNDERSTOOD = Problem(
    2040,
    400,
    "Sign-out message not understood",
    "What came as a sign-out message of the identity provider is none, or lacks a part. Nothing has changed.",
    ASK_ADMIN,
)
LOGOUT_NOT_ACCEPTED = Problem(
    2041,
    400,
    "Sign-out message not accepted",
    "It did not pass the checks, so nobody was signed out by it.",
    ASK_ADMIN,
)
LOGOUT_REPLAYED = Problem(
    2042,
    400,
    "This sign-out message was used before",
    "Each one counts once, and this one came a second time. Nothing has changed.",
    ASK_ADMIN,
)
TOO_MANY_LOGOUTS = Problem(
    2043,
    429,
    "Too many invalid sign-out messages",
    "Too many sign-out messages for this identity provider were invalid within a minute.",
    "Wait a minute, then try again.",
)
LOGOUT_DONE = Problem(
    2044,
    200,
    "Signed out",
    "The identity provider's sign-out was carried out here.",
    "You can close this page.",
)
LOGOUT_UNASKED = Problem(
    2045,
    400,
    "No sign-out waits for this answer",
    "Your identity provider answers a sign-out that is finished, or that was not begun here.",
    "If you signed out, your session here has ended already.",
)
