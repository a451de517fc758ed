"""What the tests of SAML over real sockets share. They run on uvloop, as the program does."""

from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from session_store import Store
from tests.support.saml_scene import SamlScene, saml_scene


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], uvloop.Loop]]:
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[SamlScene]:
    async with saml_scene(store) as running:
        yield running
