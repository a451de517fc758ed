"""What a login says where it stops, asks or is refused: 2xxx, with the sign-outs beside it."""

from proxy.problems.problem import ASK_ADMIN, ASK_APP, TRY_AGAIN, Problem

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
    2004, 400, "No such sign-in here", "This application does not use that identity provider.", ASK_APP
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
TOO_MANY_BEGUN = Problem(
    2015,
    429,
    "Too many sign-ins begun",
    "Too many sign-ins were begun from your network within the last minutes.",
    "Wait ten minutes, then reload this page. Sessions that are open already are not affected.",
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
    ASK_ADMIN,
)
PROVIDER_ERROR = Problem(
    2022,
    502,
    "The identity provider failed",
    "It answered, but with an error of its own.",
    "Wait a moment and try again. " + ASK_ADMIN,
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
    "Start the sign-in again. " + ASK_ADMIN,
)
CLOCK_SKEW = Problem(
    2026,
    403,
    "The clocks disagree",
    "The clock here and the identity provider's differ too much to accept a sign-in.",
    ASK_ADMIN,
)
CLAIMS_INVALID = Problem(
    2027,
    403,
    "This account cannot be used",
    "What the identity provider says about this account holds characters that must not be passed on, "
    "or lacks its identifier.",
    ASK_ADMIN,
)
LOGIN_REFUSED = Problem(
    2028,
    403,
    "The identity provider refused this sign-in",
    "It ended the sign-in with an error instead of telling who you are.",
    "Start the sign-in again. " + ASK_ADMIN,
)
ANSWER_EXPIRED = Problem(
    2029,
    403,
    "The sign-in answer came too late",
    "What the identity provider said about you was good for a short time only, and that time is over.",
    "Start the sign-in again.",
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
    TRY_AGAIN,
)
NOT_ANEW = Problem(
    2039,
    403,
    "Your identity provider did not ask you anew",
    "This application wants you to sign in anew each time, and your identity provider let you through "
    "without asking.",
    "Sign out at your identity provider, then start the sign-in again. " + ASK_ADMIN,
)
CHOOSE_PROVIDER = Problem(
    2046,
    200,
    "Choose how to sign in",
    "This application takes more than one kind of account.",
    "Choose the one that you were given access with.",
)
ACCOUNT_BLOCKED = Problem(
    2047,
    403,
    "This account is blocked",
    "An administrator has blocked this account, so it cannot be used to sign in here.",
    "Use another account, or ask your administrator.",
)
