"""What the form post plan adds to the basic one, whose modules run by form_post in ``test_basic.py``."""

from collections.abc import AsyncIterator

import pytest

from session_store import Store
from tests.conformance.relying_party import RelyingParty, relying_party
from tests.support.http_client import Answer
from tests.support.logout_tokens import Begun, code_of, cookies_in

REFUSED, INVALID = 2028, 2024


@pytest.fixture
async def rp(store: Store) -> AsyncIterator[RelyingParty]:
    async with relying_party(store, response_mode="form_post") as party:
        yield party


async def failed(rp: RelyingParty, parameters: str) -> Answer:
    """The end of a login that the provider answers by ``parameters`` and the login's state."""
    begun = await rp.begin()
    state = begun.callback.partition("state=")[2].partition("&")[0]
    callback = f"{begun.callback.partition('?')[0]}?{parameters}&state={state}"
    return await rp.come_back(Begun(callback, begun.cookie, begun.host))


async def test_oidcc_client_test_form_post_error(rp: RelyingParty) -> None:
    """The provider posts ``login_required``: a page says that there was no sign-in, and offers another.

    The module wants the request to carry ``prompt=none``, which is refused as a setting here; the error is
    the same without.
    """
    issuer = rp.provider.issuer.replace(":", "%3A").replace("/", "%2F")
    page = await failed(rp, f"error=login_required&error_description=no+one&iss={issuer}")

    assert (page.status, code_of(page), cookies_in(page)) == (403, REFUSED, {})
    assert b"/.outerward/login" in page.body
    assert rp.provider.codes_sent == []
    await rp.signs_in()


async def test_a_posted_error_of_another_provider_is_not_believed(rp: RelyingParty) -> None:
    page = await failed(rp, "error=login_required&iss=https%3A%2F%2Fother.example")

    assert (page.status, code_of(page), cookies_in(page)) == (400, INVALID, {})
