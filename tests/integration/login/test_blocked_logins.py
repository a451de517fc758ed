"""Who is blocked is told so, ends everywhere, and makes no session until the block is over."""

import json

import msgspec

from session_store import BrowserSession, EndReason, Store, Tombstone, UserId
from tests.support.control import Browser, Control, Stub, person
from tests.support.edge import hash_of, running_edge
from tests.support.edge import route as edge_route
from tests.support.upstreams import Echo

MINUTE_MS = 60_000


async def blocked(store: Store, visitor: Browser, until: int | None = None) -> UserId:
    """Sign in, and be blocked."""
    assert (await visitor.sign_in()).status == 302
    (view,) = (await store.users(limit=10, before=None)).items
    assert await store.block_user(view.user.id, until=until, reason="left", by="bootstrap")
    return view.user.id


async def test_a_blocked_account_gets_a_page_that_names_it_and_no_session(
    store: Store, visitor: Browser, control: Control
) -> None:
    await blocked(store, visitor)
    again = control.browser("app.example.com")
    reply = await again.sign_in("/report")

    assert (reply.status, reply.code) == (403, "OUT-2047")
    assert "An administrator has blocked this account" in reply.text
    assert "ada@example.com" in reply.text
    assert "left" not in reply.text.split("<main", 1)[1]
    assert reply.headers["Cache-Control"] == "no-store"
    assert again.cookies == {}


async def test_the_page_says_until_when_where_the_block_ends_by_itself(
    store: Store, visitor: Browser, control: Control
) -> None:
    until = control.clock() + 3 * MINUTE_MS
    await blocked(store, visitor, until)
    reply = await control.browser("app.example.com").sign_in()

    assert "An administrator has blocked this account until " in reply.text
    assert " UTC." in reply.text


async def test_another_account_can_be_used_at_once(
    store: Store, visitor: Browser, control: Control, corp: Stub
) -> None:
    corp.people["bob"] = msgspec.structs.replace(person("bob", corp.issuer), email="bob@staff.example")
    await blocked(store, visitor)
    again = control.browser("app.example.com")
    refused = await again.sign_in("/report")
    begun = await again.post(refused.form("Sign in as someone else"))

    assert corp.begun[-1][1] == "select_account"
    assert (await again.answer(begun.parameters["state"], "bob")).location == "/report"
    assert again.session is not None


async def test_what_is_no_navigation_is_told_in_json_with_the_reason(
    store: Store, visitor: Browser, control: Control
) -> None:
    await blocked(store, visitor)
    again = control.browser("app.example.com")
    state = (await again.begin())["state"]
    reply = await again.get(f"/.outerward/callback/corp?code=ada&state={state}", sec_fetch_mode="cors")
    told = json.loads(reply.text)

    assert (reply.status, told["error_code"]) == (403, "ERR_OUTERWARD_2047")
    assert told["details"]["reason"] == "blocked"
    assert "WWW-Authenticate" not in reply.headers


async def test_with_a_time_the_reason_is_told_too(store: Store, visitor: Browser, control: Control) -> None:
    await blocked(store, visitor, control.clock() + 3 * MINUTE_MS)
    again = control.browser("app.example.com")
    state = (await again.begin())["state"]
    reply = await again.get(f"/.outerward/callback/corp?code=ada&state={state}", sec_fetch_mode="cors")

    assert json.loads(reply.text)["details"]["reason"] == "blocked"


async def test_a_blocked_login_is_an_event_like_any_that_is_refused(
    store: Store, visitor: Browser, control: Control
) -> None:
    await blocked(store, visitor)
    await control.browser("app.example.com", "192.0.2.9").sign_in()
    (stored,) = (await store.events(limit=10, before=None, types=frozenset({"login_denied"}))).items

    assert stored.event.actor == "provider:corp"
    assert stored.event.details["reason"] == "blocked"
    assert stored.event.details["account"] == "ada@example.com"
    assert stored.event.details["ip_address"] == "192.0.2.9"
    assert await store.failures("login:192.0.2.9") == 1


async def test_the_session_that_the_block_ended_is_told_by_the_login_page(
    store: Store, visitor: Browser, corp: Stub
) -> None:
    await blocked(store, visitor)
    ended = await store.browser_session(hash_of(visitor.session or ""))
    begun = len(corp.begun)
    notice = await visitor.get("/.outerward/login?redirect_path=/report")

    assert isinstance(ended, Tombstone)
    assert ended.reason is EndReason.BLOCKED
    assert (notice.status, notice.code) == (200, "OUT-2002")
    assert "An administrator blocked your account and ended your session on " in notice.text
    assert len(corp.begun) == begun
    again = await visitor.post(notice.form("Sign in again"))
    assert (await visitor.answer(again.parameters["state"], "ada")).code == "OUT-2047"


async def test_a_login_under_way_when_the_block_comes_is_refused(
    store: Store, visitor: Browser, control: Control
) -> None:
    late = control.browser("app.example.com")
    state = (await late.begin())["state"]
    await blocked(store, visitor)

    assert (await late.answer(state, "ada")).code == "OUT-2047"
    assert late.session is None


async def test_after_the_block_the_account_signs_in_as_before(
    store: Store, visitor: Browser, control: Control
) -> None:
    user_id = await blocked(store, visitor)
    again = control.browser("app.example.com")
    assert (await again.sign_in()).status == 403
    assert await store.unblock_user(user_id, "bootstrap")

    assert (await again.sign_in("/report")).location == "/report"
    assert isinstance(await store.browser_session(hash_of(again.session or "")), BrowserSession)


async def test_the_session_that_a_block_ended_gets_401_with_that_reason_and_the_application_nothing(
    store: Store,
) -> None:
    async with Echo.running() as upstream, running_edge(store, [edge_route(upstream)]) as edge:
        cookie = await edge.sign_in()
        assert (await edge.ask(cookie=cookie)).status == 200
        (view,) = (await store.users(limit=10, before=None)).items
        await store.block_user(view.user.id, until=None, reason="", by="bootstrap")
        refused = await edge.ask(cookie=cookie)

    assert refused.problem == (401, "2000")
    assert refused.json["details"]["reason"] == "blocked"
    assert upstream.hits == 1
