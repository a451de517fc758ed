"""One login for several hosts under a domain: one cookie, and an application session for each endpoint.

Three hosts lie under the domain; the third has logins of its own and gets the shared cookie only because
browsers send it there too.
"""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
from yarl import URL

from idp_adapters import OidcProvider, OidcSettings
from proxy import PublicPaths
from session_store import ApplicationSession, EndReason, Store
from tests.integration.login_host.conftest import USERS, Apps, app, origin_of, running
from tests.support.browser import browser, forms, sign_in, walk
from tests.support.control import Stub, route, serving
from tests.support.http_client import Answer, exchange, request
from tests.support.oidc_provider import OidcServer, RegisteredClient
from tests.support.program import lasting_port
from tests.support.upstreams import Peer, Scripted, received

DOMAIN = "suite.localhost"
ONE, TWO, THREE, OUTSIDE = f"one.{DOMAIN}", f"two.{DOMAIN}", f"deep.three.{DOMAIN}", "evilsuite.localhost"
COOKIE = "outerward.session"
CLEARING = f"{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Domain={DOMAIN}"


@pytest.fixture(scope="module")
def port() -> int:
    return lasting_port()


@pytest.fixture(scope="module")
def server(port: int) -> Iterator[OidcServer]:
    hosts = [origin_of(host, port) for host in (ONE, TWO, THREE, OUTSIDE)]
    client = RegisteredClient(
        "outerward",
        "secret",
        tuple(f"{host}/.outerward/callback/corp" for host in hosts),
        tuple(f"{host}/.outerward/signed-out" for host in hosts),
    )
    with OidcServer(users=USERS, clients=[client]) as started:
        yield started


@pytest.fixture
async def apps(store: Store, port: int, server: OidcServer) -> AsyncIterator[Apps]:
    settings = OidcSettings(
        issuer=server.issuer, client_id="outerward", client_secret="secret", allow_private_network=True
    )
    provider = OidcProvider("corp", settings)
    routes = [
        app(ONE, port, cookie_domain=DOMAIN),
        app(TWO, port, cookie_domain=DOMAIN, allow=["ada@example.com"], max_session_s=60),
        app(THREE, port),
        app(OUTSIDE, port),
    ]
    async with running(store, port, routes, [provider]) as started:
        yield started
    await provider.close()


@pytest.fixture
async def ada(apps: Apps) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser that is signed in at the first host."""
    async with browser() as client:
        await come_in(apps, client, ONE)
        yield client


async def come_in(apps: Apps, client: aiohttp.ClientSession, host: str, user: str = "ada") -> None:
    landing = await sign_in(client, apps.at(host), user)
    assert (landing.status, landing.url) == (200, apps.at(host)), landing.text[-500:]


def cookie_in(client: aiohttp.ClientSession, apps: Apps) -> str:
    return client.cookie_jar.filter_cookies(URL(apps.at(ONE)))[COOKIE].value


async def ask(apps: Apps, host: str, cookie: str, target: str = "/report") -> Answer:
    """A script's request with a whole ``Cookie`` header."""
    data = request("GET", target, host=host, headers=[("Cookie", cookie)])
    (answer,) = await exchange(apps.port, data, "GET")
    return answer


async def sessions(store: Store) -> dict[str, ApplicationSession]:
    """The application sessions, by their tunnels."""
    page = await store.sessions(limit=10, before=None)
    return {view.session.endpoint.tunnel: view.session for view in page.items}


async def test_one_login_opens_both_hosts_and_each_endpoint_has_a_session(
    apps: Apps, store: Store, ada: aiohttp.ClientSession
) -> None:
    assert await apps.is_in(ada, TWO)
    assert not await apps.is_in(ada, THREE)
    assert not await apps.is_in(ada, OUTSIDE)
    made = await sessions(store)

    assert made.keys() == {ONE, TWO}
    assert made[ONE].cookie_hash == made[TWO].cookie_hash
    assert made[ONE].expires_at - made[TWO].expires_at > 3_000_000


@pytest.mark.parametrize("ended", [ONE, TWO])
async def test_cookie_15_ending_one_application_session_leaves_the_other_and_holds_for_good(
    apps: Apps, store: Store, ada: aiohttp.ClientSession, ended: str
) -> None:
    await apps.is_in(ada, TWO)
    await store.end_application_session((await sessions(store))[ended].id, EndReason.REVOKED, "owtok_1")
    cookie = f"{COOKIE}={cookie_in(ada, apps)}"
    other = TWO if ended == ONE else ONE

    for _ in range(3):
        answer = await ask(apps, ended, cookie)
        assert (answer.status, answer.json["details"]["reason"]) == (401, "revoked")
        assert await apps.is_in(ada, other)
    notice = await walk(ada, apps.at(ended))
    assert "An administrator ended your session" in notice.text
    assert (await sessions(store)).keys() == {other}
    again = next(form for form in forms(notice.text) if "/.outerward/login" in form.action)
    landing = await walk(ada, apps.at(ended, again.action), form={}, page=notice.url, user="ada")
    assert (landing.status, await apps.is_in(ada, ONE), await apps.is_in(ada, TWO)) == (200, True, True)


async def test_http_19_inside_the_domain_a_session_is_judged_by_the_rules_of_the_host_that_is_asked(
    apps: Apps, store: Store
) -> None:
    async with browser() as bob:
        await come_in(apps, bob, ONE, "bob")
        refused = await walk(bob, apps.at(TWO))
        assert (refused.status, "OUT-2001" in refused.text) == (403, True)
        assert await apps.is_in(bob, ONE)

    assert (await sessions(store)).keys() == {ONE}


async def test_signing_out_at_one_host_ends_the_session_at_both(
    apps: Apps, store: Store, ada: aiohttp.ClientSession
) -> None:
    await apps.is_in(ada, TWO)
    cookie = f"{COOKIE}={cookie_in(ada, apps)}"
    landing = await walk(ada, apps.at(TWO, "/.outerward/logout"))

    assert (landing.status, landing.url) == (200, apps.at(TWO, "/.outerward/signed-out"))
    assert COOKIE not in ada.cookie_jar.filter_cookies(URL(apps.at(ONE)))
    assert [(await ask(apps, host, cookie)).status for host in (ONE, TWO)] == [401, 401]
    assert await sessions(store) == {}


async def test_cookie_12_no_upstream_under_the_domain_receives_the_shared_cookie(
    apps: Apps, ada: aiohttp.ClientSession
) -> None:
    await come_in(apps, ada, THREE)
    shared = f"{COOKIE}={cookie_in(ada, apps)}"
    own = ada.cookie_jar.filter_cookies(URL(apps.at(THREE)))["outerward"].value

    for host, cookie in ((ONE, shared), (TWO, shared), (THREE, f"{shared}; outerward={own}")):
        answer = await ask(apps, host, f"a=1; {cookie}; b=2")
        assert received(answer).all("Cookie") == ["a=1; b=2"]


async def test_cookie_04_a_shared_cookie_opens_nothing_under_another_name_or_at_another_host(
    apps: Apps, ada: aiohttp.ClientSession
) -> None:
    value = cookie_in(ada, apps)

    for host in (ONE, TWO, THREE, OUTSIDE):
        assert (await ask(apps, host, f"outerward={value}")).status == 401
    for host in (THREE, OUTSIDE):
        assert (await ask(apps, host, f"{COOKIE}={value}")).status == 401


async def test_two_cookies_of_the_name_are_none_and_the_answer_clears_it_at_the_domain(
    apps: Apps, ada: aiohttp.ClientSession
) -> None:
    cookie = f"{COOKIE}={cookie_in(ada, apps)}"
    for other in (cookie, f"{COOKIE}={'x' * 43}", f"{COOKIE}="):
        answer = await ask(apps, TWO, f"{cookie}; {other}")
        assert (answer.status, CLEARING in answer.all("set-cookie")) == (401, True)
        page = await ask(apps, TWO, f"{other}; {cookie}", "/.outerward/signed-out")
        assert (page.status, CLEARING in page.all("set-cookie")) == (200, True)

    assert await apps.is_in(ada, TWO)


async def upstream_that_sets_cookies(peer: Peer) -> None:
    while True:
        await peer.head()
        lines = [f"Set-Cookie: {COOKIE}=x; Domain={DOMAIN}", f"set-cookie: ={COOKIE}=x", "Set-Cookie: a=1"]
        await peer.send("\r\n".join(["HTTP/1.1 200 OK", "Content-Length: 0", *lines, "", ""]).encode())


async def test_cookie_11_no_upstream_sets_the_shared_cookie(store: Store) -> None:
    port = lasting_port()
    async with Scripted.running(upstream_that_sets_cookies) as upstream:
        public = PublicPaths.of(["/public"])
        routes = [app(ONE, port, cookie_domain=DOMAIN, public=public), app(THREE, port, public=public)]
        async with running(store, port, routes, [Stub("corp")], upstream=upstream.address) as apps:
            for host in (ONE, THREE):
                answer = await ask(apps, host, "", "/public")
                assert (answer.status, answer.all("set-cookie")) == (200, ["a=1"])


async def test_on_https_the_cookie_is_set_and_cleared_with_the_same_attributes(store: Store) -> None:
    rules = {"cookie_domain": "example.com", "cookie_prefix": "suite-"}
    routes = [route("app.example.com", **rules), route("other.example.com", **rules)]  # type: ignore[arg-type]
    async with serving(routes, store, [Stub("corp")]) as control:
        visitor = control.browser("app.example.com")
        landing = await visitor.sign_in()
        value = visitor.cookies["suite-session"]
        other = control.browser("other.example.com")
        other.cookies = dict(visitor.cookies)
        out = await other.post("/.outerward/logout")

    same = "HttpOnly; SameSite=Lax; Domain=example.com; Secure"
    assert f"suite-session={value}; Path=/; {same}" in landing.set_cookies
    cleared = f"suite-session=; Path=/; Max-Age=0; {same}"
    assert out.set_cookies == [cleared, cleared.replace("; Domain=example.com", "")]
    assert len(value) == 43
    assert other.cookies == {}


async def test_a_new_login_at_one_host_ends_the_session_that_both_had(
    apps: Apps, ada: aiohttp.ClientSession
) -> None:
    old = f"{COOKIE}={cookie_in(ada, apps)}"
    landing = await sign_in(ada, apps.at(TWO, "/.outerward/login"), "ada")

    assert landing.status == 200
    assert (await ask(apps, ONE, old)).status == 401
    assert await apps.is_in(ada, ONE)
