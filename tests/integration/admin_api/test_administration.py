"""Who is signed in to the dashboard: by a token, a one-time link or a provider, and until when."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from structlog.testing import capture_logs

from admin_api import Caller, Code, Person, Problem, Scope
from admin_api.admin_cookie import hash_of
from admin_api.app import SIGN_INS_PER_MINUTE
from session_store import CookieHash, Store, StoreUnavailable, TokenId, UserTag
from tests.support.admin_api import BOOTSTRAP, session_of
from tests.support.dashboard_cookie import Dashboard, Signed, running_dashboard, signed
from tests.support.event_reader import GUARD_S
from tests.support.redis_server import RedisServer
from tests.support.scene import Clock

MINUTE_MS = 60_000
ANOTHER = "another-bootstrap-token-" + "c" * 32


@pytest.fixture
async def dashboard(store: Store) -> AsyncIterator[Dashboard]:
    async with running_dashboard(store) as running:
        yield running


@dataclass
class People:
    """Who signed in through a provider."""

    known: dict[CookieHash, Person] = field(default_factory=dict)

    async def find(self, cookie_hash: CookieHash) -> Person | None:
        return self.known.get(cookie_hash)

    def sign_in(self, person: Person) -> Signed:
        cookie = Signed("outerward-admin=" + person.name.ljust(43, "_"))
        self.known[hash_of(cookie.value)] = person
        return cookie


async def happened(store: Store) -> list[tuple[str, str, str, dict[str, str]]]:
    """What was told of the dashboard, oldest first."""
    page = await store.events(limit=100, before=None)
    told = [stored.event for stored in reversed(page.items)]
    return [(each.type, each.actor, each.token_id, each.details) for each in told if "dashboard" in each.type]


@pytest.mark.parametrize("scope", ["read", "revoke", "admin"])
async def test_a_token_signs_in_as_itself(dashboard: Dashboard, store: Store, scope: str) -> None:
    token, secret = await store.create_token("ops", scope, None)
    by = await dashboard.sign_in(f" {secret}\n")
    assert await dashboard.who(by.cookie) == {
        "actor": f"token:{token.id}",
        "scope": scope,
        "name": "ops",
        "by_provider": False,
        "csrf": by.csrf,
    }


async def test_the_bootstrap_token_signs_in_as_an_admin(dashboard: Dashboard) -> None:
    who = await dashboard.who((await dashboard.sign_in()).cookie)
    assert (who["actor"], who["scope"], who["name"]) == ("bootstrap", "admin", "bootstrap token")


async def test_every_sign_in_has_a_value_of_its_own_which_nobody_keeps(
    dashboard: Dashboard, store: Store, store_url: str
) -> None:
    _, secret = await store.create_token("ops", "read", None)
    with capture_logs() as lines:
        made = [await dashboard.sign_in(token) for token in (secret, secret, BOOTSTRAP)]
        for by in made:
            await dashboard.call(by)
    assert len({by.value for by in made}) == 3
    server = RedisServer.looking_at(store_url)
    kept = b"".join(key + server.dump(key) for key in server.keys("*")) + repr(lines).encode()
    for hidden in (*(by.value for by in made), *(by.csrf for by in made), secret, BOOTSTRAP):
        assert hidden.encode() not in kept
        assert urlsafe_b64encode(hidden.encode()).rstrip(b"=") not in kept


async def test_a_wrong_token_is_counted_as_one_at_the_api(store: Store) -> None:
    async with running_dashboard(store, monotonic_s=lambda: 0.0) as dashboard:
        codes = []
        for wrong in ["", "x", "é", "\udcff", BOOTSTRAP[:-1], BOOTSTRAP + "b", "owt_" + "A" * 43] * 2:
            with pytest.raises(Problem) as refused:
                await dashboard.administration.sign_in(wrong, "127.0.0.1")
            codes.append(refused.value.code)
        assert codes == [Code.BAD_CREDENTIALS] * 10 + [Code.TOO_MANY_FAILURES] * 4
        assert (await dashboard.api.get("/app/users", "wrong")).status == 429
        assert await dashboard.who((await dashboard.sign_in()).cookie)


async def test_a_one_time_link_signs_in_once(dashboard: Dashboard, store: Store) -> None:
    token, secret = await store.create_token("demo", "admin", None)
    code = await store.offer_dashboard_link(secret)
    assert code is not None
    line = await dashboard.administration.sign_in_with_code(code)
    assert line is not None
    assert (await dashboard.who(signed(line).cookie))["actor"] == f"token:{token.id}"
    for again in (code, "", code[:-1], "\udcff", secret):
        assert await dashboard.administration.sign_in_with_code(again) is None


async def test_signing_in_anew_ends_the_session_that_the_browser_had(dashboard: Dashboard) -> None:
    old = await dashboard.sign_in()
    answer = await dashboard.api.call("POST", "/again", None, headers={"Cookie": old.cookie}, data=BOOTSTRAP)
    assert await dashboard.who(old.cookie) is None
    assert await dashboard.who(signed(answer.headers["Set-Cookie"]).cookie)


async def test_signing_out_ends_it_for_good(dashboard: Dashboard) -> None:
    by, other = await dashboard.sign_in(), await dashboard.sign_in()
    for _ in range(2):
        answer = await dashboard.api.call("POST", "/out", None, headers={"Cookie": by.cookie})
        assert answer.headers["Set-Cookie"].startswith("outerward-admin=; Max-Age=0; Path=/;")
        assert await dashboard.who(by.cookie) is None
        assert (await dashboard.call(by)).code == 3007
    assert await dashboard.who(other.cookie)


async def test_sign_ins_and_sign_outs_are_told(dashboard: Dashboard, store: Store) -> None:
    token, secret = await store.create_token("ops", "read", None)
    code = await store.offer_dashboard_link(secret)
    await dashboard.administration.sign_in_with_code(code or "")
    by, ops = await dashboard.sign_in(), await dashboard.sign_in(secret)
    for cookie in (by.cookie, by.cookie, ops.cookie, "outerward-admin=" + "x" * 43):
        await dashboard.api.call("POST", "/out", None, headers={"Cookie": cookie})
    mine = ("token:" + token.id, token.id)
    assert await happened(store) == [
        ("dashboard_login", *mine, {"name": "ops", "by": "link"}),
        ("dashboard_login", "bootstrap", "", {"name": "bootstrap token", "by": "token"}),
        ("dashboard_login", *mine, {"name": "ops", "by": "token"}),
        ("dashboard_logout", "bootstrap", "", {"name": "bootstrap token"}),
        ("dashboard_logout", *mine, {"name": "ops"}),
    ]
    shown = (await dashboard.api.get("/events?type=dashboard_login")).json["events"][0]
    assert shown["object"] == {"kind": "token", "id": token.id}


async def test_a_session_ends_with_its_token(dashboard: Dashboard, store: Store) -> None:
    token, secret = await store.create_token("ops", "admin", None)
    by = await dashboard.sign_in(secret)
    assert (await dashboard.call(by, "DELETE", f"/tokens/{token.id}")).status == 204
    assert await dashboard.who(by.cookie) is None
    assert (await dashboard.call(by)).code == 3007


async def test_a_token_of_an_unknown_scope_lets_nobody_in(dashboard: Dashboard, store: Store) -> None:
    _, secret = await store.create_token("n", "root", None)
    with pytest.raises(Problem):
        await dashboard.sign_in(secret)
    code = await store.offer_dashboard_link(secret)
    assert await dashboard.administration.sign_in_with_code(code or "") is None


@pytest.mark.parametrize("now", [ANOTHER, None], ids=["another", "none"])
async def test_another_bootstrap_token_ends_the_sessions_of_the_old_one(
    store: Store, now: str | None
) -> None:
    async with running_dashboard(store) as before:
        by = await before.sign_in()
    async with running_dashboard(store, bootstrap_token=now) as after:
        assert await after.who(by.cookie) is None
    async with running_dashboard(store) as again:
        assert await again.who(by.cookie)


async def test_a_session_that_stands_for_nothing_is_nobodys(store: Store) -> None:
    by = Signed("outerward-admin=" + "x" * 43)
    await store.begin_dashboard_session(hash_of(by.value))
    for token in (None, BOOTSTRAP):
        async with running_dashboard(store, bootstrap_token=token) as dashboard:
            assert await dashboard.who(by.cookie) is None


@pytest.mark.parametrize("step_ms", [59 * MINUTE_MS, 61 * MINUTE_MS], ids=["in use", "idle"])
async def test_it_holds_for_eight_hours_at_most_and_an_hour_without_use(store_url: str, step_ms: int) -> None:
    clock = Clock()
    began = clock()
    store = Store.open(store_url, secrets=["s" * 32], command_timeout_s=30, now_ms=clock)
    try:
        async with running_dashboard(store, now_ms=clock) as dashboard:
            by = await dashboard.sign_in()
            while (await dashboard.call(by)).status == 200:
                clock.advance(step_ms)
            assert await dashboard.who(by.cookie) is None
    finally:
        await store.close()
    steps = {59 * MINUTE_MS: 9, 61 * MINUTE_MS: 1}
    assert (clock() - began) // step_ms == steps[step_ms]


async def test_a_provider_says_who_somebody_is_and_is_asked_at_each_call(store: Store) -> None:
    people = People()
    caller = Caller("edgusr_1", Scope.REVOKE, UserTag("tag"))
    by = people.sign_in(Person(caller, "Ada"))
    async with running_dashboard(store, find_person=people.find) as dashboard:
        assert await dashboard.who(by.cookie) == {
            "actor": "edgusr_1",
            "scope": "revoke",
            "name": "Ada",
            "by_provider": True,
            "csrf": by.csrf,
        }
        assert (await dashboard.call(by)).status == 200
        assert (await dashboard.call(by, path="/tokens")).code == 3003
        people.known.clear()
        assert await dashboard.who(by.cookie) is None
        assert (await dashboard.call(by)).code == 3007


async def test_whoever_signed_in_through_a_provider_sees_which_sessions_are_her_own(store: Store) -> None:
    session = await session_of(store)
    await session_of(store, "grace")
    people = People()
    by = people.sign_in(Person(Caller(session.user_id, Scope.REVOKE, session.user_tag), "Ada"))
    async with running_dashboard(store, find_person=people.find) as dashboard:
        answer = await dashboard.call(
            by, "POST", "/app/sessions/revoke", json={"filter": 'obj.tunnel == "wiki"', "dry_run": True}
        )
    assert (answer.json["matched"], answer.json["yours"]) == (2, 1)


async def test_what_a_page_does_is_told_of_its_actor(dashboard: Dashboard, store: Store) -> None:
    token, secret = await store.create_token("ops", "revoke", None)
    session = await session_of(store)
    by = await dashboard.sign_in(secret)
    with capture_logs() as lines:
        assert (await dashboard.call(by, "DELETE", f"/app/sessions/{session.id}")).status == 204
    (newest,) = (await dashboard.api.get("/events?limit=1")).json["events"]
    assert (newest["type"], newest["actor"]) == ("revoke", f"token:{token.id}")
    assert [line["actor"] for line in lines if line["event"] == "api_request"] == [f"token:{token.id}"]


@asynccontextmanager
async def streaming(dashboard: Dashboard, by: Signed) -> AsyncIterator[aiohttp.ClientResponse]:
    """A stream of events as a page opens it, begun."""
    headers = {"Cookie": by.cookie, "X-Outerward-CSRF": by.csrf}
    async with dashboard.api.http.get(f"{dashboard.api.url}/events/stream", headers=headers) as stream:
        assert (await stream.content.readline()).startswith(b"retry:")
        async with asyncio.timeout(GUARD_S):
            yield stream


@pytest.mark.parametrize("end", ["signed out", "token gone"])
async def test_a_stream_of_a_page_ends_with_its_session(store: Store, end: str) -> None:
    token, secret = await store.create_token("ops", "read", None)
    async with running_dashboard(store, heartbeat_s=0.05) as dashboard:
        by = await dashboard.sign_in(secret)
        async with streaming(dashboard, by) as stream:
            if end == "signed out":
                await dashboard.api.call("POST", "/out", None, headers={"Cookie": by.cookie})
            else:
                await store.delete_token(TokenId(token.id))
            await stream.content.read()


async def test_a_stream_ends_with_the_event_of_its_end_and_not_at_the_next_heartbeat(store: Store) -> None:
    async with running_dashboard(store, heartbeat_s=10 * GUARD_S) as dashboard:
        by = await dashboard.sign_in()
        async with streaming(dashboard, by) as stream:
            await dashboard.api.call("POST", "/out", None, headers={"Cookie": by.cookie})
            await stream.content.read()


async def test_one_token_signs_in_so_often_in_a_minute_and_no_more(store: Store) -> None:
    now = 600.0
    _, other = await store.create_token("other", "read", None)
    async with running_dashboard(store, monotonic_s=lambda: now) as dashboard:
        for _ in range(SIGN_INS_PER_MINUTE):
            await dashboard.sign_in()
        with pytest.raises(Problem) as refused:
            await dashboard.sign_in()
        assert refused.value.code is Code.TOO_MANY_FAILURES
        await dashboard.sign_in(other)
        now = 660.0
        await dashboard.sign_in()


async def test_a_stream_of_somebody_whose_roles_have_changed_ends(store: Store) -> None:
    people = People()
    by = people.sign_in(Person(Caller("edgusr_1", Scope.READ), "Ada"))
    async with (
        running_dashboard(store, find_person=people.find, heartbeat_s=0.05) as dashboard,
        streaming(dashboard, by) as stream,
    ):
        people.sign_in(Person(Caller("edgusr_1", Scope.ADMIN), "Ada"))
        await stream.content.read()


async def test_an_open_stream_is_no_use_of_the_session(store_url: str) -> None:
    clock = Clock()
    store = Store.open(store_url, secrets=["s" * 32], command_timeout_s=30, now_ms=clock)
    try:
        async with running_dashboard(store, now_ms=clock, heartbeat_s=0.02) as dashboard:
            by = await dashboard.sign_in()
            async with streaming(dashboard, by) as stream:
                for _ in range(4):
                    assert await stream.content.readuntil(b": heartbeat")
                    clock.advance(16 * MINUTE_MS)
                await stream.content.read()
            assert await dashboard.who(by.cookie) is None
    finally:
        await store.close()


async def test_without_an_answer_of_the_store_nobody_is_told_that_she_is_signed_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_hash: CookieHash, *, in_use: bool) -> None:
        raise StoreUnavailable

    async with running_dashboard(store) as dashboard:
        by = await dashboard.sign_in()
        monkeypatch.setattr(store, "dashboard_session", away)
        assert ((answer := await dashboard.call(by)).status, answer.code) == (503, 4000)
        act = await dashboard.call(by, "DELETE", "/app/users/edgusr_" + "0" * 27)
        assert (act.status, act.code) == (503, 4001)
        assert (await dashboard.api.get("/who", None, headers={"Cookie": by.cookie})).status == 500
