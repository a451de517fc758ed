"""The store's suite: every test that asks for a store runs on both kinds of server, save the many races."""

from collections.abc import AsyncIterator

import pytest

from session_store import IdSource, Retention, Store
from session_store.address import parse_address
from session_store.fastpath import FastPath
from session_store.sealing import Sealer
from tests.integration.session_store.sweeping import SECRET, Sweeping, sweeping
from tests.support.interleaving import Stepped
from tests.support.races import Hands
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
        secrets=[SECRET],
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


@pytest.fixture
async def hands(store_url: str, scene: Scene) -> AsyncIterator[Hands]:
    address = parse_address(store_url)
    commands = Stepped(address, "one"), Stepped(address, "two")
    scenes = []
    for stepped in commands:
        fastpath = FastPath(address, timeout_s=10)
        ids = IdSource(now_s=lambda: scene.clock() / 1000)
        scenes.append(
            Scene(
                Store(address, stepped, fastpath, Sealer([SECRET]), ids, Retention(), scene.clock),
                scene.clock,
            )
        )
    yield Hands(scene, scenes[0], scenes[1], commands)
    for one in scenes:
        await one.store.close()


@pytest.fixture
async def sweeper(scene: Scene, store_url: str) -> AsyncIterator[Sweeping]:
    async with sweeping(store_url, scene.clock) as one:
        yield one
