"""The providers of all presets on this machine, and logins of ours against them."""

from collections.abc import AsyncIterator

import pytest

from tests.support.preset_logins import PresetLogins
from tests.support.preset_servers import PresetServers


@pytest.fixture
async def servers() -> AsyncIterator[PresetServers]:
    """The other side."""
    async with PresetServers.running() as running:
        yield running


@pytest.fixture
async def logins(servers: PresetServers) -> AsyncIterator[PresetLogins]:
    """Our side."""
    async with PresetLogins.against(servers) as opened:
        yield opened
