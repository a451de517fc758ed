"""How soon the dashboard's pages are seen and how much they load:  python -m bench.dashboard

A hundred thousand sessions in an embedded store, the program over it, and Chromium on the same machine with
nothing in its cache at each load. Then sessions begin and end while the list of sessions is open.
"""

import argparse
import asyncio
import hashlib
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from bench.administered import Administered, administered
from bench.browsing import Browsing, addresses, browsing
from bench.population import newest
from bench.report import table
from bench.session import STORE_SECRET
from session_store import ApplicationSession, CookieHash, EndReason, Store

# It prints: that is its work.
# ruff: noqa: T201

LONG_MS = 50.0
_MAP = "world.svg"
_A_SECOND = 20
_LIFE_MS = 3_600_000
_PAINTED = "() => performance.getEntriesByName('first-contentful-paint').length > 0"
_FACTS = """() => {
  const loaded = performance.getEntriesByType("resource");
  return {
    paint: performance.getEntriesByName("first-contentful-paint")[0].startTime,
    now: performance.now(),
    files: [...performance.getEntriesByType("navigation"), ...loaded]
      .filter((each) => !each.name.includes("/app/") && !each.name.includes("/events"))
      .map((each) => [new URL(each.name).pathname, each.encodedBodySize]),
  };
}"""
_WATCH = """() => {
  const seen = { frames: [], long: [], came: 0, went: 0 };
  window.seen = seen;
  new PerformanceObserver((list) => seen.long.push(...list.getEntries().map((each) => each.duration)))
    .observe({ type: "longtask" });
  new MutationObserver((list) => {
    for (const { addedNodes, removedNodes } of list) {
      seen.came += addedNodes.length;
      seen.went += removedNodes.length;
    }
  }).observe(document.querySelector("tbody"), { childList: true });
  let last = performance.now();
  const step = (now) => {
    seen.frames.push(now - last);
    last = now;
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """One page: when it was first seen and when it showed what it has, in ms; bytes of its files as sent."""

    name: str
    paint_ms: float
    filled_ms: float
    files: dict[str, int]

    @property
    def bytes(self) -> int:
        """Without the map."""
        return sum(size for path, size in self.files.items() if not path.endswith(_MAP))


@dataclass(frozen=True, slots=True)
class Moving:
    """The list of sessions for ``seconds`` in which sessions began and ended: rows that came and went."""

    seconds: float
    scripting_s: float
    frames_ms: Sequence[float]
    long_ms: Sequence[float]
    came: int
    went: int


async def load(seen: Browsing, name: str, where: str, loads: int) -> Loaded:
    """Medians of so many loads, each in a new window."""
    found: list[dict[str, Any]] = []
    for _ in range(loads):
        context = await seen.context()
        page = await context.new_page()
        await seen.show(page, where)
        await page.wait_for_function(_PAINTED)
        found.append(await page.evaluate(_FACTS))
        await context.close()
    return Loaded(
        name,
        median(each["paint"] for each in found),
        median(each["now"] for each in found),
        dict(found[-1]["files"]),
    )


async def moving(seen: Browsing, target: Administered, seconds: float) -> Moving:
    """Watch the list of sessions while twenty logins a second lead to sessions, and half of those end."""
    context = await seen.context()
    page = await context.new_page()
    await seen.show(page, "sessions")
    devtools = await context.new_cdp_session(page)
    await devtools.send("Performance.enable")
    await page.evaluate(_WATCH)
    before = await _scripting_s(devtools)
    await _come_and_go(target, seconds)
    scripting = await _scripting_s(devtools) - before
    told = await page.evaluate("seen")
    await context.close()
    return Moving(seconds, scripting, told["frames"], told["long"], told["came"], told["went"])


async def _scripting_s(devtools: Any) -> float:
    metrics = (await devtools.send("Performance.getMetrics"))["metrics"]
    return next(float(each["value"]) for each in metrics if each["name"] == "ScriptDuration")


async def _come_and_go(target: Administered, seconds: float) -> None:
    store = Store.open(target.url, secrets=[STORE_SECRET])
    visitors = [login.visitor for login in newest(_A_SECOND)]
    visits = [login.visits[0] for login in newest(_A_SECOND)]
    began = time.monotonic()
    number = 0
    try:
        while time.monotonic() - began < seconds:
            expires_at = time.time_ns() // 1_000_000 + _LIFE_MS
            visit = visits[number % _A_SECOND]
            browser = await store.complete_login(
                visitors[number % _A_SECOND].principal,
                provider_name="Okta",
                begun_at=await store.now(),
                scope=visit.endpoint.public_url.removeprefix("https://"),
                cookie_hash=CookieHash(hashlib.sha256(secrets.token_bytes(32)).digest()),
                expires_at=expires_at,
            )
            session = await store.start_application_session(
                browser, visit.endpoint, expires_at=expires_at, idle_timeout_s=0, context=visit.context
            )
            number += 1
            if number % 2 and isinstance(session, ApplicationSession):
                await store.end_browser_session(session.cookie_hash, EndReason.LOGOUT, "")
            await asyncio.sleep(max(0.0, began + number / _A_SECOND - time.monotonic()))
    finally:
        await store.close()


def told(sessions: int, loaded: Sequence[Loaded], move: Moving) -> str:
    """The tables."""
    rows = [["page", "first paint ms", "filled ms", "KB gzipped, without the map"]]
    rows += [
        [each.name, f"{each.paint_ms:.0f}", f"{each.filled_ms:.0f}", f"{each.bytes / 1000:.1f}"]
        for each in loaded
    ]
    files = {path: size for each in loaded for path, size in each.files.items() if "/static/" in path}
    world = sum(size for path, size in files.items() if path.endswith(_MAP))
    frames = sorted(move.frames_ms)
    own = sum(files.values()) - world
    text = f"""
All files that pages load: {own / 1000:.1f} KB gzipped, and the map {world / 1000:.1f} KB.

The list of sessions, while {_A_SECOND} begin and {_A_SECOND // 2} end a second, for {move.seconds:.0f} s:
{move.came} rows came and {move.went} went;
{move.scripting_s / move.seconds:.1%} of a core for scripts; {len(frames) / move.seconds:.0f} frames a second,
99 of 100 within {frames[len(frames) * 99 // 100]:.0f} ms; {len(move.long_ms)} tasks over {LONG_MS:.0f} ms,
the longest {max(move.long_ms, default=0):.0f} ms."""
    load = f"Load average: {os.getloadavg()[0]:.1f}"
    return f"{sessions:,} sessions, nothing cached\n{table(rows)}\n{text}\n{load}"


async def main(sessions: int, loads: int, seconds: float) -> None:
    """Measure it all."""
    with tempfile.TemporaryDirectory(prefix="ow-bench-") as name:
        async with administered(Path(name), sessions) as target, browsing(target) as seen:
            line = target.line()
            pages = addresses(line)
            line.close()
            loaded = [await load(seen, each, where, loads) for each, where in pages.items()]
            print("bench: every page was loaded", file=sys.stderr, flush=True)
            print(told(sessions, loaded, await moving(seen, target, seconds)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.dashboard", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sessions", type=int, default=100_000, help="sessions, 100,000 unless told")
    parser.add_argument("--loads", type=int, default=10, help="of each page, 10 unless told")
    parser.add_argument("--seconds", type=float, default=20.0, help="of coming and going, 20 unless told")
    options = parser.parse_args()
    asyncio.run(main(options.sessions, options.loads, options.seconds))
