"""Answers that come by form_post: verified without a cookie, kept, and finished by the browser that began."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from idp_adapters import OidcProvider
from proxy.login.transaction import Transaction, decode, encode, key_of
from session_store import Store, StoreTime
from tests.support.control import Browser, Control, Reply, Stub, minute_passes, route, serving
from tests.support.hostile_oidc import HostileProvider, Lies

CALLBACK = "/.outerward/callback/corp"
FINISH = f"{CALLBACK}/finish"
ROUTES = (
    route("app.example.com", provider=("corp", "okta"), allow=("@example.com",)),
    route("other.example.com"),
)


@pytest.fixture
def corp() -> Stub:
    return Stub("corp", response_mode="form_post")


@pytest.fixture
async def control(store: Store, corp: Stub, okta: Stub) -> AsyncIterator[Control]:
    async with serving(ROUTES, store, [corp, okta]) as running:
        yield running


async def begin(visitor: Browser, provider: str = "corp") -> str:
    """The state of a login at ``provider`` that comes back to /report."""
    begun = await visitor.get(f"/.outerward/login?redirect_path=/report&provider={provider}")
    assert begun.status == 302
    return begun.parameters["state"]


async def delivered(visitor: Browser, state: str, code: str = "ada", path: str = CALLBACK) -> Reply:
    return await visitor.deliver(path, {"code": code, "state": state})


async def assert_nobody_came_in(store: Store, *visitors: Browser) -> None:
    assert [visitor.session for visitor in visitors] == [None] * len(visitors)
    assert (await store.users(limit=10, before=None)).items == []


async def test_an_answer_comes_by_post_and_the_session_by_the_redirect_with_the_cookie(
    store: Store, visitor: Browser, corp: Stub
) -> None:
    state = await begin(visitor)
    posted = await delivered(visitor, state)

    assert (posted.status, posted.set_cookies) == (303, [])
    assert posted.location == f"{FINISH}?state={state}"
    assert posted.headers["Referrer-Policy"] == "no-referrer"
    assert posted.headers["Cache-Control"] == "no-store"
    await assert_nobody_came_in(store, visitor)
    landing = await visitor.get(posted.location, sec_fetch_site="cross-site")
    assert (landing.status, landing.location) == (302, "/report")
    assert visitor.session is not None
    assert visitor.logins == []
    assert corp.completed == ["ada"]


async def test_an_answer_by_get_is_still_taken(visitor: Browser) -> None:
    landing = await visitor.answer(await begin(visitor), "ada")

    assert (landing.status, landing.location) == (302, "/report")


async def test_a_post_where_none_was_asked_for_is_405_and_uses_nothing_up(visitor: Browser) -> None:
    state = await begin(visitor, "okta")
    refused = await delivered(visitor, state, path="/.outerward/callback/okta")
    asked = await visitor.send("PUT", CALLBACK)

    assert (refused.status, refused.headers["Allow"]) == (405, "GET")
    assert (asked.status, asked.headers["Allow"]) == (405, "GET, POST")
    assert (await visitor.answer(state, "ada", "okta")).status == 302


async def test_a_second_post_is_refused_without_a_second_call_and_the_first_still_finishes(
    visitor: Browser, corp: Stub
) -> None:
    state = await begin(visitor)
    posted = await delivered(visitor, state)
    again = await delivered(visitor, state, "eve")
    by_get = await visitor.answer(state, "eve")

    assert (again.status, again.code) == (400, "OUT-2011")
    assert by_get.status == 400
    assert corp.completed == ["ada"]
    assert (await visitor.get(posted.location)).location == "/report"


async def test_another_browser_cannot_finish_and_the_one_that_began_still_can(
    control: Control, store: Store, visitor: Browser
) -> None:
    posted = await delivered(visitor, await begin(visitor))
    other = control.browser("app.example.com")
    await begin(other)
    refused = await other.get(posted.location)
    elsewhere = control.browser("other.example.com")
    elsewhere.cookies = dict(visitor.cookies)
    guessing = control.browser("app.example.com")
    guessing.cookies = dict.fromkeys(visitor.cookies, "x" * 43)

    assert (refused.status, refused.code) == (400, "OUT-2011")
    assert (await elsewhere.get(posted.location)).code == "OUT-2011"
    assert (await guessing.get(posted.location)).code == "OUT-2011"
    await assert_nobody_came_in(store, other, elsewhere, guessing, visitor)
    assert (await visitor.get(posted.location)).location == "/report"
    await other.get(posted.location)
    assert other.session is None


async def test_a_finish_works_once(visitor: Browser) -> None:
    posted = await delivered(visitor, await begin(visitor))
    cookies = dict(visitor.cookies)
    await visitor.get(posted.location)
    visitor.cookies = cookies
    again = await visitor.get(posted.location)

    assert (again.status, again.code) == (400, "OUT-2011")
    assert visitor.session is None


async def test_going_back_to_a_finish_that_is_done_says_so_kindly(visitor: Browser) -> None:
    posted = await delivered(visitor, await begin(visitor))
    await visitor.get(posted.location)
    back = await visitor.get(posted.location)

    assert (back.status, back.code) == (400, "OUT-2012")
    assert back.link("Go on") == "/"


async def test_after_a_minute_the_answer_is_gone_and_the_page_leads_to_a_new_login(
    store: Store, store_url: str, visitor: Browser
) -> None:
    state = await begin(visitor)
    posted = await delivered(visitor, state)
    minute_passes(store_url, state)
    late = await visitor.get(posted.location)

    assert (late.status, late.code) == (400, "OUT-2011")
    assert (await visitor.get(late.link("Sign in"))).status == 200
    await assert_nobody_came_in(store, visitor)


async def test_an_answer_after_ten_minutes_is_refused_in_words_whatever_the_store_still_holds(
    store: Store, visitor: Browser, corp: Stub
) -> None:
    state = await begin(visitor)
    kept, _ = await store.read_login(key_of("login", state))
    began = decode(kept, Transaction)
    assert began is not None
    aged = msgspec.structs.replace(began, begun_at=StoreTime(began.begun_at - 600_000_000))
    await store.save_login(key_of("login", state), encode(aged), 60)
    late = await delivered(visitor, state)

    assert (late.status, late.code) == (400, "OUT-2036")
    assert late.link("Sign in") == "/.outerward/login?redirect_path=/report"
    assert corp.completed == []


async def test_a_post_that_finds_no_login_of_its_provider_and_host_changes_nothing(
    control: Control, store: Store, visitor: Browser, corp: Stub
) -> None:
    other = control.browser("other.example.com")
    theirs, okta = await begin(other), await begin(visitor, "okta")

    for state in ("", "unknown", theirs, okta):
        refused = await delivered(visitor, state)
        assert (refused.status, refused.code) == (400, "OUT-2011" if state else "OUT-2010")
        error = await visitor.deliver(CALLBACK, {"error": "access_denied", "state": state})
        assert error.status == 400
    assert corp.completed == []
    await assert_nobody_came_in(store, visitor, other)
    assert (await visitor.answer(okta, "ada", "okta")).status == 302
    assert (await other.get((await delivered(other, theirs)).location)).location == "/report"


@pytest.mark.parametrize("name", ["state", "code", "iss", "error"])
async def test_a_doubled_field_is_nobodys_answer_and_uses_nothing_up(visitor: Browser, name: str) -> None:
    state = await begin(visitor)
    fields = [("code", "ada"), ("state", state), (name, state), (name, state)]
    refused = await visitor.deliver(CALLBACK, fields)

    assert (refused.status, refused.code) == (400, "OUT-2010")
    assert (await delivered(visitor, state)).status == 303


async def test_the_state_in_the_address_of_a_post_is_not_looked_at(visitor: Browser) -> None:
    state = await begin(visitor)
    refused = await visitor.deliver(f"{CALLBACK}?state={state}&code=ada", {"code": "ada"})

    assert (refused.status, refused.code) == (400, "OUT-2010")


async def test_a_person_who_says_no_by_post_is_told_so_and_comes_back_to_the_page(
    store: Store, visitor: Browser
) -> None:
    state = await begin(visitor)
    reply = await visitor.deliver(CALLBACK, {"error": "access_denied", "state": state})

    assert (reply.status, reply.code) == (403, "OUT-2023")
    assert reply.link("Sign in") == "/.outerward/login?redirect_path=/report"
    assert (await delivered(visitor, state)).code == "OUT-2011"
    await assert_nobody_came_in(store, visitor)


async def test_a_person_whom_the_rules_refuse_is_refused_at_the_finish(store: Store, corp: Stub) -> None:
    routes = [route("app.example.com", allow=["@staff.example"])]
    async with serving(routes, store, [corp]) as control:
        visitor = control.browser("app.example.com")
        posted = await delivered(visitor, await begin(visitor))
        refused = await visitor.get(posted.location)

    assert (refused.status, refused.code) == (403, "OUT-2001")
    assert visitor.logins == []
    await assert_nobody_came_in(store, visitor)


async def test_ten_made_up_posts_a_minute_then_429_but_a_good_answer_is_never_limited(
    visitor: Browser,
) -> None:
    for _ in range(10):
        assert (await delivered(visitor, "unknown")).status == 400
    assert (await delivered(visitor, "unknown")).status == 429
    posted = await delivered(visitor, await begin(visitor))

    assert (await visitor.get(posted.location)).location == "/report"


@pytest.fixture
async def hostile() -> AsyncIterator[HostileProvider]:
    async with HostileProvider.running() as provider:
        yield provider


@pytest.fixture
async def real(store: Store, hostile: HostileProvider) -> AsyncIterator[Browser]:
    """A visitor whose provider speaks OpenID Connect and was asked for form_post."""
    provider = OidcProvider("corp", hostile.settings(response_mode="form_post"))
    async with serving([route("app.example.com")], store, [provider]) as control:
        yield control.browser("app.example.com")
    await provider.close()


async def test_form_post_error_of_the_conformance_suite_ends_the_login_in_words(
    store: Store, real: Browser, hostile: HostileProvider
) -> None:
    begun = await real.get("/.outerward/login")
    state = begun.parameters["state"]
    fields = {"error": "invalid_request", "error_description": "<b>no</b>", "state": state}
    reply = await real.deliver(CALLBACK, fields | {"iss": hostile.issuer})

    assert begun.parameters["response_mode"] == "form_post"
    assert (reply.status, reply.code) == (403, "OUT-2028")
    assert "<b>" not in reply.text
    assert hostile.codes_sent == []
    await assert_nobody_came_in(store, real)


async def test_a_provider_that_fails_after_a_good_answer_is_no_refusal_of_the_person(
    real: Browser, hostile: HostileProvider
) -> None:
    hostile.lies = Lies(tokens=lambda _: {"error": "temporarily_unavailable"})
    begun = await real.get("/.outerward/login")
    reply = await real.deliver(CALLBACK, hostile.authorize(begun.location))

    assert (reply.status, reply.code) == (502, "OUT-2022")


async def test_oidc_18_the_answer_of_another_issuer_goes_nowhere(
    store: Store, real: Browser, hostile: HostileProvider
) -> None:
    begun = await real.get("/.outerward/login")
    fields = dict(hostile.authorize(begun.location))
    reply = await real.deliver(CALLBACK, fields | {"iss": "https://evil.example"})

    assert (reply.status, reply.code) == (400, "OUT-2024")
    assert hostile.codes_sent == []
    await assert_nobody_came_in(store, real)
