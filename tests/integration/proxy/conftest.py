"""What the tests of the data path share. They run on uvloop, as the program does."""

from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from session_store import Store
from tests.support.edge import Edge, route, running_edge
from tests.support.upstreams import Echo


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], uvloop.Loop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def upstream() -> AsyncIterator[Echo]:
    async with Echo.running() as echo:
        yield echo


@pytest.fixture
async def edge(store: Store, upstream: Echo) -> AsyncIterator[Edge]:
    async with running_edge(store, [route(upstream)]) as running:
        yield running


@pytest.fixture
async def cookie(edge: Edge) -> str:
    """A signed-in visitor of app.localhost."""
    return await edge.sign_in()
