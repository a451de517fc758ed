"""Two applications and one login host in a real browser: three sites, whose cookies it keeps apart."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Page

from idp_adapters import OidcProvider, OidcSettings, ResponseMode
from proxy import LoginHost
from session_store import Store
from tests.integration.login_host.conftest import HOSTS, LOGIN, USERS, Apps, app, origin_of, running
from tests.support.oidc_provider import OidcServer, RegisteredClient
from tests.support.program import lasting_port

pytestmark = pytest.mark.needs("chromium")
ONE, TWO, _ = HOSTS
CALLBACK = "/.outerward/callback/corp"


@pytest.fixture(scope="module")
def port() -> int:
    return lasting_port()


@pytest.fixture(scope="module")
def server(port: int) -> Iterator[OidcServer]:
    login = origin_of(LOGIN, port)
    client = RegisteredClient("outerward", "secret", (login + CALLBACK,), (f"{login}/.outerward/signed-out",))
    with OidcServer(users=USERS, clients=[client]) as started:
        yield started


@pytest.fixture(params=["query", "form_post"])
async def apps(
    request: pytest.FixtureRequest, store: Store, port: int, server: OidcServer
) -> AsyncIterator[Apps]:
    mode: ResponseMode = request.param
    settings = OidcSettings(
        issuer=server.issuer,
        client_id="outerward",
        client_secret="secret",
        allow_private_network=True,
        response_mode=mode,
    )
    provider = OidcProvider("corp", settings)
    login = LoginHost(LOGIN, origin_of(LOGIN, port), secure=False)
    async with running(store, port, [app(ONE, port), app(TWO, port)], [provider], login) as started:
        yield started
    await provider.close()


@pytest.fixture
async def page(chromium: Browser) -> Page:
    return await chromium.new_page()


async def test_each_application_has_a_session_of_its_own_and_the_login_host_has_none(
    apps: Apps, page: Page
) -> None:
    await page.goto(apps.at(ONE, "/report?q=1"))
    await page.get_by_role("button", name="Sign in as ada").click()
    await page.wait_for_url(apps.at(ONE, "/report?q=1"))
    assert "ada@example.com" in await page.content()
    assert await page.context.cookies([apps.at(LOGIN), apps.at(TWO)]) == []

    await page.goto(apps.at(TWO, "/notes"))
    await page.wait_for_url(apps.at(TWO, "/notes"))
    names = {
        host: [cookie.get("name") for cookie in await page.context.cookies(apps.at(host))]
        for host in (ONE, TWO, LOGIN)
    }
    assert names == {ONE: ["outerward"], TWO: ["outerward"], LOGIN: []}


async def test_who_signs_out_comes_back_by_the_login_host_to_the_same_application(
    apps: Apps, page: Page, server: OidcServer
) -> None:
    await page.goto(apps.at(ONE, "/"))
    await page.get_by_role("button", name="Sign in as ada").click()
    await page.wait_for_url(apps.at(ONE, "/"))
    await page.goto(apps.at(ONE, "/.outerward/logout"))
    assert page.url.startswith(server.issuer)
    await page.get_by_role("button", name="Yes, sign me out").click()
    await page.wait_for_url(apps.at(ONE, "/.outerward/signed-out"))

    assert "You are signed out" in await page.content()
    assert await page.context.cookies(apps.at(ONE)) == []
