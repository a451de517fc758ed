"""Signing in to the dashboard through a provider on another site, in a real browser, and out again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.support.oidc_provider import OidcServer, RegisteredClient
from tests.support.program import CANARY, lasting_port
from tests.support.provider_sign_in import DashboardProgram, dashboard_program

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(scope="module")
def port() -> int:
    return lasting_port()


@pytest.fixture(scope="module")
def provider(port: int) -> Iterator[OidcServer]:
    origin = f"http://127.0.0.1:{port}"
    client = RegisteredClient(
        "client", CANARY, (f"{origin}/.outerward/callback/nobody",), (f"{origin}/.outerward/signed-out",)
    )
    ada = {"email": "ada@example.com", "email_verified": True, "name": "Ada Lovelace"}
    with OidcServer(users={"ada": ada}, clients=[client], address="127.0.0.2") as started:
        yield started


@pytest.fixture(scope="module")
def at(
    provider: OidcServer, port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DashboardProgram]:
    folder: Path = tmp_path_factory.mktemp("program")
    roles = '{ operator = ["ada@example.com"] }'
    with dashboard_program(folder, roles=roles, issuer=provider.issuer, port=port) as running:
        yield running


async def test_an_administrator_comes_in_through_the_provider_and_leaves_through_it(
    at: DashboardProgram, provider: OidcServer, chromium: Browser
) -> None:
    page = await chromium.new_page()
    await page.goto(f"{at.url}/dashboard/sessions")
    await page.get_by_role("button", name="Sign in with nobody").click()
    await page.get_by_role("button", name="Sign in as ada").click()

    await expect(page).to_have_url(f"{at.url}/dashboard/sessions")
    await expect(page.get_by_role("banner")).to_contain_text("Ada Lovelace")
    await page.goto(f"{at.url}/dashboard/users")
    await expect(page.get_by_role("table", name="App users")).to_contain_text("ada@example.com")

    await page.get_by_role("button", name="Sign out of the dashboard").click()
    await page.wait_for_url(f"{provider.issuer}/session/end**")
    await page.get_by_role("button").first.click()
    await page.wait_for_url(f"{at.url}/.outerward/signed-out**")
    await page.goto(f"{at.url}/dashboard/users")
    await expect(page.get_by_role("button", name="Sign in with nobody")).to_be_visible()
    await page.close()
