"""Logins over a real socket and a real store: what begins, what is set, what is replaced, what is refused."""

import asyncio
import hashlib

import msgspec
import pytest
from structlog.testing import capture_logs

from proxy.login.cookies import MOST_LOGINS
from proxy.login.transaction import Transaction, decode, encode, key_of
from session_store import BrowserSession, CookieHash, EndReason, Store, StoreTime, Tombstone
from tests.support.control import Browser, Control, Stub, person


def hash_of(cookie: str | None) -> CookieHash:
    assert cookie is not None
    return CookieHash(hashlib.sha256(cookie.encode()).digest())


async def session_of(store: Store, browser: Browser) -> BrowserSession | Tombstone | None:
    return await store.browser_session(hash_of(browser.session))


async def test_a_login_goes_to_the_provider_and_comes_back_to_the_page_asked_for(
    store: Store, visitor: Browser, corp: Stub, control: Control
) -> None:
    before = control.clock()
    landing = await visitor.sign_in("/report?q=1&r=a%20b")

    assert (landing.status, landing.location) == (302, "/report?q=1&r=a%20b")
    assert landing.headers["Referrer-Policy"] == "no-referrer"
    assert landing.headers["Cache-Control"] == "no-store"
    assert corp.begun == [("https://app.example.com/.outerward/callback/corp", "")]
    session = await session_of(store, visitor)
    assert isinstance(session, BrowserSession)
    assert session.scope == "app.example.com"
    assert (session.principal.subject, session.principal.provider) == ("ada", "corp")
    assert 0 <= session.expires_at - before - 3_600_000 < 60_000
    assert visitor.logins == []


async def test_the_session_cookie_is_256_bits_and_nothing_else(visitor: Browser) -> None:
    landing = await visitor.sign_in()
    cookie = next(line for line in landing.set_cookies if line.startswith("__Host-outerward="))

    assert cookie == f"__Host-outerward={visitor.session}; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert len(visitor.session or "") == 43


async def test_the_user_is_known_by_the_providers_display_name(store: Store, visitor: Browser) -> None:
    await visitor.sign_in()
    (view,) = (await store.users(limit=10, before=None)).items

    assert view.user.provider_name == "Corp"
    assert view.user.principal.email == "ada@example.com"


async def test_the_session_of_an_edge_lasts_as_long_as_its_longest_route(
    store: Store, control: Control
) -> None:
    visitor = control.browser("apps.localhost")
    before = control.clock()
    landing = await visitor.sign_in_at("okta", "/wiki/1")

    assert landing.location == "/wiki/1"
    session = await session_of(store, visitor)
    assert isinstance(session, BrowserSession)
    assert 0 <= session.expires_at - before - 7_200_000 < 60_000
    assert visitor.session == visitor.cookies["outerward"]


async def test_each_route_of_an_edge_has_its_own_provider_and_callback(
    control: Control, corp: Stub, okta: Stub
) -> None:
    visitor = control.browser("apps.localhost")
    wiki, notes = await visitor.begin("/wiki"), await visitor.begin("/notes")

    assert okta.begun == [("http://apps.localhost:4180/.outerward/callback/okta", "")]
    assert corp.begun == [("http://apps.localhost:4180/.outerward/callback/corp", "")]
    assert (await visitor.answer(wiki["state"], "ada", "corp")).code == "OUT-2011"
    assert (await visitor.answer(notes["state"], "ada", "corp")).location == "/notes"


async def test_oidc_04_several_tabs_sign_in_at_once_and_each_gets_its_own_page(visitor: Browser) -> None:
    begun = [await visitor.begin(f"/tab{number}") for number in range(MOST_LOGINS)]
    landings = await asyncio.gather(*(visitor.answer(tab["state"], "ada") for tab in reversed(begun)))

    assert [landing.location for landing in landings] == ["/tab4", "/tab3", "/tab2", "/tab1", "/tab0"]


async def test_a_sixth_login_in_one_browser_drops_the_oldest_and_clears_its_cookie(
    visitor: Browser, control: Control
) -> None:
    begun = []
    for number in range(MOST_LOGINS + 1):
        begun.append(await visitor.begin(f"/tab{number}"))
        control.clock.ahead_ms += 1000

    assert len(visitor.logins) == MOST_LOGINS
    assert (await visitor.answer(begun[0]["state"], "ada")).code == "OUT-2011"
    for number in range(1, MOST_LOGINS + 1):
        assert (await visitor.answer(begun[number]["state"], "ada")).location == f"/tab{number}"


async def test_a_login_not_finished_within_ten_minutes_is_over_whatever_the_store_still_holds(
    store: Store, visitor: Browser, corp: Stub
) -> None:
    begun = await visitor.begin()
    key = key_of("login", begun["state"])
    kept = decode(await store.take_login(key), Transaction)
    assert kept is not None
    older = msgspec.structs.replace(kept, begun_at=StoreTime(kept.begun_at - 600_000_000))
    await store.save_login(key, encode(older), 600)
    reply = await visitor.answer(begun["state"], "ada")

    assert (reply.status, reply.code) == (400, "OUT-2036")
    assert corp.completed == []
    assert visitor.session is None


@pytest.mark.parametrize("askew_ms", [-3_600_000, 3_600_000], ids=["behind", "ahead"])
async def test_a_login_is_finished_by_a_worker_whose_clock_is_an_hour_off(
    visitor: Browser, control: Control, askew_ms: int
) -> None:
    begun = await visitor.begin("/report")
    control.clock.ahead_ms = askew_ms

    assert (await visitor.answer(begun["state"], "ada")).location == "/report"


async def test_an_account_that_the_rules_refuse_gets_a_page_with_its_name_and_no_session_and_no_user(
    store: Store, visitor: Browser
) -> None:
    with capture_logs() as logs:
        reply = await visitor.sign_in("/report", "eve")

    assert (reply.status, reply.code) == (403, "OUT-2001")
    assert "eve@example.com" in reply.text
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    assert visitor.cookies == {}
    assert (await store.users(limit=10, before=None)).items == []
    (entry,) = logs
    assert (entry["event"], entry["type"], entry["actor"]) == ("event", "login_denied", "provider:corp")
    assert entry["details"]["account"] == "eve@example.com"


async def test_a_refused_login_leaves_the_session_that_was_there(store: Store, visitor: Browser) -> None:
    await visitor.sign_in()
    before = visitor.session
    await visitor.sign_in("/", "eve")

    assert visitor.session == before
    assert isinstance(await session_of(store, visitor), BrowserSession)


async def test_sign_in_as_someone_else_ends_the_session_here_and_lets_the_visitor_choose(
    store: Store, visitor: Browser, corp: Stub
) -> None:
    await visitor.sign_in()
    old = visitor.session
    refused = await visitor.sign_in("/report", "eve")
    begun = await visitor.post(refused.form("Sign in as someone else"))

    assert begun.status == 303
    assert corp.begun[-1][1] == "select_account"
    assert visitor.session is None
    ended = await store.browser_session(hash_of(old))
    assert isinstance(ended, Tombstone)
    assert ended.reason is EndReason.LOGOUT
    assert (await visitor.answer(begun.parameters["state"], "ada")).location == "/report"


async def test_cookie_02_lessons_6_and_35_a_new_login_has_a_new_cookie_and_the_old_session_is_dead(
    store: Store, visitor: Browser
) -> None:
    await visitor.sign_in()
    old = visitor.session
    await visitor.sign_in()

    assert visitor.session != old
    ended = await store.browser_session(hash_of(old))
    assert isinstance(ended, Tombstone)
    assert ended.reason is EndReason.REPLACED
    assert ended.ended_by.startswith("edgusr_")


async def test_a_session_of_another_host_is_not_replaced(
    store: Store, control: Control, visitor: Browser
) -> None:
    await visitor.sign_in()
    elsewhere = control.browser("apps.localhost")
    elsewhere.cookies["outerward"] = visitor.session or ""
    await elsewhere.sign_in("/notes")

    assert elsewhere.session != visitor.session
    assert isinstance(await session_of(store, visitor), BrowserSession)


async def test_a_login_is_logged_with_user_provider_and_client(visitor: Browser) -> None:
    with capture_logs() as logs:
        await visitor.sign_in()

    (entry,) = logs
    assert (entry["event"], entry["type"]) == ("event", "login")
    assert entry["user_id"].startswith("edgusr_")
    assert (entry["details"]["provider"], entry["details"]["ip_address"]) == ("corp", "192.0.2.1")
    assert entry["details"]["request_id"].startswith("req_")


async def test_a_login_overtaken_by_the_users_deletion_makes_no_session_and_says_so(
    store: Store, visitor: Browser, control: Control
) -> None:
    await control.browser("app.example.com").sign_in()
    begun = await visitor.begin("/report")
    (view,) = (await store.users(limit=10, before=None)).items
    await store.delete_user(view.user.id, "owtok_1")
    with capture_logs() as logs:
        reply = await visitor.answer(begun["state"], "ada")

    assert (reply.status, reply.code) == (409, "OUT-2013")
    assert visitor.session is None
    assert (await store.users(limit=10, before=None)).items == []
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("login_failed", "overtaken")]
    again = await visitor.post(reply.form("Sign in again"))
    assert (await visitor.answer(again.parameters["state"], "ada")).location == "/report"


@pytest.mark.parametrize(
    ("reason", "status", "code"),
    [
        ("denied", 403, "OUT-2023"),
        ("provider_error", 502, "OUT-2022"),
        ("provider_unreachable", 503, "OUT-2020"),
        ("provider_misconfigured", 502, "OUT-2021"),
        ("invalid_response", 400, "OUT-2024"),
        ("invalid_token", 403, "OUT-2025"),
        ("clock_skew", 403, "OUT-2026"),
        ("invalid_claims", 403, "OUT-2027"),
    ],
)
async def test_every_failure_at_the_provider_has_its_page_its_log_line_and_a_way_to_start_again(
    visitor: Browser, corp: Stub, reason: str, status: int, code: str
) -> None:
    begun = await visitor.begin("/report")
    corp.fails = reason  # type: ignore[assignment]
    with capture_logs() as logs:
        reply = await visitor.answer(begun["state"], "ada")

    assert (reply.status, reply.code) == (status, code)
    assert reply.link("Sign in") == "/.outerward/login?redirect_path=/report"
    assert ("Retry-After" in reply.headers) == (status == 503)
    assert visitor.cookies == {}
    assert [(entry["event"], entry["reason"]) for entry in logs] == [("login_failed", reason)]


async def test_a_provider_that_is_away_stops_a_login_with_a_page_and_other_providers_go_on(
    control: Control, corp: Stub
) -> None:
    corp.fails = "provider_unreachable"
    visitor = control.browser("apps.localhost")
    with capture_logs() as logs:
        reply = await visitor.get("/.outerward/login?redirect_path=/notes")

    assert (reply.status, reply.code) == (503, "OUT-2020")
    assert reply.link("Sign in") == "/.outerward/login?redirect_path=/notes"
    assert visitor.cookies == {}
    assert logs[0]["event"] == "login_failed"
    assert (await visitor.sign_in_at("okta", "/wiki")).location == "/wiki"


async def test_a_name_that_is_markup_is_escaped_on_the_page_that_refuses_it(
    visitor: Browser, corp: Stub
) -> None:
    corp.people["eve"] = person('"><img src=x onerror=alert(1)>', corp.issuer)
    reply = await visitor.sign_in("/", "eve")

    assert reply.status == 403
    assert "<img" not in reply.text


async def test_lesson_29_two_answers_at_once_to_one_login_make_one_session(
    store: Store, visitor: Browser, corp: Stub
) -> None:
    begun = await visitor.begin()
    replies = await asyncio.gather(*(visitor.answer(begun["state"], "ada") for _ in range(4)))

    assert sorted(reply.status for reply in replies) == [302, 400, 400, 400]
    assert corp.completed == ["ada"]


async def test_the_back_button_after_the_session_ran_out_offers_a_new_login(
    visitor: Browser, control: Control
) -> None:
    state = (await visitor.begin())["state"]
    await visitor.answer(state, "ada")
    assert (await visitor.answer(state, "ada")).code == "OUT-2012"
    control.clock.ahead_ms = 3_700_000

    assert (await visitor.answer(state, "ada")).code == "OUT-2011"
