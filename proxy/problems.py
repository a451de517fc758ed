"""Every answer of ours that says no, as data: number, status, and words for the visitor.

The families: 1xxx edge, 2xxx login, 4xxx store. A number never changes its meaning; tests and scripts compare
numbers, people read the words. Knows neither HTML nor JSON.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """One thing to do next; the first on a page is the main one.

    ``post`` makes it a button that POSTs an empty body to ``href``: for whatever changes state.
    """

    label: str
    href: str
    post: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """What is the matter (``title``, ``sentence``) and what to do next (``advice``)."""

    number: int
    status: int
    title: str
    sentence: str
    advice: str

    @property
    def page_code(self) -> str:
        """The code at the foot of a page."""
        return f"OUT-{self.number}"

    @property
    def error_code(self) -> str:
        """The code in the JSON envelope."""
        return f"ERR_OUTERWARD_{self.number}"


_ASK_APP = "If a link brought you here, tell the people who run this application."
_ASK_ADMIN = "If this goes on, give your administrator the code and the request number below."
_TRY_AGAIN = "Wait a moment and reload this page."

BAD_REQUEST = Problem(
    1000, 400, "Request not understood", "Your browser sent a request that does not follow HTTP.", _ASK_APP
)
UNKNOWN_HOST = Problem(
    1001, 404, "No application here", "This address does not belong to any application.", "Check the address."
)
NO_ROUTE = Problem(
    1002, 404, "Nothing at this address", "No application answers at this path.", "Check the address."
)
AMBIGUOUS_PATH = Problem(
    1003, 400, "Address can be read two ways", "The path of this address could mean two places.", _ASK_APP
)
METHOD_NOT_SUPPORTED = Problem(
    1004, 405, "Method not supported", "This kind of request cannot be made here.", _ASK_APP
)
FOREIGN_PAGE = Problem(
    1005,
    403,
    "Connection from another site",
    "A page of another site tried to open a connection to this application.",
    _ASK_APP,
)
RESERVED_NOT_FOUND = Problem(
    1006,
    404,
    "Page not found",
    "Paths under /.outerward/ are reserved, and this one holds nothing.",
    _ASK_APP,
)
BODY_TOO_LARGE = Problem(
    1010, 413, "Too large", "What you sent is larger than this application accepts.", "Send less at a time."
)
URI_TOO_LONG = Problem(
    1011, 414, "Address too long", "The address is longer than is accepted here.", _ASK_APP
)
HEADERS_TOO_LARGE = Problem(
    1012,
    431,
    "Headers too large",
    "Your browser sent more headers than are accepted, often because of many cookies.",
    "Delete this site's cookies and try again.",
)
REQUEST_TIMEOUT = Problem(
    1013,
    408,
    "Request took too long",
    "The request did not arrive in time.",
    "Check your network and try again.",
)
EXPECTATION_FAILED = Problem(
    1014, 417, "Expectation not met", "The request expects something that is not offered here.", _ASK_APP
)
HTTP_VERSION = Problem(
    1015, 505, "HTTP version not supported", "Only HTTP/1.0 and HTTP/1.1 are spoken here.", _ASK_APP
)
NOT_IMPLEMENTED = Problem(
    1016, 501, "Not supported", "The request uses a feature that is not supported here.", _ASK_APP
)
UPSTREAM_REFUSED = Problem(
    1020, 502, "The application cannot be reached", "It refused the connection or broke it off.", _TRY_AGAIN
)
UPSTREAM_SILENT = Problem(
    1021, 504, "The application does not answer", "It did not answer in time.", _TRY_AGAIN
)
UPSTREAM_INVALID = Problem(
    1022, 502, "The application's answer is broken", "Its answer does not follow HTTP.", _ASK_ADMIN
)
UPSTREAM_BUSY = Problem(
    1023, 503, "The application is busy", "As many requests as it can take are under way.", _TRY_AGAIN
)
INTERNAL = Problem(
    1090, 500, "Something went wrong here", "The fault is ours, not yours, and it was logged.", _ASK_ADMIN
)

LOGIN_REQUIRED = Problem(
    2000, 401, "Sign in first", "This address needs a session.", "Open it in a browser and sign in."
)
NOT_ALLOWED = Problem(
    2001,
    403,
    "You are not allowed in here",
    "You signed in, but this account is not on the list for this application.",
    "Use another account, or ask your administrator for access.",
)
SESSION_ENDED = Problem(
    2002,
    200,
    "Your session was ended",
    "You were signed out.",
    "You can sign in again if you still have access.",
)
FOREIGN_ORIGIN = Problem(
    2003,
    403,
    "Not from this site",
    "This step can only be taken from a page of this site, and your browser did not say that it was.",
    "Go back to the application and use the button there.",
)
UNKNOWN_PROVIDER = Problem(
    2004, 400, "No such sign-in here", "This application does not use that identity provider.", _ASK_APP
)
CALLBACK_MALFORMED = Problem(
    2010,
    400,
    "Sign-in answer not understood",
    "The answer of the identity provider lacks a part or names one twice.",
    "Start the sign-in again.",
)
LOGIN_UNKNOWN = Problem(
    2011,
    400,
    "This sign-in is no longer open",
    "It was finished or given up before, took longer than 10 minutes, or was begun in another browser.",
    "Start the sign-in again.",
)
ALREADY_SIGNED_IN = Problem(
    2012,
    400,
    "You are signed in already",
    "This sign-in was finished before, and your session here is open.",
    "Go on to the application.",
)
LOGIN_OVERTAKEN = Problem(
    2013,
    409,
    "Sign-in overtaken",
    "While you signed in, this account's sessions were ended, by an administrator or by your identity "
    "provider. This sign-in does not count.",
    "Start the sign-in again if you still have access.",
)
TOO_MANY_FAILURES = Problem(
    2014,
    429,
    "Too many failed sign-ins",
    "Too many sign-ins from your network failed within a minute.",
    "Wait a minute, then start again.",
)
PROVIDER_UNREACHABLE = Problem(
    2020,
    503,
    "The identity provider does not answer",
    "You sign in to this application through it, and it cannot be reached now.",
    "Wait a moment and try again. Sessions that are open already are not affected.",
)
PROVIDER_MISCONFIGURED = Problem(
    2021,
    502,
    "The identity provider cannot be used",
    "What it publishes about itself does not fit the configuration here.",
    _ASK_ADMIN,
)
PROVIDER_ERROR = Problem(
    2022,
    502,
    "The identity provider failed",
    "It answered, but with an error of its own.",
    "Wait a moment and try again. " + _ASK_ADMIN,
)
LOGIN_DECLINED = Problem(
    2023,
    403,
    "Sign-in declined",
    "You or the identity provider declined the sign-in.",
    "Start the sign-in again if that was not intended.",
)
ANSWER_INVALID = Problem(
    2024,
    400,
    "Sign-in answer not accepted",
    "The answer does not fit the sign-in that was begun here.",
    "Start the sign-in again.",
)
TOKEN_INVALID = Problem(
    2025,
    403,
    "Sign-in could not be verified",
    "What the identity provider said about you did not pass the checks.",
    "Start the sign-in again. " + _ASK_ADMIN,
)
CLOCK_SKEW = Problem(
    2026,
    403,
    "The clocks disagree",
    "The clock here and the identity provider's differ too much to accept a sign-in.",
    _ASK_ADMIN,
)
CLAIMS_INVALID = Problem(
    2027,
    403,
    "This account cannot be used",
    "What the identity provider says about this account holds characters that must not be passed on, "
    "or lacks its identifier.",
    _ASK_ADMIN,
)
LOGIN_REFUSED = Problem(
    2028,
    403,
    "The identity provider refused this sign-in",
    "It ended the sign-in with an error instead of telling who you are.",
    "Start the sign-in again. " + _ASK_ADMIN,
)
ANSWER_EXPIRED = Problem(
    2029,
    403,
    "The sign-in answer came too late",
    "What the identity provider said about you was good for a short time only, and that time is over.",
    "Start the sign-in again.",
)
CHOOSE_PROVIDER = Problem(
    2046,
    200,
    "Choose how to sign in",
    "This application takes more than one kind of account.",
    "Choose the one that you were given access with.",
)
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
ANSWER_REPLAYED = Problem(
    2033,
    400,
    "This sign-in answer was used before",
    "Each answer of the identity provider counts once, and this one came a second time.",
    "Start the sign-in again.",
)
SIGNATURE_WEAK = Problem(
    2034,
    403,
    "The identity provider signs in an outdated way",
    "Its answer is {how}. That can be forged today, so it is not accepted.",
    "Ask your administrator to set the identity provider to sign with RSA and SHA-256 (or stronger), "
    "for the signature and for its digests, with a key of at least 2048 bits.",
)
ANSWER_UNSOLICITED = Problem(
    2035,
    403,
    "Nobody asked for this sign-in",
    "The identity provider sent an answer without a question from here, and those are not accepted.",
    "Begin at the application instead of at the identity provider.",
)
LOGIN_TOO_OLD = Problem(
    2036,
    400,
    "This sign-in was started too long ago",
    "A sign-in has to be finished within 10 minutes, and this one took longer.",
    "Start the sign-in again.",
)
CONFIRM_SIGN_IN = Problem(
    2037,
    200,
    "Sign in here?",
    "Your identity provider sent you here to sign in with this account.",
    "If this is not your account, or you did not ask for this, close this page: nothing has changed.",
)
LOGINS_BUSY = Problem(
    2038,
    503,
    "Many people are signing in",
    "As many sign-ins as can be checked at once are under way.",
    _TRY_AGAIN,
)
NOT_ANEW = Problem(
    2039,
    403,
    "Your identity provider did not ask you anew",
    "This application wants you to sign in anew each time, and your identity provider let you through "
    "without asking.",
    "Sign out at your identity provider, then start the sign-in again. " + _ASK_ADMIN,
)
LOGOUT_NOT_UNDERSTOOD = Problem(
    2040,
    400,
    "Sign-out message not understood",
    "What came as a sign-out message of the identity provider is none, or lacks a part. Nothing has changed.",
    _ASK_ADMIN,
)
LOGOUT_NOT_ACCEPTED = Problem(
    2041,
    400,
    "Sign-out message not accepted",
    "It did not pass the checks, so nobody was signed out by it.",
    _ASK_ADMIN,
)
LOGOUT_REPLAYED = Problem(
    2042,
    400,
    "This sign-out message was used before",
    "Each one counts once, and this one came a second time. Nothing has changed.",
    _ASK_ADMIN,
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

STORE_UNAVAILABLE = Problem(
    4000,
    503,
    "Sessions cannot be checked",
    "The session store has not answered, so nobody is let through for the moment.",
    "Wait a moment and reload this page. You stay signed in.",
)
