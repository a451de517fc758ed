"""The visitor's own sessions: seen by browser, ended one by one or all others at once, by nobody else."""

import re
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiohttp
import pytest

from proxy import LoginHost
from proxy.settings import PinKind
from session_store import (
    ApplicationSession,
    BrowserSession,
    Context,
    EndReason,
    Location,
    Store,
    Tombstone,
    UserAgent,
)
from tests.support.control import Browser, Control, Reply, Stub, route, serving
from tests.support.edge import hash_of
from tests.support.relay import Fault, Relay

SESSIONS = "/.outerward/sessions"
LAPTOP = UserAgent(raw="x", browser_name="Firefox", os_name="Linux", device_type="Desktop")
PHONE = UserAgent(raw="y", browser_name="Mobile Safari", os_name="iOS", device_type="Phone")
ROUTES = (
    route("app.example.com"),
    route("apps.localhost", "/wiki", origin="http://apps.localhost:4180"),
    route("apps.localhost", "/notes", origin="http://apps.localhost:4180"),
)


@pytest.fixture
async def control(store: Store) -> AsyncIterator[Control]:
    async with serving(ROUTES, store, [Stub("corp")]) as running:
        yield running


async def signed_in(
    store: Store,
    control: Control,
    agent: UserAgent = LAPTOP,
    address: str = "192.0.2.1",
    *,
    code: str = "ada",
    hostname: str = "app.example.com",
    at: Sequence[int] = (0,),
    location: Location | None = None,
) -> Browser:
    """A browser that has signed in and been at some of ROUTES."""
    made = control.browser(hostname, address)
    home = control.site.hosts[hostname].routes[-1].path_prefix or "/"
    await made.sign_in(home, code)
    session = await store.browser_session(hash_of(made.session or ""))
    assert isinstance(session, BrowserSession)
    for place in at:
        started = await store.start_application_session(
            session,
            ROUTES[place].endpoint,
            expires_at=session.expires_at,
            idle_timeout_s=0,
            context=Context(ip_address=address, user_agent=agent, location=location),
        )
        assert isinstance(started, ApplicationSession)
    return made


async def end(browser: Browser, *values: str, **headers: str) -> Reply:
    """Send the form of a page of ours that ends ``values``."""
    own = {"origin": browser.origin, "sec_fetch_site": "same-origin", **headers}
    form = aiohttp.FormData([("end", value) for value in values] or [("nothing", "")])
    return await browser._send("POST", SESSIONS, own, form)


def named(reply: Reply) -> list[str]:
    """What the buttons of the page end, in order."""
    return re.findall(r'name="end" value="([^"]*)"', reply.text)


async def lives(store: Store, *browsers: Browser) -> list[bool]:
    found = [await store.browser_session(hash_of(browser.session or "")) for browser in browsers]
    return [isinstance(each, BrowserSession) for each in found]


# What is shown


async def test_the_list_is_by_browser_and_this_one_is_marked_and_first(
    store: Store, control: Control
) -> None:
    this = await signed_in(store, control)
    await signed_in(store, control, PHONE, "203.0.113.7", location=Location(country_code="NO"))
    await signed_in(store, control, code="eve", address="198.51.100.66")
    page = await this.get(SESSIONS)

    assert page.status == 200
    assert page.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.text.count("<li>") == 2
    first, second = page.text.split("<li>")[1:]
    assert "Firefox on Linux" in first
    assert "This browser" in first
    assert "192.0.2.1" in first
    assert "Mobile Safari on iOS" in second
    assert "This browser" not in second
    assert "203.0.113.7 (NO)" in second
    assert "https://app.example.com" in second
    assert "ada@example.com" in page.text
    assert "198.51.100.66" not in page.text


async def test_one_browser_at_several_applications_is_one_device_that_names_them(
    store: Store, control: Control
) -> None:
    this = await signed_in(store, control, hostname="apps.localhost", at=(1, 2))
    page = await this.get(SESSIONS)
    assert page.text.count("<li>") == 1
    assert {"http://apps.localhost:4180/wiki", "http://apps.localhost:4180/notes"} <= set(
        re.findall(r"<bdi>(http[^<]*)</bdi>", page.text)
    )
    assert named(page) == []


async def test_a_browser_that_has_been_nowhere_yet_sees_itself(store: Store, control: Control) -> None:
    this = await signed_in(store, control, at=())
    page = await this.get(SESSIONS)
    assert (page.status, page.text.count("<li>")) == (200, 1)
    assert "none yet" in page.text


async def test_names_and_agents_with_markup_are_text(store: Store, control: Control) -> None:
    hostile = UserAgent(raw="r", browser_name="</dd><script>alert(1)</script>", os_name='"><img src=x>')
    this = await signed_in(store, control, code="<b>ada</b>")
    await signed_in(store, control, hostile, "192.0.2.9", code="<b>ada</b>")
    page = await this.get(SESSIONS)

    assert page.text.count("<li>") == 2
    assert not re.search(r"<script|<img|<b>", page.text)
    assert "&lt;script&gt;" in page.text
    assert "&lt;b&gt;ada&lt;/b&gt;@example.com" in page.text


async def test_a_head_request_is_answered_without_a_body(store: Store, control: Control) -> None:
    this = await signed_in(store, control)
    reply = await this.send("HEAD", SESSIONS)
    assert (reply.status, reply.text) == (200, "")
    assert (await this.send("PUT", SESSIONS)).status == 405


# What is ended


async def test_a_button_ends_that_browser_alone(store: Store, control: Control) -> None:
    this, phone, other = [
        await signed_in(store, control, agent, address)
        for agent, address in ((LAPTOP, "192.0.2.1"), (PHONE, "192.0.2.2"), (LAPTOP, "192.0.2.3"))
    ]
    page = await this.get(SESSIONS)
    (of_phone,) = [
        value
        for part in page.text.split("<li>")
        if "iOS" in part
        for value in re.findall(r'value="(edg[^"]*)"', part)
    ]
    reply = await end(this, of_phone)

    assert (reply.status, reply.location) == (303, SESSIONS)
    assert await lives(store, this, phone, other) == [True, False, True]
    ended = await store.browser_session(hash_of(phone.session or ""))
    assert isinstance(ended, Tombstone)
    assert (ended.reason, ended.ended_by[:7]) == (EndReason.LOGOUT, "edgusr_")
    assert (await this.get(SESSIONS)).text.count("<li>") == 2
    assert (await end(this, of_phone)).status == 303


async def test_all_others_go_and_this_one_and_other_people_stay(store: Store, control: Control) -> None:
    this, phone, elsewhere = (
        await signed_in(store, control),
        await signed_in(store, control, PHONE),
        await signed_in(store, control, hostname="apps.localhost", at=(1,)),
    )
    unused = await signed_in(store, control, at=())
    eve = await signed_in(store, control, code="eve")
    assert named(await this.get(SESSIONS))[0] == "others"
    assert (await end(this, "others")).status == 303

    assert await lives(store, this, phone, elsewhere, unused, eve) == [True, False, False, False, True]
    page = await this.get(SESSIONS)
    assert (page.text.count("<li>"), named(page)) == (1, [])


async def test_an_id_of_somebody_elses_session_ends_nothing(store: Store, control: Control) -> None:
    this, eve = await signed_in(store, control), await signed_in(store, control, code="eve")
    (of_eve,) = [
        view.session.id
        for view in (await store.sessions(limit=10, before=None)).items
        if view.session.principal.subject == "eve"
    ]
    assert (await end(this, of_eve)).status == 303
    assert await lives(store, this, eve) == [True, True]


@pytest.mark.parametrize(
    "values", [(), ("others", "others"), ("others", "x")], ids=["none", "doubled", "two"]
)
async def test_a_form_that_names_not_exactly_one_ends_nothing(
    store: Store, control: Control, values: tuple[str, ...]
) -> None:
    this, phone = await signed_in(store, control), await signed_in(store, control, PHONE)
    assert (await end(this, *values)).status == 400
    assert await lives(store, this, phone) == [True, True]


FOREIGN = {
    "another origin": {"origin": "https://evil.example"},
    "no origin": {"origin": "null", "sec_fetch_site": ""},
    "another port": {"origin": "https://app.example.com:8443", "sec_fetch_site": ""},
    "cross-site": {"sec_fetch_site": "cross-site"},
    "same-site": {"sec_fetch_site": "same-site"},
    "unsaid": {"origin": "", "sec_fetch_site": ""},
}


@pytest.mark.parametrize("how", FOREIGN)
async def test_a_page_of_another_site_ends_nothing(store: Store, control: Control, how: str) -> None:
    this, phone = await signed_in(store, control), await signed_in(store, control, PHONE)
    assert (await end(this, "others", **FOREIGN[how])).status == 403
    assert await lives(store, this, phone) == [True, True]


async def test_a_query_is_no_form(store: Store, control: Control) -> None:
    this, phone = await signed_in(store, control), await signed_in(store, control, PHONE)
    assert (await this.get(f"{SESSIONS}?end=others")).status == 200
    assert (await this.post(f"{SESSIONS}?end=others")).status == 400
    assert await lives(store, this, phone) == [True, True]


# Who is not signed in


async def test_without_a_session_a_person_signs_in_and_comes_back_to_the_list(
    store: Store, control: Control
) -> None:
    for hostname in ("app.example.com", "apps.localhost"):
        visitor = control.browser(hostname)
        sent = await visitor.get(SESSIONS)
        assert (sent.status, sent.location) == (302, f"/.outerward/login?redirect_path={SESSIONS}")
        begun = await visitor.get(sent.location)
        landing = await visitor.answer(begun.parameters["state"], "ada")
        assert (landing.status, landing.location) == (302, SESSIONS)
        assert (await visitor.get(SESSIONS)).status == 200


async def test_without_a_session_a_script_is_refused(control: Control) -> None:
    visitor = control.browser("app.example.com")
    for method in ("GET", "HEAD"):
        reply = await visitor.send(method, SESSIONS, sec_fetch_mode="cors")
        assert reply.status == 401
        assert reply.headers["WWW-Authenticate"] == 'Outerward realm="app.example.com"'


async def test_a_cookie_of_another_host_or_of_an_ended_session_shows_nothing(
    store: Store, control: Control
) -> None:
    this = await signed_in(store, control)
    other = control.browser("apps.localhost")
    other.cookies["outerward"] = this.session or ""
    assert (await other.get(SESSIONS)).status == 302
    await store.end_browser_session(hash_of(this.session or ""), EndReason.REVOKED, "owtok_1")
    assert (await this.get(SESSIONS)).status == 302
    assert (await end(this, "others")).status == 303


async def test_the_browser_that_was_signed_out_is_told_at_its_login(store: Store, control: Control) -> None:
    this, phone = await signed_in(store, control), await signed_in(store, control, PHONE)
    await end(this, "others")
    told = await phone.get("/.outerward/login?redirect_path=/")

    assert (told.status, told.code) == (200, "OUT-2002")
    assert "You signed out elsewhere" in told.text


async def test_a_host_for_logins_alone_has_no_list(store: Store) -> None:
    login = LoginHost("login.example.com", "https://login.example.com", secure=True)
    async with serving(ROUTES, store, [Stub("corp")], login) as control:
        reply = await control.browser("login.example.com").get(SESSIONS)
    assert reply.status == 404


async def test_while_the_store_is_away_nothing_is_shown_or_ended(store: Store, store_url: str) -> None:
    relay = Relay(Path(store_url.removeprefix("unix://")), slow_s=0)
    await relay.start()
    behind = Store.open(
        relay.url, secrets=["a secret of the tests, 32 long.."], check_timeout_s=0.3, command_timeout_s=0.3
    )
    await behind.start()
    try:
        async with serving(ROUTES, behind, [Stub("corp")]) as control:
            this = await signed_in(store, control)
            relay.break_by(Fault.DEAD)
            for reply in (await this.get(SESSIONS), await end(this, "others")):
                assert (reply.status, reply.headers["Retry-After"]) == (503, "1")
            relay.mend()
            assert await lives(store, this) == [True]
    finally:
        await behind.close()
        await relay.close()


@pytest.mark.parametrize("pins", [("ip",), ("device",), ()], ids=["ip", "device", "none"])
async def test_a_cookie_that_comes_from_elsewhere_sees_no_list_where_an_endpoint_is_pinned(
    store: Store, pins: tuple[PinKind, ...]
) -> None:
    pinned = (route("app.example.com", pins=pins),)
    async with serving(pinned, store, [Stub("corp")]) as control:
        owner = await signed_in(store, control, LAPTOP)
        thief = control.browser("app.example.com", "198.51.100.9")
        thief.cookies = dict(owner.cookies)
        seen = await thief.get(SESSIONS, user_agent="curl/8.5.0")
        session = await store.browser_session(hash_of(owner.session or ""))

    if pins:
        assert (seen.status, seen.location.partition("?")[0]) == (302, "/.outerward/login")
        assert isinstance(session, Tombstone)
        assert session.reason is EndReason.PIN
    else:
        assert seen.status == 200
        assert isinstance(session, BrowserSession)


async def test_a_script_with_a_cookie_from_elsewhere_is_refused_like_one_without(store: Store) -> None:
    pinned = (route("app.example.com", pins=("ip",)),)
    async with serving(pinned, store, [Stub("corp")]) as control:
        owner = await signed_in(store, control)
        thief = control.browser("app.example.com", "198.51.100.9")
        thief.cookies = dict(owner.cookies)
        refused = await thief.get(SESSIONS, sec_fetch_mode="cors")

        assert (refused.status, thief.cookies) == (401, {})
        assert await lives(store, owner) == [False]
