"""A relying party for each module: as configured by default, and in both ways that answers come back."""

from collections.abc import AsyncIterator

import pytest

from session_store import Store
from tests.conformance.relying_party import RelyingParty, relying_party


@pytest.fixture
async def rp(store: Store) -> AsyncIterator[RelyingParty]:
    """As configured by default."""
    async with relying_party(store) as party:
        yield party


@pytest.fixture(params=["query", "form_post"])
async def rp_by_mode(store: Store, request: pytest.FixtureRequest) -> AsyncIterator[RelyingParty]:
    """Twice: for the basic plan, and for the same modules by form post."""
    async with relying_party(store, response_mode=request.param) as party:
        yield party
