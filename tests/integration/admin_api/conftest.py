"""The running API for the tests of this folder."""

from collections.abc import AsyncIterator

import pytest

from session_store import Store
from tests.support.admin_api import RunningApi, running_api


@pytest.fixture
async def api(store: Store) -> AsyncIterator[RunningApi]:
    """The API over the test's store."""
    async with running_api(store) as running:
        yield running
