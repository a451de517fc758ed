"""A login by form_post in a real browser: the provider posts across sites, and Lax cookies stay behind."""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, Page, Request

from idp_adapters import OidcProvider, OidcSettings
from session_store import Store
from tests.integration.login_host.conftest import USERS, Apps, app, origin_of, running
from tests.support.oidc_provider import OidcServer, RegisteredClient
from tests.support.program import lasting_port

pytestmark = pytest.mark.needs("chromium")
HOST = "one.localhost"
CALLBACK = "/.outerward/callback/corp"


@pytest.fixture
def port() -> int:
    return lasting_port()


@pytest.fixture
def server(port: int) -> Iterator[OidcServer]:
    client = RegisteredClient("outerward", "secret", (origin_of(HOST, port) + CALLBACK,))
    with OidcServer(users=USERS, clients=[client]) as started:
        yield started


@pytest.fixture
async def apps(store: Store, port: int, server: OidcServer) -> AsyncIterator[Apps]:
    settings = OidcSettings(
        issuer=server.issuer,
        client_id="outerward",
        client_secret="secret",
        allow_private_network=True,
        response_mode="form_post",
    )
    provider = OidcProvider("corp", settings)
    async with running(store, port, [app(HOST, port)], [provider]) as started:
        yield started
    await provider.close()


@pytest.fixture
async def page(chromium: Browser) -> Page:
    return await chromium.new_page()


async def test_the_provider_posts_without_cookies_and_the_redirect_brings_the_logins_cookie(
    apps: Apps, page: Page
) -> None:
    seen: list[Request] = []

    def note(request: Request) -> None:
        seen.append(request)

    page.on("request", note)
    await page.goto(apps.at(HOST, "/report?q=1"))
    await page.get_by_role("button", name="Sign in as ada").click()
    await page.wait_for_url(apps.at(HOST, "/report?q=1"))
    (posted,) = [each for each in seen if each.url == apps.at(HOST, CALLBACK)]
    (finish,) = [each for each in seen if each.url.startswith(apps.at(HOST, f"{CALLBACK}/finish?state="))]

    assert posted.method == "POST"
    assert "cookie" not in await posted.all_headers()
    assert finish.method == "GET"
    assert "outerward-login-" in (await finish.all_headers())["cookie"]
    assert [cookie.get("name") for cookie in await page.context.cookies(apps.at(HOST))] == ["outerward"]
    assert "ada@example.com" in await page.content()
