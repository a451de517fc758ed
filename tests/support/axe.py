"""axe-core over a page of a browser: what it finds against the rules of WCAG 2.2 A and AA and good practice.

It is evaluated by the browser's own tools, so that the page's policy stays what it is.
"""

from functools import cache
from typing import Any

from playwright.async_api import Page

from tests.support.node_provider import PROVIDERS, install

_RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_RUN = """(rules) => axe.run(document, {
  runOnly: { type: "tag", values: rules }, resultTypes: ["violations"], elementRef: false,
})"""


@cache
def _source() -> str:
    install()
    return (PROVIDERS / "node_modules" / "axe-core" / "axe.min.js").read_text()


async def violations(page: Page) -> list[str]:
    """Each violation as a line: the rule, and the elements that break it."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_source())
    found = await page.evaluate(_RUN, list(_RULES))
    return [_told(each) for each in found["violations"]]


def _told(violation: dict[str, Any]) -> str:
    nodes = "; ".join(f"{node['target']} {node['html'][:200]}" for node in violation["nodes"][:5])
    return f"{violation['id']} ({violation['impact']}): {nodes}"
