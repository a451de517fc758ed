"""A visitor's sessions as a person knows them: by browser, this one first, then by what was used last."""

from typing import Any

from proxy.login.own_sessions import devices_of
from session_store import (
    Activity,
    ApplicationSession,
    BrowserSession,
    Context,
    CookieHash,
    Location,
    SessionId,
    SessionView,
    UserAgent,
)
from tests.support.edge import route
from tests.support.upstreams import Echo
from tests.unit.proxy.test_gate import browser, session

OWN = CookieHash(b"o" * 32)
DAY = 86_400_000
CHROME = UserAgent(browser_name="Chrome", os_name="Windows")


def own(**changes: Any) -> BrowserSession:
    return browser(cookie_hash=OWN, issued_at=DAY, **changes)


def view(
    name: str,
    by: CookieHash,
    last_active: int = DAY,
    *,
    at: str = "app.localhost",
    agent: UserAgent = CHROME,
    location: Location | None = None,
    created_at: int = DAY,
) -> SessionView:
    record: ApplicationSession = session(
        id=SessionId(name), cookie_hash=by, endpoint=route(Echo().address, at).endpoint, created_at=created_at
    )
    context = Context(ip_address="192.0.2.7", user_agent=agent, location=location)
    return SessionView(
        session=record, activity=Activity(last_active=last_active, requests=1, context=context)
    )


def by(letter: str) -> CookieHash:
    return CookieHash(letter.encode() * 32)


def test_this_browser_comes_first_and_the_others_by_their_last_activity() -> None:
    views = [view("a", by("a"), 3), view("b", by("b"), 9), view("own", OWN, 1), view("c", by("c"), 5)]
    devices = devices_of(own(), views)
    assert [device.end for device in devices] == ["own", "b", "c", "a"]
    assert [device.is_this for device in devices] == [True, False, False, False]


def test_a_browser_is_one_device_whatever_it_uses_and_is_told_by_what_it_did_last() -> None:
    phone = UserAgent(browser_name="Mobile Safari", os_name="iOS")
    views = [
        view("old", by("a"), 2 * DAY, at="one.localhost", created_at=3 * DAY),
        view("new", by("a"), 4 * DAY, at="two.localhost", agent=phone, location=Location(country_code="NO")),
        view("more", by("a"), 3 * DAY, at="one.localhost"),
    ]
    _, device = devices_of(own(), views)
    assert (device.name, device.where) == ("Mobile Safari on iOS", "192.0.2.7 (NO)")
    assert device.applications == ("http://one.localhost", "http://two.localhost")
    assert (device.signed_in, device.last_active) == (
        "2 January 1970 at 00:00 UTC",
        "5 January 1970 at 00:00 UTC",
    )
    assert device.end == "new"


def test_this_browser_is_there_before_it_has_been_anywhere_and_has_nothing_to_end() -> None:
    (device,) = devices_of(own(), [])
    assert (device.name, device.is_this, device.end) == ("This browser", True, "")
    assert device.signed_in == "2 January 1970 at 00:00 UTC"


def test_what_is_not_known_of_a_browser_is_said_so() -> None:
    for agent, name in (
        (UserAgent(), "Unknown browser"),
        (UserAgent(browser_name="curl"), "curl"),
        (UserAgent(os_name="Linux"), "Unknown browser on Linux"),
    ):
        assert devices_of(own(), [view("x", OWN, agent=agent)])[0].name == name
    assert devices_of(own(), [view("x", OWN, location=Location())])[0].where == "192.0.2.7"
