"""How often one network may try to sign in: failures within a minute, logins begun within ten."""

import asyncio

from structlog.testing import capture_logs

from proxy.login.answers import BEGUN_WINDOW_S
from proxy.login.desk import MOST_BEGUN
from session_store import Store, keys
from tests.support.control import Browser, Control, Stub
from tests.support.redis_server import RedisServer

LOGIN = "/.outerward/login"
CALLBACK = "/.outerward/callback/corp"
HOST = "app.example.com"


async def begin_many(store: Store, network: str, count: int) -> None:
    """Count so many logins of ``network`` that were begun."""
    await asyncio.gather(*(store.count_failure(f"begun:{network}", BEGUN_WINDOW_S) for _ in range(count)))


def kept(url: str) -> int:
    """How many logins the store at ``url`` keeps."""
    return len(RedisServer.looking_at(url).keys(keys.login("*")))


async def test_as_many_logins_as_may_be_begun_are_begun_and_of_the_next_nothing_is_kept(
    control: Control, visitor: Browser, store: Store, store_url: str, corp: Stub
) -> None:
    await begin_many(store, "192.0.2.1", MOST_BEGUN - 1)

    last = await visitor.get(LOGIN)
    with capture_logs() as lines:
        refused = [await visitor.get(LOGIN) for _ in range(3)]

    assert (last.status, len(corp.begun), kept(store_url)) == (302, 1, 1)
    assert [(each.status, each.code, each.headers["Retry-After"]) for each in refused] == [
        (429, "OUT-2015", "600")
    ] * 3
    assert [each.set_cookies for each in refused] == [[]] * 3
    assert [line["client_address"] for line in lines if line["event"] == "logins_limited"] == ["192.0.2.1"]
    neighbour = control.browser(HOST, address="192.0.2.2")
    assert (await neighbour.get(LOGIN)).status == 302


async def test_a_login_that_came_to_its_end_counts_too_and_a_session_goes_on(
    visitor: Browser, store: Store
) -> None:
    await begin_many(store, "192.0.2.1", MOST_BEGUN - 1)

    assert (await visitor.sign_in("/report")).location == "/report"
    assert (await visitor.get(LOGIN)).code == "OUT-2015"
    assert (await visitor.get("/.outerward/sessions")).status == 200


async def test_a_login_under_way_is_finished_though_no_other_may_be_begun(
    visitor: Browser, store: Store
) -> None:
    state = (await visitor.begin("/report"))["state"]
    await begin_many(store, "192.0.2.1", MOST_BEGUN)

    assert (await visitor.get(LOGIN)).code == "OUT-2015"
    assert (await visitor.answer(state, "ada")).location == "/report"


async def test_what_begins_no_login_is_not_counted(visitor: Browser, store: Store) -> None:
    await visitor.send("HEAD", LOGIN)
    await visitor.get(LOGIN, accept="application/json", sec_fetch_mode="cors")
    await visitor.get(f"{LOGIN}?provider=unknown")

    assert await store.failures("begun:192.0.2.1") == 0


async def test_all_of_an_ipv6_network_counts_as_one(control: Control, store: Store) -> None:
    await begin_many(store, "2001:db8:1:2::/64", MOST_BEGUN)

    addresses = ("2001:db8:1:2::1", "2001:db8:1:2:ffff::2", "2001:db8:1:3::1")
    one, other, neighbour = [await control.browser(HOST, address).get(LOGIN) for address in addresses]

    assert [one.code, other.code, neighbour.status] == ["OUT-2015", "OUT-2015", 302]


async def test_failures_of_all_of_an_ipv6_network_count_together(control: Control) -> None:
    for number in range(10):
        browser = control.browser(HOST, address=f"2001:db8:1:2::{number + 1:x}")
        assert (await browser.get(f"{CALLBACK}?state=unknown&code=x")).status == 400

    limited = await control.browser(HOST, address="2001:db8:1:2:a:b:c:d").get(f"{CALLBACK}?state=x&code=x")
    neighbour = await control.browser(HOST, address="2001:db8:1:3::1").get(f"{CALLBACK}?state=x&code=x")

    assert (limited.code, neighbour.status) == ("OUT-2014", 400)
