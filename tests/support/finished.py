"""Requests that have finished, as the journal gets them."""

from dataclasses import replace

import msgspec

from proxy import Route, UpstreamAddress
from proxy.fields import Refusal
from proxy.finished import Finished, Outcome
from proxy.head import Request, read_head
from session_store import ApplicationSession, SessionId, UserId, UserTag
from tests.support.edge import ada, hash_of, route

ROUTE = route(UpstreamAddress("http", "127.0.0.1", 1))
SESSION = ApplicationSession(
    id=SessionId("as_2abcdefghijklmnopqrstuvwxyz"),
    cookie_hash=hash_of("a cookie"),
    endpoint=ROUTE.endpoint,
    user_id=UserId("usr_2abcdefghijklmnopqrstuvwxyz"),
    user_tag=UserTag("tag"),
    principal=ada(),
    created_at=0,
    expires_at=1,
    idle_timeout_s=0,
)


def request(
    target: bytes = b"/some/path?a=b", *headers: tuple[bytes, bytes], agent: bytes = b"Mozilla/5.0"
) -> Request:
    """A GET of ``target``."""
    lines = [(b"Host", b"app.localhost"), (b"User-Agent", agent), *headers]
    judged = read_head(b"GET", target, "1.1", lines, keep_alive=True, upgrade=False)
    assert isinstance(judged, Request)
    return judged


def finished(
    judged: Request | Refusal | None = request(),  # noqa: B008 - the same for all, and changed by none
    *,
    began_s: float = 100.0,
    checked_s: float = 100.0625,
    answered_s: float = 100.1875,
    ended_s: float = 100.25,
    request_id: str = "0123456789abcdef",
    client: str = "192.0.2.7",
    route: Route | None = ROUTE,
    outcome: Outcome = "allow",
    status: int = 200,
    sent: int = 1234,
    complete: bool = True,
    session: ApplicationSession | None = SESSION,
) -> Finished:
    """A quarter of a second of ``judged``."""
    return Finished(
        began_s,
        checked_s,
        answered_s,
        ended_s,
        request_id,
        client,
        judged,
        route,
        outcome,
        status,
        sent,
        complete,
        session,
    )


def at_endpoint(public_url: str) -> Route:
    """A route to an endpoint of that name."""
    return replace(ROUTE, endpoint=msgspec.structs.replace(ROUTE.endpoint, public_url=public_url))
