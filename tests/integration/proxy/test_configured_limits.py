"""The limits of a request's size are those of the configuration, narrower or wider than the usual ones."""

import pytest

from proxy import Limits
from session_store import Store
from tests.support.edge import route, running_edge
from tests.support.http_client import connected, request
from tests.support.upstreams import Echo, Scripted, always, ok


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        (2000, [], 200),
        (2049, [], 414),
        (2000, [("X", "a" * 2000)], 200),
        (2000, [("X", "a" * 2100)], 431),
        (2000, [("X", "a" * 1400)] * 3, 431),
        (1, [("X", "1")] * 15, 200),
        (1, [("X", "1")] * 25, 431),
    ],
)
async def test_limits_of_size_are_those_that_are_set(
    store: Store, upstream: Echo, line: int, headers: list[tuple[str, str]], status: int
) -> None:
    limits = Limits(max_line=2048, max_header=4096, max_headers=20)
    async with running_edge(store, [route(upstream)], limits=limits) as edge:
        cookie = await edge.sign_in()
        target = "/" + "a" * (line - 1)
        assert (await edge.ask(target, cookie=cookie, headers=headers)).status == status
        assert upstream.hits == (status == 200)


async def test_wider_limits_let_more_pass(store: Store) -> None:
    limits = Limits(max_line=64 * 1024, max_header=64 * 1024, max_headers=300)
    lines = [("X", "a" * 100)] * 250 + [("Y", "a" * 30_000)]
    async with (
        Scripted.running(always(ok())) as upstream,
        running_edge(store, [route(upstream)], limits=limits) as edge,
    ):
        cookie = await edge.sign_in()
        async with connected(edge.port) as client:
            for _ in range(2):
                client.write(request(target="/" + "a" * 60_000, cookie=cookie))
                assert (await client.answer()).status == 200
                client.write(request(cookie=cookie, headers=lines))
                assert (await client.answer()).status == 200
