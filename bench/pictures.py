"""Pictures of every page of the dashboard, in every state, into pictures/:  python -m bench.pictures

Each page without a session, with three, with a hundred thousand, and with a store that does not answer; light
and dark, wide and narrow. They are to be looked at; no test compares them.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import get_args

from playwright.async_api import Page
from playwright.async_api import TimeoutError as PlaywrightTimeoutError

from bench.administered import Line, administered
from bench.browsing import Browsing, Theme, addresses, browsing
from bench.population import newest

# It prints: that is its work.
# ruff: noqa: T201

FOLDER = Path(__file__).parents[1] / "pictures"
SIZES = ((1280, 800), (360, 780))
MANY = 100_000
FEW = 3
_TALLEST = 1600
_TUNNELS = 3
_TUNNEL = """
[[tunnel]]
name = "tunnel-{number}"
hostname = "tunnel-{number}.example.com"
upstream = "http://127.0.0.1:9"
provider = "nobody"
allow = ["*"]
[[tunnel]]
name = "edge-0-part-{number}"
upstream = "http://127.0.0.1:9"
[[edge_route]]
edge = "edge-0"
hostname = "edge-0.example.com"
path_prefix = "/part-{number}"
tunnel = "edge-0-part-{number}"
provider = "nobody"
allow = ["*"]
"""
_PATIENCE_MS = 15_000


@dataclass(frozen=True, slots=True)
class Look:
    """How pages are looked at."""

    theme: Theme
    width: int
    height: int

    def path(self, state: str, name: str) -> Path:
        """Where the picture of a page in ``state`` goes."""
        return FOLDER / state / f"{name}-{self.theme}-{self.width}.png"


LOOKS = [Look(theme, *size) for theme, size in product(get_args(Theme), SIZES)]


async def take(page: Page, look: Look, state: str, name: str) -> None:
    """The page as far down as anybody looks."""
    height = min(await page.evaluate("document.documentElement.scrollHeight"), _TALLEST)
    clip = {"x": 0, "y": 0, "width": look.width, "height": max(height, look.height)}
    path = look.path(state, name)
    await page.screenshot(path=path, clip=clip, full_page=True)  # type: ignore[arg-type]


async def take_all(seen: Browsing, pages: Mapping[str, str], state: str) -> None:
    """Every page, and the sign-in page."""
    for look in LOOKS:
        context = await seen.context(theme=look.theme, width=look.width, height=look.height)
        page = await context.new_page()
        for name, where in pages.items():
            await seen.show(page, where)
            await take(page, look, state, name)
        await context.clear_cookies()
        await page.goto(f"{seen.admin}/dashboard/login")
        await take(page, look, state, "login")
        await context.close()


async def take_without_store(seen: Browsing, pages: Mapping[str, str], store_pid: int) -> None:
    """Pages that were open when the store stopped answering, and one that was not."""
    for look in LOOKS:
        opened = {}
        for name, where in pages.items():
            # Pages of one browser share six connections, and each that is seen holds one.
            context = await seen.context(theme=look.theme, width=look.width, height=look.height)
            opened[name] = await context.new_page()
            await seen.show(opened[name], where)
        with stopped(store_pid):
            for name, page in opened.items():
                try:
                    await page.locator("#banner .banner").wait_for(timeout=_PATIENCE_MS)
                except PlaywrightTimeoutError:
                    print(f"pictures: {name} does not tell that the store is away", file=sys.stderr)
                await take(page, look, "store-down", name)
            await page.goto(f"{seen.admin}/dashboard/users")
            await take(page, look, "store-down", "refused")
        for page in opened.values():
            await page.context.close()


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that does nothing for the length of the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def furnish(line: Line) -> None:
    """Some tokens, somebody who is blocked, and the end of the oldest session."""
    for name, scope in (("backup of the nightly report", "read"), ("help desk", "revoke")):
        line.ask("/tokens", "POST", {"name": name, "scope": scope})
    *_, blocked = line.ask("/app/users").json()["application_users"]
    line.ask(f"/app/users/{blocked['id']}/block", "PUT", {"reason": "left the company"})
    *_, oldest = line.ask("/app/sessions").json()["application_sessions"]
    line.ask(f"/app/sessions/{oldest['id']}", "DELETE")


def tunnels() -> str:
    """Configuration of some of the tunnels, and of the edge, that the population visits."""
    return "".join(_TUNNEL.format(number=number) for number in range(_TUNNELS))


async def main(sizes: list[int]) -> None:
    """All states; the store goes away where there are many sessions."""
    for look, state in product(LOOKS, ("store-down", *map(str, sizes))):
        look.path(state, "").parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ow-pictures-") as name:
        for size in sizes:
            began = time.monotonic()
            story = newest(size and size + 2) if size <= FEW else None
            folder = Path(name) / str(size)
            async with (
                administered(folder, size, story=story, more=tunnels()) as target,
                browsing(target) as seen,
            ):
                line = target.line()
                if size:
                    furnish(line)
                pages = addresses(line)
                line.close()
                await take_all(seen, pages, str(size))
                if size == sizes[-1]:
                    await take_without_store(seen, pages, target.store_pid)
            print(f"pictures: {size} sessions, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(f"{len(list(FOLDER.rglob('*.png')))} pictures in {FOLDER.name}/")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.pictures", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[0, FEW, MANY], help="sessions")
    asyncio.run(main(parser.parse_args().sizes))
