"""What the tests of session rules share. They run on uvloop, as the program does."""

from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from tests.support.refreshing import World, refreshing


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], uvloop.Loop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def world(store_url: str) -> AsyncIterator[World]:
    """One worker."""
    async with refreshing(store_url) as made:
        yield made


@pytest.fixture
async def two(store_url: str) -> AsyncIterator[World]:
    """Two workers."""
    async with refreshing(store_url, workers=2) as made:
        yield made
