"""Addresses that somebody was sent: what stands in them breaks no page, whatever it is called."""

from urllib.parse import urlencode

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Dashboard

pytestmark = pytest.mark.needs("chromium")


@pytest.mark.parametrize("flag", ["__proto__", "constructor", "<img src=x onerror=y>"])
async def test_admin_08_a_filter_for_a_flag_that_there_is_not_breaks_no_page(
    dashboard: Dashboard, flag: str
) -> None:
    filter_text = f'"{flag}" in obj.outerward.flags'
    page = await dashboard.open(f"sessions?{urlencode({'filter': filter_text})}")
    await expect(page.locator("#filters")).to_contain_text(flag)
