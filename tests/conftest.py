"""Fixtures for every test.

``store_url``
    URL of a real, empty Valkey on a unix socket. With ``STORE_KINDS`` of ``tests.support.redis_server``, by
    ``@pytest.mark.parametrize("store_url", STORE_KINDS, indirect=True)``, also of a one-node Cluster.
``store``
    A started ``Store`` there that answers, with deadlines that a busy machine keeps; closed after the test.
``store_server``
    A ``RedisServer`` of the test's own, every write on disk before its answer: to kill and to hang.

Servers are shared by the tests of one xdist worker and emptied before each test.
"""

from collections.abc import AsyncIterator, Iterator

import pytest

from session_store import Store
from tests.support.redis_server import Kind, RedisServer

pytest_plugins = ("tests.support.needs",)


@pytest.fixture(scope="session")
def _servers() -> Iterator[dict[Kind, RedisServer]]:
    servers: dict[Kind, RedisServer] = {}
    yield servers
    for server in servers.values():
        server.stop()


@pytest.fixture
def store_url(request: pytest.FixtureRequest, _servers: dict[Kind, RedisServer]) -> str:
    kind: Kind = getattr(request, "param", "unix")
    if kind not in _servers:
        _servers[kind] = RedisServer(kind)
        _servers[kind].start()
    _servers[kind].client.flushall()
    return _servers[kind].url


@pytest.fixture
async def store(store_url: str) -> AsyncIterator[Store]:
    opened = Store.open(
        store_url, secrets=["a secret of the tests, 32 long.."], check_timeout_s=10, command_timeout_s=30
    )
    try:
        await opened.start()
        await opened.ping()
        yield opened
    finally:
        await opened.close()


@pytest.fixture
def store_server() -> Iterator[RedisServer]:
    server = RedisServer("unix", "appendonly yes", "appendfsync always")
    server.start()
    yield server
    server.stop()
