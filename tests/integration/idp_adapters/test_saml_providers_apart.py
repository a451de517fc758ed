"""Where the real SAML providers of the tests differ: what samlp refuses in words, what each encrypts with."""

from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.support.browser import browser, sign_in
from tests.support.samlp_provider import SamlpServer
from tests.support.simplesaml import SimpleSamlServer
from tests.support.toolkit_sp import ToolkitSp, toolkit_sp

USERS = {"ada": {"email": "ada@example.com"}}


@pytest.fixture
async def sp() -> AsyncIterator[ToolkitSp]:
    async with toolkit_sp() as listening:
        yield listening


async def test_a_person_who_says_no_sends_an_error_back(sp: ToolkitSp) -> None:
    with SamlpServer(users=USERS, service_providers=[sp.register()]) as sp.idp:
        async with browser() as client:
            landing = await sign_in(client, f"{sp.base}/login", "")

    assert (landing.url, landing.status) == (sp.registered.acs_url, 400)
    assert "not Success, was Responder" in landing.text
    assert sp.session is None


async def test_an_answer_goes_to_the_registered_address_alone(sp: ToolkitSp) -> None:
    elsewhere = replace(sp.register(), acs_url=f"{sp.base}/acs2")
    with SamlpServer(users=USERS, service_providers=[elsewhere]) as sp.idp:
        async with browser() as client:
            landing = await sign_in(client, f"{sp.base}/login", "ada")

    assert landing.status == 400
    assert "not the registered consumer" in landing.text


async def test_an_application_that_nobody_registered_is_refused(sp: ToolkitSp) -> None:
    sp.register()
    with SamlpServer(users=USERS, service_providers=[]) as sp.idp:
        async with browser() as client:
            landing = await sign_in(client, f"{sp.base}/login", "ada")

    assert (landing.status, "no service provider" in landing.text) == (400, True)


async def test_a_request_for_another_address_is_refused(
    sp: ToolkitSp, monkeypatch: pytest.MonkeyPatch
) -> None:
    with SamlpServer(users=USERS, service_providers=[sp.register()]) as sp.idp:
        mistaken = sp.settings()
        mistaken["idp"]["singleSignOnService"]["url"] += "?another"
        monkeypatch.setattr(sp, "settings", lambda: mistaken)
        async with browser() as client:
            landing = await sign_in(client, f"{sp.base}/login", "ada")

    assert landing.status == 400
    assert "not for this address" in landing.text


@pytest.mark.parametrize("cipher", ["aes256-gcm", "aes128-cbc"])
async def test_samlp_encrypts_with_the_cipher_asked_for(sp: ToolkitSp, cipher: str) -> None:
    with SamlpServer(users=USERS, service_providers=[sp.register(encrypt=True, cipher=cipher)]) as sp.idp:
        async with browser() as client:
            await sign_in(client, f"{sp.base}/login", "ada")

    assert sp.session is not None
    assert f"#{cipher}".encode() in b64decode(sp.session.xml)


@pytest.mark.needs("simplesamlphp")
async def test_simplesamlphp_encrypts_with_cbc_whatever_is_asked(sp: ToolkitSp) -> None:
    with SimpleSamlServer(users=USERS, service_providers=[sp.register(encrypt=True)]) as sp.idp:
        async with browser() as client:
            await sign_in(client, f"{sp.base}/login", "ada")

    assert sp.session is not None
    assert b"#aes128-cbc" in b64decode(sp.session.xml)
