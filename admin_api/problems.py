"""Everything that the API can refuse: public code, status, sentence, and the envelope that it leaves in.

The sentences are fixed: nothing that a caller sent is ever repeated to it. Knows neither the store nor paths.
"""

import traceback
from collections.abc import Mapping
from enum import Enum

import msgspec
from aiohttp import web

_JSON = msgspec.json.Encoder()


class Code(Enum):
    """Number, HTTP status and sentence of each refusal; 3xxx is the API's family, 4xxx the store's."""

    INTERNAL = (3000, 500, "The request could not be served; the log tells more under its operation id.")
    NO_CREDENTIALS = (3001, 401, "Send an API token as `Authorization: Bearer TOKEN`.")
    BAD_CREDENTIALS = (3002, 401, "The credentials are not those of a valid API token.")
    TOO_LITTLE_SCOPE = (3003, 403, "The token's scope does not cover this.")
    TOO_MANY_FAILURES = (3004, 429, "Too many failed authentications from this address.")
    TOO_MANY_STREAMS = (
        3005,
        503,
        "As many event streams are open, in all or by this token, as there may be; try again later.",
    )
    BUSY = (3006, 503, "As many costly reads go on, in all or by this token, as there may be; try again.")
    SESSION_OVER = (3007, 401, "Nobody is signed in to the dashboard with this cookie; sign in again.")
    FOREIGN_PAGE = (
        3008,
        403,
        "With the dashboard's cookie, a call must come from its own pages; `details.check` says why not.",
    )
    BAD_CSRF = (
        3009,
        403,
        "With the dashboard's cookie, `X-Outerward-CSRF` must be what the page of this session was given.",
    )
    UNKNOWN_PATH = (3010, 404, "There is nothing at this path.")
    METHOD_NOT_ALLOWED = (3011, 405, "This path does not have this method.")
    NOT_FOUND = (3012, 404, "There is no such resource, or it exists no more.")
    BAD_PARAMETER = (3020, 400, "A query parameter is unknown here, or was given more than once.")
    BAD_LIMIT = (3021, 400, "`limit` must be a whole number from 1 to 100.")
    BAD_BEFORE_ID = (3022, 400, "`before_id` must be an id of the listed kind.")
    BAD_VERSION = (3023, 400, "`Ngrok-Version` must be 2, or absent.")
    BAD_FILTER = (3024, 400, "The filter cannot be understood; `details` say where and why.")
    TOO_BROAD = (3025, 400, "Too many records would have to be read; a condition on a named field helps.")
    BAD_SEARCH = (3026, 400, "`q` must not be longer than 200 characters.")
    BAD_CHOICE = (3027, 400, "A query parameter has none of its values; `details` name them.")
    NOT_WITH_CSV = (3028, 400, "`limit` and `before_id` do not go with `format=csv`, which holds every row.")
    BAD_BODY = (3030, 400, "The body must be a JSON object with the documented members, each at most once.")
    BODY_TOO_LARGE = (3031, 413, "The body is too large, or compressed; `details.largest` is in bytes.")
    BODY_TOO_SLOW = (3032, 408, "The body did not arrive in time.")
    BAD_EXPECTATION = (3033, 417, "The only expectation that can be met is 100-continue.")
    MALFORMED_REQUEST = (3034, 400, "The request is not valid HTTP/1.1.")
    BAD_NEXT = (3035, 400, "`next` is not what an answer of this API held.")
    BAD_ID = (3036, 400, "A parameter or header that names something is not its id; `details` say which.")
    NOT_JSON = (3037, 403, "With the dashboard's cookie, a body must be `application/json`.")
    STORE_UNAVAILABLE = (4000, 503, "The session store does not answer; try again.")
    NOT_CONFIRMED = (
        4001,
        503,
        "Not confirmed: this may have taken effect or not; nothing acts later by itself. Repeat the request.",
    )
    ERASURE_NOT_CONFIRMED = (
        4002,
        503,
        "Not confirmed: the erasure may have begun; what has begun goes on by itself. Repeat the request.",
    )

    def __init__(self, number: int, status: int, sentence: str) -> None:
        self.number = number
        self.status = status
        self.sentence = sentence

    @property
    def public(self) -> str:
        """The code as clients see it and the documentation lists it."""
        return f"ERR_OUTERWARD_{self.number}"


class Problem(Exception):
    """A refusal; ``details`` and ``headers`` go into the answer and hold nothing that the caller sent."""

    def __init__(
        self,
        code: Code,
        *,
        details: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code.public)
        self.code = code
        self.details = dict(details or {})
        self.headers = dict(headers or {})


def place_of(error: Exception) -> list[str]:
    """Where ``error`` was raised, for the log; its text may quote what the caller sent and is left out."""
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{frame.name}:{frame.lineno}" for frame in frames[-5:]]


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every error answer; all four members are always there."""

    error_code: str
    status_code: int
    msg: str
    details: dict[str, str]


def problem_response(problem: Problem, operation_id: str) -> web.Response:
    """The answer that tells ``problem``."""
    code = problem.code
    envelope = Envelope(
        error_code=code.public,
        status_code=code.status,
        msg=code.sentence,
        details={"operation_id": operation_id, **problem.details},
    )
    headers = dict(problem.headers)
    if code.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if code.status in {429, 503}:
        headers["Retry-After"] = "1"
    return json_response(envelope, status=code.status, headers=headers)


def json_response(
    body: msgspec.Struct | Mapping[str, object],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """An ``application/json`` answer with ``body``."""
    return web.Response(
        status=status, body=_JSON.encode(body), content_type="application/json", headers=dict(headers or {})
    )
