"""GeoIP databases that are damaged, cut short, removed and replaced while requests come in."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.context import Contexts
from session_store import Store
from tests.support.edge import route, running_edge
from tests.support.places import nested, write
from tests.support.upstreams import Echo

AT = "203.0.113.7"
ROUNDS = 20


def spoil(database: Path, turn: int) -> None:
    """One of the things that happen to a file under its readers."""
    match turn % 5:
        case 0:
            database.write_bytes(database.read_bytes()[: 100 + turn])
        case 1:
            database.write_bytes(b"\xff" * 4096)
        case 2:
            database.unlink()
        case 3:
            write(database, {"203.0.113.0/24": nested("SE", 59.33, 18.07)})
        case 4:
            with database.open("r+b") as file:
                file.truncate(0)


async def until(holds: Callable[[], bool]) -> None:
    """Let the others run until it holds."""
    while True:
        if holds():
            return
        await asyncio.sleep(0.001)


def country_of(contexts: Contexts) -> str | None:
    """Where AT is by now."""
    location = contexts.of(AT, b"").location
    return None if location is None else location.country_code


async def test_m27_no_request_suffers_from_what_happens_to_the_files(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.context.contexts.REFRESH_EVERY_S", 0.001)
    database = write(tmp_path / "city.mmdb", {"203.0.113.0/24": nested("NO", 60.39, 5.32)})
    done = asyncio.Event()
    statuses: list[int] = []

    async with (
        Echo.running() as upstream,
        running_edge(
            store, [route(upstream)], trusted_proxies=["127.0.0.0/8"], geoip_databases=[database]
        ) as edge,
    ):
        cookie = await edge.sign_in()
        contexts = edge.worker.contexts

        async def lane(number: int) -> None:
            asked = 0
            while not done.is_set():
                asked += 1
                address = f"203.0.113.{(64 * number + asked % 64)}"
                answer = await edge.ask(cookie=cookie, headers=[("X-Forwarded-For", address)])
                statuses.append(answer.status)

        lanes = [asyncio.create_task(lane(number)) for number in range(4)]
        async with asyncio.timeout(60):
            for turn in range(ROUNDS):
                before = len(statuses)
                spoil(database, turn)
                await until(lambda: len(statuses) >= before + 20)  # noqa: B023 - called in this turn only
                assert country_of(contexts) in ("NO", "SE")
            write(database, {"203.0.113.0/24": nested("FI", 60.17, 24.94)})
            await until(lambda: country_of(contexts) == "FI")
        done.set()
        await asyncio.gather(*lanes)
    assert set(statuses) == {200}
