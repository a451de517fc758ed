"""What the edge says by itself about a request that no application answers: 1xxx."""

from proxy.problems.problem import ASK_ADMIN, ASK_APP, TRY_AGAIN, Problem

BAD_REQUEST = Problem(
    1000, 400, "Request not understood", "Your browser sent a request that does not follow HTTP.", ASK_APP
)
UNKNOWN_HOST = Problem(
    1001, 404, "No application here", "This address does not belong to any application.", "Check the address."
)
NO_ROUTE = Problem(
    1002, 404, "Nothing at this address", "No application answers at this path.", "Check the address."
)
AMBIGUOUS_PATH = Problem(
    1003, 400, "Address can be read two ways", "The path of this address could mean two places.", ASK_APP
)
METHOD_NOT_SUPPORTED = Problem(
    1004, 405, "Method not supported", "This kind of request cannot be made here.", ASK_APP
)
FOREIGN_PAGE = Problem(
    1005,
    403,
    "Connection from another site",
    "A page of another site tried to open a connection to this application.",
    ASK_APP,
)
RESERVED_NOT_FOUND = Problem(
    1006,
    404,
    "Page not found",
    "Paths under /.outerward/ are reserved, and this one holds nothing.",
    ASK_APP,
)
MISDIRECTED = Problem(
    1007,
    421,
    "Not the address of the dashboard",
    "The dashboard is here, but it answers under its own address only.",
    "Go on to that address.",
)
BODY_TOO_LARGE = Problem(
    1010, 413, "Too large", "What you sent is larger than this application accepts.", "Send less at a time."
)
URI_TOO_LONG = Problem(1011, 414, "Address too long", "The address is longer than is accepted here.", ASK_APP)
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
    1014, 417, "Expectation not met", "The request expects something that is not offered here.", ASK_APP
)
HTTP_VERSION = Problem(
    1015, 505, "HTTP version not supported", "Only HTTP/1.0 and HTTP/1.1 are spoken here.", ASK_APP
)
NOT_IMPLEMENTED = Problem(
    1016, 501, "Not supported", "The request uses a feature that is not supported here.", ASK_APP
)
UPSTREAM_REFUSED = Problem(
    1020, 502, "The application cannot be reached", "It refused the connection or broke it off.", TRY_AGAIN
)
UPSTREAM_SILENT = Problem(
    1021, 504, "The application does not answer", "It did not answer in time.", TRY_AGAIN
)
UPSTREAM_INVALID = Problem(
    1022, 502, "The application's answer is broken", "Its answer does not follow HTTP.", ASK_ADMIN
)
UPSTREAM_BUSY = Problem(
    1023, 503, "The application is busy", "As many requests as it can take are under way.", TRY_AGAIN
)
INTERNAL = Problem(
    1090, 500, "Something went wrong here", "The fault is ours, not yours, and it was logged.", ASK_ADMIN
)
