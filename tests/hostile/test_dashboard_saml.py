"""The dashboard is a service provider of its own: what is for another, or not right, signs nobody in."""

import time
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from idp_adapters import EntityIds, SamlProvider, SamlSettings, Threads
from session_store import Store
from tests.support.control import Browser, Reply
from tests.support.dashboard_rim import COOKIE, Rim, running_rim
from tests.support.saml_messages import Response, SamlIdentityProvider, foreign_key, sent_to
from tests.support.saml_scene import inflated

SAML = "/.outerward/saml/corp"
OF_AN_EDGE = "https://app.example.com" + SAML
ADA = {"email": ["ada@example.com"]}


@dataclass(frozen=True)
class Begun:
    """A sign-in under way: its state, and the ID of its request."""

    state: str
    request_id: str


@dataclass
class Campus:
    """A dashboard whose people come from a SAML provider, which the test plays."""

    rim: Rim
    idp: SamlIdentityProvider
    made: int = field(default=0)

    async def begin(self, browser: Browser) -> Begun:
        sent = await browser.begin("/dashboard/users")
        return Begun(sent["RelayState"], inflated(sent["SAMLRequest"]).get("ID", ""))

    def response(self, request_id: str | None, *, forged: bool = False, **changes: Any) -> bytes:
        """One that is right but for ``changes``, and for its key where it is ``forged``."""
        self.made += 1
        usual = Response(
            now=time.time(),
            request_id=request_id,
            assertion_id=f"_assertion-{self.made}",
            attributes=ADA,
        )
        here = sent_to(self.rim.api.url + SAML)
        signer = SamlIdentityProvider(key=foreign_key()) if forged else self.idp
        return signer.response(replace(usual, **(here | changes)))

    async def sign_in(self, browser: Browser, message: bytes, state: str) -> Reply:
        """Send ``message`` as the provider's page does, and go where it leads."""
        fields = {"SAMLResponse": b64encode(message).decode(), "RelayState": state}
        arrived = await browser.deliver(f"{SAML}/acs", fields)
        return await browser.get(arrived.location) if arrived.status == 303 else arrived

    async def is_in(self, browser: Browser) -> bool:
        """Whether the browser may call the API, which it may with the cookie alone that it was given."""
        status = await self.rim.ask(browser)
        assert (status == 200) == (COOKIE in browser.cookies)
        return status == 200

    async def refuses(self, browser: Browser, message: bytes, state: str) -> bool:
        """Whether ``message`` gets a 4xx and signs nobody in."""
        reply = await self.sign_in(browser, message, state)
        return 400 <= reply.status < 500 and not await self.is_in(browser)


@pytest.fixture
async def campus(store: Store) -> AsyncIterator[Campus]:
    idp = SamlIdentityProvider()
    threads = Threads(lambda: None)
    provider = SamlProvider(
        "corp",
        SamlSettings(idp_metadata=idp.metadata().decode()),
        settle=store.settle,
        threads=threads,
        entity_ids=EntityIds(),
        clock=time.time,
        monotonic=time.monotonic,
    )
    async with running_rim(store, provider=provider) as rim:
        yield Campus(rim, idp)
    await provider.close()
    threads.close()


async def test_saml_what_is_right_signs_in(campus: Campus) -> None:
    browser = campus.rim.browser()
    begun = await campus.begin(browser)
    landing = await campus.sign_in(browser, campus.response(begun.request_id), begun.state)

    assert (landing.status, landing.location) == (302, "/dashboard/users")
    assert await campus.is_in(browser)


@pytest.mark.parametrize(
    "changes",
    [
        {"audience": f"{OF_AN_EDGE}/metadata"},
        {"recipient": f"{OF_AN_EDGE}/acs"},
        {"destination": f"{OF_AN_EDGE}/acs"},
        sent_to(OF_AN_EDGE),
        {"issuer": "https://other.example.com"},
        {"sign": "neither"},
        {"forged": True},
        {"now": 1_000_000_000.0},
        {"request_id": None},
        {"request_id": "_another-request"},
        {"attributes": {"email": ["ada@example.org"]}},
        {"attributes": {}},
    ],
    ids=[
        "for the audience of an edge",
        "for the recipient of an edge",
        "sent to an edge",
        "for an edge in all",
        "of another issuer",
        "unsigned",
        "signed by another key",
        "long over",
        "asked for by nobody",
        "asked for by another",
        "of somebody without a role",
        "of nobody that is known",
    ],
)
async def test_saml_what_is_not_right_or_for_another_signs_nobody_in(
    campus: Campus, changes: dict[str, Any]
) -> None:
    browser = campus.rim.browser()
    begun = await campus.begin(browser)
    message = campus.response(**({"request_id": begun.request_id} | changes))
    assert await campus.refuses(browser, message, begun.state)


async def test_saml_an_answer_is_good_once_and_for_the_browser_that_asked(campus: Campus) -> None:
    ada, thief = campus.rim.browser(), campus.rim.browser()
    begun = await campus.begin(ada)
    message = campus.response(begun.request_id)
    for browser in (thief, ada, thief):
        assert await campus.refuses(browser, message, begun.state)


async def test_saml_two_answers_to_one_request_sign_in_once(campus: Campus) -> None:
    browser, other = campus.rim.browser(), campus.rim.browser()
    begun = await campus.begin(browser)
    other.cookies.update(browser.cookies)
    first = await campus.sign_in(browser, campus.response(begun.request_id), begun.state)
    assert (first.status, await campus.is_in(browser)) == (302, True)
    assert await campus.refuses(other, campus.response(begun.request_id), begun.state)
