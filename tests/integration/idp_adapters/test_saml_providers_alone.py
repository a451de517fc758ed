"""The real SAML providers of the tests do what a provider does: python3-saml speaks with each of them."""

from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from lxml import etree

from tests.support.browser import browser, sign_in, sign_out_at_provider, walk
from tests.support.saml_idp import new_pair
from tests.support.samlp_provider import SamlpServer
from tests.support.simplesaml import SimpleSamlServer
from tests.support.toolkit_sp import ToolkitSp, toolkit_sp

Server = SamlpServer | SimpleSamlServer
Make = Callable[..., Server]
USERS = {"ada": {"email": "ada@example.com", "groups": ["staff", "ops"]}, "bob": {"email": "bob@example.com"}}
EACH = [
    pytest.param(SamlpServer, id="samlp"),
    pytest.param(SimpleSamlServer, id="simplesamlphp", marks=pytest.mark.needs("simplesamlphp")),
]
pytestmark = pytest.mark.parametrize("make", EACH)
BOTH_BINDINGS = pytest.mark.parametrize("binding", ["redirect", "post"])


@pytest.fixture
async def sp() -> AsyncIterator[ToolkitSp]:
    async with toolkit_sp() as listening:
        yield listening


def meet(make: Make, sp: ToolkitSp, **options: Any) -> Server:
    """A provider, not started, and the service provider told of each other."""
    server = make(users=USERS, service_providers=[sp.register(**options)])
    sp.idp = server
    return server


def names(xml: str) -> list[str]:
    """The local names of a message's elements, in the order of the document."""
    return [etree.QName(each).localname for each in etree.fromstring(b64decode(xml)).iter("{*}*")]


@pytest.mark.parametrize("encrypt", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
async def test_every_way_to_sign_and_encrypt_is_accepted(
    make: Make, sp: ToolkitSp, sign: str, encrypt: bool
) -> None:
    with meet(make, sp, sign=sign, encrypt=encrypt):
        async with browser() as client:
            landing = await sign_in(client, f"{sp.base}/login", "ada")

    assert (landing.url, landing.status) == (f"{sp.base}/acs", 200), landing.text
    assert sp.session is not None
    assert sp.session.name_id == "ada"
    assert sp.session.attributes["email"] == ["ada@example.com"]
    assert sp.session.attributes["groups"] == ["staff", "ops"]
    assert sp.session.relay_state == "relay"
    found = names(sp.session.xml)
    assert ("EncryptedAssertion" in found) == encrypt
    assert ("Assertion" in found) != encrypt
    outside = found[: found.index("EncryptedAssertion" if encrypt else "Assertion")]
    assert ("Signature" in outside) == (sign != "assertion")


@BOTH_BINDINGS
async def test_the_response_is_posted_from_another_site_without_lax_cookies(
    make: Make, sp: ToolkitSp, binding: Any
) -> None:
    sp.binding = binding
    with meet(make, sp) as server:
        async with browser() as client:
            landing = await sign_in(client, f"{sp.base}/login", "ada")

    assert landing.status == 200, landing.text
    assert sp.session is not None
    assert sp.session.headers["Sec-Fetch-Site"] == "cross-site"
    assert sp.session.headers["Origin"] == server.sso_url.split("/s")[0]
    assert sp.session.cookies == {"none": "1"}


async def test_a_session_at_the_provider_signs_in_again_and_force_authn_asks_again(
    make: Make, sp: ToolkitSp
) -> None:
    with meet(make, sp):
        async with browser() as client:
            await sign_in(client, f"{sp.base}/login", "ada")
            silent = await walk(client, f"{sp.base}/login")
            asked = await walk(client, f"{sp.base}/login?force")
            other = await sign_in(client, f"{sp.base}/login?force", "ada")

    assert silent.text == other.text == "signed in as ada"
    assert "<form" in asked.text


@BOTH_BINDINGS
async def test_a_request_signed_with_another_key_is_refused(
    make: Make, sp: ToolkitSp, binding: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sp.binding = binding
    with meet(make, sp) as server:
        monkeypatch.setattr("tests.support.toolkit_sp.service_pair", new_pair)
        async with browser() as client:
            landing = await sign_in(client, f"{sp.base}/login", "ada")

    assert landing.url.startswith(server.sso_url)
    assert sp.session is None


@BOTH_BINDINGS
async def test_a_logout_signed_with_another_key_ends_nothing_at_the_provider(
    make: Make, sp: ToolkitSp, binding: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sp.binding = binding
    with meet(make, sp) as server:
        async with browser() as client:
            await sign_in(client, f"{sp.base}/login", "ada")
            with monkeypatch.context() as patched:
                patched.setattr("tests.support.toolkit_sp.service_pair", new_pair)
                landing = await walk(client, f"{sp.base}/logout")
            after = await walk(client, f"{sp.base}/login")

    assert landing.url.startswith(server.slo_url)
    assert sp.answered == []
    assert after.text == "signed in as ada"


@BOTH_BINDINGS
async def test_a_logout_of_the_application_is_answered_and_ends_the_session_at_the_provider(
    make: Make, sp: ToolkitSp, binding: Any
) -> None:
    sp.binding = binding
    with meet(make, sp, slo_binding=binding):
        async with browser() as client:
            await sign_in(client, f"{sp.base}/login", "ada")
            landing = await walk(client, f"{sp.base}/logout")
            after = await walk(client, f"{sp.base}/login")

    assert landing.text == "signed out", landing.text
    assert landing.url.startswith(f"{sp.base}/slo")
    assert sp.answered == ["Success"]
    assert "<form" in after.text


@BOTH_BINDINGS
async def test_a_logout_at_the_provider_reaches_the_application_and_takes_its_answer(
    make: Make, sp: ToolkitSp, binding: Any
) -> None:
    sp.binding = binding
    with meet(make, sp, slo_binding=binding) as server:
        async with browser() as client:
            await sign_in(client, f"{sp.base}/login", "ada")
            landing = await sign_out_at_provider(client, server.logout_url)
            told = sp.session
            after = await walk(client, f"{sp.base}/login")

    assert landing.status == 200, landing.text
    assert not landing.url.startswith(sp.base)
    assert told is None
    assert "<form" in after.text


async def test_a_logout_at_the_provider_reaches_every_application_of_the_session(make: Make) -> None:
    async with toolkit_sp("one.localhost") as one, toolkit_sp("two.localhost") as two:
        applications = [one.register(), two.register(slo_binding="post")]
        with make(users=USERS, service_providers=applications) as server:
            one.idp = two.idp = server
            two.binding = "post"
            async with browser() as client:
                await sign_in(client, f"{one.base}/login", "ada")
                await sign_in(client, f"{two.base}/login", "ada")
                assert one.session
                assert two.session
                await sign_out_at_provider(client, server.logout_url)

        assert one.session is None
        assert two.session is None


async def test_a_login_begun_at_the_provider_is_a_response_to_nothing(make: Make, sp: ToolkitSp) -> None:
    with meet(make, sp) as server:
        async with browser() as client:
            url = server.login_url(sp.registered.entity_id, "anywhere")
            landing = await sign_in(client, url, "bob")

    assert landing.text == "signed in as bob"
    assert sp.session is not None
    assert sp.session.relay_state == "anywhere"
    assert b"InResponseTo" not in b64decode(sp.session.xml)


async def test_a_walk_stops_before_the_response_is_posted(make: Make, sp: ToolkitSp) -> None:
    with meet(make, sp):
        async with browser() as client:
            stopped = await sign_in(client, f"{sp.base}/login", "ada", until=f"{sp.base}/acs")
            assert sp.session is None
            landing = await walk(client, stopped.url, form=stopped.fields, page=sp.idp.sso_url)

    assert set(stopped.fields) == {"SAMLResponse", "RelayState"}
    assert landing.text == "signed in as ada"


async def test_new_keys_come_with_a_restart_and_the_addresses_stay(make: Make, sp: ToolkitSp) -> None:
    with meet(make, sp) as server:
        before = server.entity_id, server.sso_url, server.certificate_pem
        server.restart(new_keys=True)
        async with browser() as client:
            metadata = (await walk(client, server.metadata_url)).text
            landing = await sign_in(client, f"{sp.base}/login", "ada")

    assert before[:2] == (server.entity_id, server.sso_url)
    assert before[2] != server.certificate_pem
    assert "".join(server.certificate_pem.splitlines()[1:-1]) in metadata
    assert landing.status == 200, landing.text


async def test_an_old_signature_algorithm_can_be_had_for_those_who_must_refuse_it(
    make: Make, sp: ToolkitSp
) -> None:
    with meet(make, sp, signature_algorithm="sha1"):
        async with browser() as client:
            landing = await sign_in(client, f"{sp.base}/login", "ada")

    assert landing.status == 400
    assert "algorithm" in landing.text.lower()
    assert sp.session is None
