"""ADMIN-08: what strangers have written of themselves stands on every page as text, and nowhere runs."""

import secrets
import time
from dataclasses import dataclass

import pytest
from playwright.async_api import Page, expect

from proxy import describe
from session_store import (
    ApplicationSession,
    Context,
    CookieHash,
    Endpoint,
    Location,
    Principal,
    Store,
    Touch,
    endpoint_id,
)
from tests.browser.conftest import Dashboard

pytestmark = pytest.mark.needs("chromium")

TEXTS = {
    "an image that fails": "<img src=x onerror=\"window.hostile='{}'\">",
    "a script's end": "</script></title></textarea><script>window.hostile='{}'</script>",
    "an attribute's end": "\" autofocus onfocus=\"window.hostile='{}'\" x='{}' onmouseover='window.hostile=1",
    "a template": "${window.hostile='{}'} {{constructor.constructor('window.hostile=1')()}} %7B%7B",
    "a script as an address": "javascript:window.hostile='{}'//",
    "letters turned round": "\u202egnp.exe\u202c\u2066{}\u2069\u200f\u061c\u202a\u202b\u202d",
    "ten thousand letters": "{}" + "W" * 10_000,
    "combining marks": "{}Z" + "\u0351\u036b\u0343" * 200,
}
ENDPOINT = "app"


@dataclass(frozen=True)
class Stranger:
    """Somebody all of whose texts are hostile, and their session."""

    user: str
    session: str


async def stranger(store: Store, origin: str, text: str) -> Stranger:
    """Sign somebody in, as a login and a first visit leave them."""

    def filled(what: str) -> str:
        return text.replace("{}", what)

    now_ms = time.time_ns() // 1_000_000
    expires_at = now_ms + 3_600_000
    principal = Principal(
        provider="demo",
        issuer=filled("issuer"),
        subject=filled("subject") + secrets.token_hex(4),
        username=filled("username"),
        name=filled("name"),
        email=filled("email") + "@example.com",
        email_verified=True,
        groups=(filled("group"),),
    )
    browser = await store.complete_login(
        principal,
        provider_name=filled("provider"),
        begun_at=await store.now(),
        scope="app.localhost",
        cookie_hash=CookieHash(secrets.token_bytes(32)),
        expires_at=expires_at,
    )
    endpoint = Endpoint(id=endpoint_id(ENDPOINT), public_url=origin, tunnel=ENDPOINT)
    context = Context(
        ip_address="192.0.2.7",
        user_agent=describe(filled("agent")),
        location=Location(country_code="SE", latitude=59.3, longitude=18.1, radius_km=5),
        network="public",
    )
    session = await store.start_application_session(
        browser, endpoint, expires_at=expires_at, idle_timeout_s=0, context=context
    )
    assert isinstance(session, ApplicationSession)
    await store.touch([Touch(session=session, at_ms=now_ms, requests=1, context=context)])
    return Stranger(str(session.user_id), str(session.id))


async def harmless(page: Page) -> None:
    """Nothing ran, and nothing makes the page wider than its window: narrow, wide at 200 % zoom, and wide."""
    await expect(page.locator("#app")).to_have_attribute("aria-busy", "false")
    assert await page.evaluate("window.hostile") is None
    assert await page.evaluate("document.querySelectorAll('#app script, #app img').length") == 0
    for width in (360, 640, 1280):
        await page.set_viewport_size({"width": width, "height": 800})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("text", list(TEXTS.values()), ids=list(TEXTS))
async def test_admin_08_hostile_texts_stand_on_every_page_as_texts(dashboard: Dashboard, text: str) -> None:
    async with dashboard.demo.store() as store:
        known = await stranger(store, dashboard.demo.tunnels["app"], text)
    name = dashboard.ask(f"/app/users/{known.user}")["name"]
    page = await dashboard.signed_in()
    admin = f"{dashboard.demo.admin}/dashboard"

    for where in ("overview", "users", "sessions", "tunnels", "events"):
        await page.goto(f"{admin}/{where}")
        await harmless(page)
    await page.goto(f"{admin}/users")
    row = page.get_by_role("row").filter(has=page.locator(f'a[href$="{known.user}"]'))
    await expect(row.get_by_role("link", name=name, exact=True)).to_have_count(1)
    for button in ("Sign out", "Block", "Delete"):
        await row.get_by_role("button", name=button).click()
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_contain_text(name[:40])
        await harmless(page)
        await dialog.get_by_role("button", name="Cancel").click()

    await page.goto(f"{admin}/users/{known.user}?access={known.session}")
    await expect(page.get_by_role("region", name="Access details")).to_be_visible()
    await harmless(page)
    await page.goto(f"{admin}/sessions/{known.session}")
    await expect(page.get_by_role("region", name="Access details")).to_be_visible()
    await harmless(page)
    dashboard.ask(f"/app/users/{known.user}/block", "PUT", {})
    dashboard.ask(f"/app/users/{known.user}", "DELETE")
    dashboard.expect_trouble("status of 404")
    for where in (
        f"users/{known.user}",
        f"sessions/{known.session}",
        "sessions?state=ended",
        "users?state=blocked",
        "events",
    ):
        await page.goto(f"{admin}/{where}")
        await harmless(page)
