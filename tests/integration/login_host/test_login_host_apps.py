"""Three applications, one login host, and a real OpenID provider that knows one redirect URI."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
from yarl import URL

from idp_adapters import OidcProvider, OidcSettings
from proxy import LoginHost
from session_store import EndReason, Store
from tests.integration.login_host.conftest import HOSTS, LOGIN, USERS, Apps, app, origin_of, running
from tests.support.browser import Landing, browser, sign_in, sign_out_at_provider, walk
from tests.support.oidc_provider import OidcServer, RegisteredClient

ONE, TWO, THREE = HOSTS
FINISH = "/.outerward/callback/corp/finish"


@pytest.fixture(scope="module")
def server(port: int) -> Iterator[OidcServer]:
    own = origin_of(LOGIN, port) + "/.outerward"
    client = RegisteredClient(
        "outerward",
        "secret",
        (f"{own}/callback/corp",),
        (f"{own}/signed-out",),
        backchannel_logout_uri=f"{own}/backchannel-logout/corp",
        backchannel_logout_session_required=True,
    )
    with OidcServer(users=USERS, clients=[client]) as started:
        yield started


@pytest.fixture(params=["query", "form_post"])
async def apps(
    request: pytest.FixtureRequest, store: Store, port: int, server: OidcServer
) -> AsyncIterator[Apps]:
    settings = OidcSettings(
        issuer=server.issuer,
        client_id="outerward",
        client_secret="secret",
        allow_private_network=True,
        response_mode=request.param,
    )
    provider = OidcProvider("corp", settings)
    login = LoginHost(LOGIN, origin_of(LOGIN, port), secure=False)
    async with running(store, port, [app(host, port) for host in HOSTS], [provider], login) as started:
        yield started
    await provider.close()


@pytest.fixture
async def ada(apps: Apps) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser."""
    async with browser() as client:
        yield client


async def come_in(apps: Apps, client: aiohttp.ClientSession, host: str) -> None:
    landing = await sign_in(client, apps.at(host, "/report?q=1"), "ada")
    assert (landing.status, landing.url) == (200, apps.at(host, "/report?q=1")), landing.text[-500:]
    assert '["X-Forwarded-Email", "ada@example.com"]' in landing.text


def code(landing: Landing) -> str:
    return landing.text.partition("OUT-")[2][:4]


async def test_three_applications_share_one_redirect_uri_and_each_has_a_session_of_its_own(
    apps: Apps, store: Store, ada: aiohttp.ClientSession
) -> None:
    for host in HOSTS:
        await come_in(apps, ada, host)
    sessions = (await store.sessions(limit=10, before=None)).items
    by_tunnel = {view.session.endpoint.tunnel: view.session for view in sessions}
    jar = ada.cookie_jar
    values = {jar.filter_cookies(URL(apps.at(host)))["outerward"].value for host in HOSTS}

    assert (len(values), set(by_tunnel)) == (3, set(HOSTS))
    assert "outerward" not in jar.filter_cookies(URL(apps.at(LOGIN)))
    await store.end_application_session(by_tunnel[TWO].id, EndReason.REVOKED, "owtok_1")
    assert [await apps.is_in(ada, host) for host in HOSTS] == [True, False, True]
    await store.end_browser_session(by_tunnel[ONE].cookie_hash, EndReason.REVOKED, "owtok_1")
    assert [await apps.is_in(ada, host) for host in HOSTS] == [False, False, True]


async def test_the_result_of_one_login_opens_no_other_application_and_no_other_browser(
    apps: Apps, store: Store, ada: aiohttp.ClientSession
) -> None:
    held = await sign_in(ada, apps.at(ONE), "ada", until=apps.at(ONE, FINISH))
    tail = held.url.removeprefix(apps.at(ONE, ""))
    async with browser() as other:
        for client, host in ((ada, TWO), (ada, LOGIN), (other, ONE), (other, TWO)):
            refused = await walk(client, apps.at(host, tail))
            assert (refused.status, code(refused)) == (400, "2011")
    assert (await store.users(limit=10, before=None)).items == []

    landing = await walk(ada, held.url)
    assert (landing.status, landing.url) == (200, apps.at(ONE))
    again = await walk(ada, held.url)
    assert (again.status, code(again)) == (400, "2012")


async def test_a_logout_goes_to_the_provider_and_comes_back_to_the_applications_page(
    apps: Apps, ada: aiohttp.ClientSession
) -> None:
    await come_in(apps, ada, ONE)
    landing = await walk(ada, apps.at(ONE, "/.outerward/logout"))

    assert (landing.status, landing.url) == (200, apps.at(ONE, "/.outerward/signed-out"))
    assert not await apps.is_in(ada, ONE)
    at_provider = await walk(ada, apps.at(ONE))
    assert "<h1>Test provider</h1>" in at_provider.text


async def test_a_logout_at_the_provider_ends_every_application_by_one_message_to_the_login_host(
    apps: Apps, ada: aiohttp.ClientSession, server: OidcServer
) -> None:
    for host in HOSTS:
        await come_in(apps, ada, host)
    await sign_out_at_provider(ada, server.logout_url)

    assert [await apps.is_in(ada, host) for host in HOSTS] == [False] * 3


async def test_one_who_says_no_is_led_back_to_the_application(apps: Apps, ada: aiohttp.ClientSession) -> None:
    landing = await sign_in(ada, apps.at(TWO), "")

    assert (landing.status, code(landing), URL(landing.url).host) == (403, "2023", LOGIN)
    assert f'href="{apps.at(TWO, "/.outerward/login")}?redirect_path=/report"' in landing.text


async def test_the_login_host_itself_has_nothing_but_its_own_addresses(
    apps: Apps, ada: aiohttp.ClientSession
) -> None:
    found = {}
    for path in ("/", "/report", "//", "/%2e%2e/", "/.outerward/login", "/.outerward/callback/nobody"):
        found[path] = (await walk(ada, apps.at(LOGIN, path))).status
    async with (
        ada.post(apps.at(LOGIN, "/"), data=b"x") as posted,
        ada.options(apps.at(LOGIN, "/")) as options,
    ):
        statuses = posted.status, options.status
    handshake = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": apps.at(LOGIN, "")}
    handshake |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version": "13"}
    async with ada.get(apps.at(LOGIN, "/socket"), headers=handshake) as upgraded:
        assert upgraded.status == 404

    assert found == {
        "/": 404,
        "/report": 404,
        "//": 400,
        "/%2e%2e/": 400,
        "/.outerward/login": 404,
        "/.outerward/callback/nobody": 404,
    }
    assert statuses == (404, 404)
    assert apps.upstream.hits == 0


@pytest.mark.parametrize("host", HOSTS)
async def test_no_application_has_a_callback(apps: Apps, ada: aiohttp.ClientSession, host: str) -> None:
    landing = await walk(ada, apps.at(host, "/.outerward/callback/corp?code=x&state=y"))

    assert (landing.status, code(landing)) == (404, "1006")
