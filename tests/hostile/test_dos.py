"""Much at once from nobody (DOS-01, HTTP-40): logins that are begun and never finished, bodies that swell."""

import asyncio
import gzip
import resource
from collections.abc import AsyncIterator

import pytest
import redis.asyncio as redis

from session_store import Store
from tests.support.control import NAVIGATION, ROUTES, Control, Stub, serving

EDGE = {"X-Outerward-Edge": "192.0.2.1 app.example.com req_1"}
LIFETIME_S = 900
MB = 1024 * 1024


@pytest.fixture
async def control(store: Store) -> AsyncIterator[Control]:
    async with serving(ROUTES, store, [Stub(), Stub("okta")]) as running:
        yield running


def resident() -> int:
    """Bytes of memory in use now."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


async def begin(control: Control, count: int) -> None:
    """Begin ``count`` logins, each in a browser of its own that never comes back, from 50 addresses."""

    async def one_after_another(share: int, address: str) -> None:
        url = control.base + "/.outerward/login"
        headers = {**NAVIGATION, "X-Outerward-Edge": f"{address} app.example.com req_1"}
        for _ in range(share):
            async with control.http.get(url, headers=headers, allow_redirects=False) as answer:
                assert answer.status == 302

    await asyncio.gather(*(one_after_another(count // 50, f"192.0.2.{n + 1}") for n in range(50)))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("count", [1000, pytest.param(100_000, marks=pytest.mark.long)])
async def test_dos_01_logins_that_are_never_finished_are_bounded_and_go_by_themselves(
    control: Control, store_url: str, count: int
) -> None:
    await begin(control, 100)
    async with redis.Redis.from_url(store_url) as server:
        keys, bytes_before, before = await server.dbsize(), await used(server), resident()
        await begin(control, count)
        begun, per_login = await server.dbsize() - keys, (await used(server) - bytes_before) / count
        grown = resident() - before
        async for key in server.scan_iter(count=1000):
            assert 0 < await server.ttl(key) <= LIFETIME_S
    print(f"\n{count} logins: {begun} keys, {per_login:.0f} bytes of store each, edge +{grown / MB:.1f} MB")

    assert begun == count
    assert per_login < 2048
    assert grown < 16 * MB + count * 50


async def used(server: "redis.Redis") -> int:
    """Bytes that the store has in use."""
    told: dict[str, int] = await server.info("memory")
    return told["used_memory"]


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "gzip, gzip", "x"])
@pytest.mark.parametrize("path", ["login", "logout", "callback/corp", "callback/corp?state=x&code=y", "x"])
async def test_http_40_a_body_that_swells_is_not_inflated(control: Control, path: str, coding: str) -> None:
    bomb = gzip.compress(bytes(60 * MB), 9)
    assert len(bomb) < 64 * 1024
    before = resident()
    url, headers = f"{control.base}/.outerward/{path}", {**EDGE, "Content-Encoding": coding}
    async with control.http.post(url, data=bomb, headers=headers, allow_redirects=False) as answer:
        assert 300 <= answer.status < 500
    assert resident() - before < 20 * MB
