"""The running dashboard for the tests of this folder."""

from collections.abc import AsyncIterator

import pytest

from session_store import Store
from tests.support.dashboard_pages import Browser, running_pages


@pytest.fixture
async def browser(store: Store) -> AsyncIterator[Browser]:
    """A browser in front of a running dashboard, not signed in."""
    async with running_pages(store) as made:
        yield made
