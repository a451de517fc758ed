"""Wrong and hostile metadata of a provider: nobody is sent anywhere and nobody gets in (SAML-37)."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from idp_adapters.saml.names import METADATA
from session_store import Store
from tests.support.saml_crypto import RSA_SHA1, Signing, sign
from tests.support.saml_messages import (
    IDP_ENTITY_ID,
    SamlIdentityProvider,
    certificate_of,
    foreign_key,
    in_base64,
    instant,
    usual_key,
    weak_key,
)
from tests.support.saml_metadata import Entity, federation, key
from tests.support.saml_scene import ACS, SLO, SamlScene, saml_scene
from tests.support.saml_trap import trap

FOREIGN, USUAL = certificate_of(foreign_key()), certificate_of(usual_key())


def pem(certificate_key: object = None) -> str:
    """What the metadata must be signed with."""
    lines = in_base64(certificate_of(foreign_key() if certificate_key is None else usual_key()))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def signed(
    entity: Entity, how: Signing | None = None, edit: Callable[[etree._Element], None] | None = None
) -> str:
    """``entity`` with its federation's signature first, as metadata has it; ``edit`` is an attacker's."""
    root = etree.fromstring(entity.xml().replace(">", ' ID="_metadata">', 1))
    root.insert(0, sign(root, foreign_key(), None, how or Signing()))
    if edit is not None:
        edit(root)
    return etree.tostring(root).decode()


def _moved(root: etree._Element) -> None:
    root[1][-1].set("Location", "https://evil.example/sso")


def _past() -> str:
    return f' validUntil="{instant(time.time() - 1)}"'


REFUSED: dict[str, dict[str, Any]] = {
    "expired": {"idp_metadata": Entity(attributes=_past()).xml()},
    "expired around it": {"idp_metadata": federation(Entity().xml(), attributes=_past())},
    "another entity id": {
        "idp_metadata": Entity("https://other.example").xml(),
        "idp_entity_id": IDP_ENTITY_ID,
    },
    "the entity id in capitals": {
        "idp_metadata": Entity(IDP_ENTITY_ID.upper()).xml(),
        "idp_entity_id": IDP_ENTITY_ID,
    },
    "the entity id twice": {
        "idp_metadata": federation(Entity().xml(), Entity().xml()),
        "idp_entity_id": IDP_ENTITY_ID,
    },
    "several providers and none picked": {
        "idp_metadata": federation(Entity().xml(), Entity("https://other.example").xml())
    },
    "unsigned where it must be signed": {
        "idp_metadata": Entity().xml(),
        "idp_metadata_certificate": pem(),
    },
    "signed by another": {"idp_metadata": signed(Entity()), "idp_metadata_certificate": pem(usual_key)},
    "signed with SHA-1": {
        "idp_metadata": signed(Entity(), Signing(algorithm=RSA_SHA1)),
        "idp_metadata_certificate": pem(),
    },
    "changed after it was signed": {
        "idp_metadata": signed(Entity(), edit=_moved),
        "idp_metadata_certificate": pem(),
    },
    "no certificate": {"idp_metadata": Entity(keys=[]).xml()},
    "a certificate for encryption only": {
        "idp_metadata": Entity(keys=[key(USUAL, ' use="encryption"')]).xml()
    },
    "a weak key": {"idp_metadata": Entity(keys=[key(certificate_of(weak_key()))]).xml()},
    "something else than a certificate": {"idp_metadata": Entity(keys=[key("AAAA")]).xml()},
    "a service provider": {"idp_metadata": Entity(role="SPSSODescriptor").xml()},
    "SAML 1.1": {"idp_metadata": Entity(protocols="urn:oasis:names:tc:SAML:1.1:protocol").xml()},
    "no address": {"idp_metadata": Entity(services="").xml()},
    "an address by javascript": {
        "idp_metadata": Entity().xml().replace("https://idp.example.com/sso", "javascript:alert(1)")
    },
    "an address in the clear": {"idp_metadata": Entity().xml().replace("https://", "http://")},
    "an address inside": {
        "idp_metadata": Entity().xml().replace("https://idp.example.com/sso", "https://127.0.0.1/sso")
    },
    "a DOCTYPE": {"idp_metadata": "<!DOCTYPE x>" + Entity().xml()},
    "an entity": {"idp_metadata": '<!DOCTYPE x [<!ENTITY e "x">]>' + Entity(before="&e;").xml()},
    "another document": {"idp_metadata": f'<md:Other xmlns:md="{METADATA}"/>'},
    "no XML": {"idp_metadata": "<"},
}


@pytest.mark.parametrize("name", list(REFUSED))
async def test_saml_37_with_metadata_that_is_not_acceptable_nobody_gets_in(store: Store, name: str) -> None:
    async with saml_scene(store, **REFUSED[name]) as scene:
        login = await scene.get("/.outerward/login")
        assert 400 <= login.status < 600
        assert login.status != 500
        assert "location" not in dict(login.headers)
        for target, message in ((ACS, scene.response(None)), (SLO, scene.logout_request())):
            field = "SAMLResponse" if target == ACS else "SAMLRequest"
            answer = await scene.post(message, "C" * 43, target=target, name=field)
            assert 400 <= answer.status < 600
            assert answer.status != 500
        assert (await store.users(limit=1, before=None)).items == []
        assert scene.upstream.hits == 0


async def test_saml_37_signed_metadata_is_taken_from_whom_it_must_be_signed_by(store: Store) -> None:
    settings: dict[str, Any] = {"idp_metadata": signed(Entity()), "idp_metadata_certificate": pem()}
    async with saml_scene(store, **settings) as scene:
        await scene.sign_in()


@pytest.mark.parametrize("signs", ["the first", "the second"])
async def test_saml_37_each_of_two_published_keys_may_sign(store: Store, signs: str) -> None:
    document = Entity(keys=[key(FOREIGN), key(USUAL)]).xml()
    async with saml_scene(store, idp_metadata=document) as scene:
        if signs == "the first":
            scene.idp = SamlIdentityProvider(key=foreign_key())
        await scene.sign_in()


async def test_saml_37_a_key_that_is_no_longer_published_signs_nobody_in(store: Store) -> None:
    async with saml_scene(store, idp_metadata=Entity(keys=[key(FOREIGN)]).xml()) as scene:
        begun = await scene.begin()
        await scene.assert_refused(await scene.post(scene.response(begun), begun.state))
        scene.idp = SamlIdentityProvider(key=foreign_key())
        await scene.sign_in()


async def test_saml_37_a_key_for_encryption_signs_nobody_in(store: Store) -> None:
    keys = [key(FOREIGN), key(USUAL, ' use="encryption"')]
    async with saml_scene(store, idp_metadata=Entity(keys=keys).xml()) as scene:
        begun = await scene.begin()
        await scene.assert_refused(await scene.post(scene.response(begun), begun.state))


async def test_saml_37_the_right_one_of_a_federation_is_taken_and_no_other_signs(store: Store) -> None:
    other = Entity("https://other.example", keys=[key(FOREIGN)])
    document = federation(other.xml(), Entity().xml())
    async with saml_scene(store, idp_metadata=document, idp_entity_id=IDP_ENTITY_ID) as scene:
        await refused_by(scene, SamlIdentityProvider("https://other.example", key=foreign_key()))
        await refused_by(scene, SamlIdentityProvider(IDP_ENTITY_ID, key=foreign_key()))
        await scene.sign_in()


async def refused_by(scene: SamlScene, idp: SamlIdentityProvider) -> None:
    """What ``idp`` says is not believed."""
    genuine, scene.idp = scene.idp, idp
    begun = await scene.begin()
    await scene.assert_refused(await scene.post(scene.response(begun, issuer=idp.entity_id), begun.state))
    scene.idp = genuine


@pytest.mark.parametrize("what", ["external entity", "XInclude", "a file that nobody writes"])
async def test_saml_37_metadata_opens_no_file_and_asks_no_address(
    store: Store, tmp_path: Path, what: str
) -> None:
    async with trap(tmp_path) as snare:
        includes = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{snare.http_url}"/>'
        document = {
            "external entity": f'<!DOCTYPE x [<!ENTITY e SYSTEM "{snare.file_url}">]>'
            + Entity(before="&e;").xml(),
            "XInclude": Entity(before=includes).xml(),
            "a file that nobody writes": f'<!DOCTYPE x SYSTEM "{snare.file_url}">' + Entity().xml(),
        }[what]
        async with saml_scene(store, idp_metadata=document) as scene:
            answer = await scene.get("/.outerward/login")
            assert answer.status != 500
            assert (answer.status == 302) == (what == "XInclude")
        assert not snare.touched


async def test_saml_37_metadata_that_has_run_out_since_it_was_read_signs_nobody_in(store: Store) -> None:
    late_s = older_s = 0.0
    document = Entity(attributes=f' validUntil="{instant(int(time.time()) + 30)}"').xml()
    async with saml_scene(
        store,
        idp_metadata=document,
        clock=lambda: time.time() + late_s,
        monotonic=lambda: time.monotonic() + older_s,
    ) as scene:
        begun, late = await scene.begin(), await scene.begin()
        assert (await scene.post(scene.response(begun), begun.state)).status == 303
        late_s, older_s = 30.0, 100.0
        login = await scene.get("/.outerward/login")
        assert login.status >= 400
        assert (await scene.post(scene.response(late), late.state)).status >= 400
