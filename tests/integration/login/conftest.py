"""The control app over the test's store."""

from collections.abc import AsyncIterator

import pytest

from session_store import Store
from tests.support.control import ROUTES, Browser, Control, Stub, serving


@pytest.fixture
def corp() -> Stub:
    return Stub("corp")


@pytest.fixture
def okta() -> Stub:
    return Stub("okta")


@pytest.fixture
async def control(store: Store, corp: Stub, okta: Stub) -> AsyncIterator[Control]:
    async with serving(ROUTES, store, [corp, okta]) as running:
        yield running


@pytest.fixture
def visitor(control: Control) -> Browser:
    """A fresh browser at the tunnel."""
    return control.browser("app.example.com")
