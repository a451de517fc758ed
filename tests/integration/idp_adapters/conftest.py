"""A provider that lies on demand, and a login of ours against it."""

from collections.abc import AsyncIterator

import pytest

from tests.support.hostile_oidc import HostileProvider
from tests.support.oidc_login import Login, opened


@pytest.fixture
async def hostile() -> AsyncIterator[HostileProvider]:
    """The other side."""
    async with HostileProvider.running() as provider:
        yield provider


@pytest.fixture
async def login(hostile: HostileProvider) -> AsyncIterator[Login]:
    """Our side, as configured by default."""
    async with opened(hostile) as opened_login:
        yield opened_login
