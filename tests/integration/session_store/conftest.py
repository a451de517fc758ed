"""The store's suite: every test that asks for a store runs on both kinds of server, save the many races."""

from collections.abc import AsyncIterator

import pytest

from session_store import Store
from tests.support.redis_server import STORE_KINDS
from tests.support.scene import Clock, Scene


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "store_url" in metafunc.fixturenames and "hands" not in metafunc.fixturenames:
        metafunc.parametrize("store_url", STORE_KINDS, indirect=True)


@pytest.fixture
async def scene(store_url: str) -> AsyncIterator[Scene]:
    clock = Clock()
    store = Store.open(
        store_url,
        secrets=["a secret of the tests, 32 long.."],
        now_ms=clock,
        check_timeout_s=10,
        command_timeout_s=30,
    )
    try:
        await store.start()
        await store.ping()
        yield Scene(store, clock)
    finally:
        await store.close()
