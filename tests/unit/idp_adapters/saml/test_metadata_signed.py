"""Signed metadata: where a certificate is configured, nothing is read but what it covers."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from idp_adapters.saml import metadata, names
from idp_adapters.saml.settings import SamlSettings
from tests.support.saml_crypto import RSA_SHA1, SHA1, XSLT, Signing, SigningKey, sign
from tests.support.saml_messages import (
    IDP_ENTITY_ID,
    NOW,
    certificate_of,
    elliptic_key,
    foreign_key,
    instant,
    weak_key,
)
from tests.support.saml_metadata import CERTIFICATE, URL, Entity, federation, key, read, refusal

FEDERATION_KEY = elliptic_key()
OTHER_ID = "https://other.example.com"
ECDSA = Signing(algorithm="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")
EVIL = key(certificate_of(foreign_key()))
ONE = Entity(attributes=' ID="_one"').xml()
ALL = federation(ONE, Entity(OTHER_ID, attributes=' ID="_two"', keys=[EVIL]).xml(), attributes=' ID="_all"')


def pinned(*keys: SigningKey, entity_id: str = IDP_ENTITY_ID) -> SamlSettings:
    pem = "".join(certificate_of(each).public_bytes(Encoding.PEM).decode() for each in keys)
    return SamlSettings(idp_metadata_url=URL, idp_entity_id=entity_id, idp_metadata_certificate=pem)


SETTINGS = pinned(FEDERATION_KEY)


def signed(
    document: str, where: str = ".", by: SigningKey = FEDERATION_KEY, how: Signing | None = None
) -> str:
    root = etree.fromstring(document)
    element = root.find(where, names.NS)
    assert element is not None
    sign(element, by, certificate_of(by), how or (ECDSA if by is FEDERATION_KEY else Signing()))
    return etree.tostring(root).decode()


@pytest.mark.parametrize(
    ("document", "where"),
    [(ONE, "."), (ALL, "."), (ALL, "md:EntityDescriptor[@ID='_one']")],
    ids=["entity-alone", "whole-federation", "entity-of-a-federation"],
)
def test_what_the_configured_certificate_signed_is_read(document: str, where: str) -> None:
    assert read(signed(document, where), SETTINGS).certificates == (CERTIFICATE,)
    assert read(signed(document, where), pinned(foreign_key(), FEDERATION_KEY)).certificates == (CERTIFICATE,)


def test_unsigned_is_fine_where_no_certificate_is_configured_and_refused_where_one_is() -> None:
    assert read(ONE, SamlSettings(idp_metadata_url=URL)).certificates == (CERTIFICATE,)
    assert "not signed" in refusal(ONE, SETTINGS)
    assert "not signed" in refusal(signed(ALL, "md:EntityDescriptor[@ID='_two']"), SETTINGS)


def test_a_signature_that_nobody_asked_for_is_not_looked_at() -> None:
    settings = SamlSettings(idp_metadata_url=URL)

    assert read(signed(ONE, by=foreign_key()), settings).certificates == (CERTIFICATE,)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (signed(ONE, by=foreign_key()), "no certificate of the provider fits"),
        (signed(ONE).replace("/sso", "/evil"), ""),
        (signed(ALL).replace("/sso", "/evil"), ""),
        (signed(ONE, how=replace(ECDSA, digest=SHA1)), "SHA-1"),
        (signed(ONE, by=foreign_key(), how=Signing(algorithm=RSA_SHA1)), "SHA-1"),
        (signed(ONE, how=replace(ECDSA, transforms=f'<ds:Transform Algorithm="{XSLT}"/>')), "transform"),
        (signed(ONE, how=replace(ECDSA, uri="")), "Reference"),
        (signed(ONE, how=replace(ECDSA, uri="file:///etc/passwd")), "Reference"),
        (signed(ONE, how=replace(ECDSA, objects="<ds:Object/>")), "other parts"),
        (signed(signed(ONE)), "two signatures"),
        (signed(signed(ONE), by=foreign_key()), "two signatures"),
    ],
    ids=[
        "foreign-key",
        "changed",
        "federation-changed",
        "sha1-digest",
        "sha1-signature",
        "xslt",
        "whole-document",
        "file",
        "object",
        "twice",
        "twice-by-others",
    ],
)
def test_saml_37_a_signature_that_does_not_count_is_refused(document: str, words: str) -> None:
    assert words in refusal(document, SETTINGS)


def test_saml_25_a_short_key_is_refused_where_it_is_configured() -> None:
    assert "1024 bits" in refusal(signed(ONE, by=weak_key()), pinned(weak_key()))


def test_a_signed_entity_wrapped_into_anothers_is_not_read_as_the_signed_one() -> None:
    inner = signed(ONE)
    wrapped = Entity(
        attributes=' ID="_evil"', before=f"<md:Extensions>{inner}</md:Extensions>", keys=[EVIL]
    ).xml()
    signature = etree.fromstring(inner).find("ds:Signature", names.NS)
    moved = etree.fromstring(wrapped)
    assert signature is not None
    moved.insert(0, signature)

    assert "not signed" in refusal(wrapped, SETTINGS)
    assert "Reference" in refusal(etree.tostring(moved), SETTINGS)


def test_a_signed_entity_beside_a_forged_one_of_its_name_is_refused() -> None:
    forged = Entity(attributes=' ID="_evil"', keys=[EVIL]).xml()

    assert "be there once" in refusal(federation(forged, signed(ONE)), SETTINGS)


def test_what_is_read_is_what_the_signature_covers_and_not_what_stands_around_it() -> None:
    document = signed(ALL, "md:EntityDescriptor[@ID='_one']").replace(OTHER_ID, "https://renamed.example.com")

    assert read(document, SETTINGS).certificates == (CERTIFICATE,)
    assert "not signed" in refusal(document, pinned(FEDERATION_KEY, entity_id="https://renamed.example.com"))


def test_nothing_is_read_but_the_octets_that_verification_gave_back(monkeypatch: pytest.MonkeyPatch) -> None:
    covered = Entity(keys=[EVIL], attributes=' cacheDuration="PT5M"').xml().encode()
    monkeypatch.setattr(metadata, "verified_octets", lambda *_: covered)
    found, fresh_s = metadata.read_metadata(signed(ONE).encode(), SETTINGS, NOW)

    assert (found.certificates, fresh_s) == ((certificate_of(foreign_key()),), 300)


def test_saml_37_signed_metadata_that_ran_out_is_refused() -> None:
    past = f' validUntil="{instant(NOW - 1)}"'
    entity, around = f' ID="_one"{past}', f' ID="_all"{past}'

    assert "valid until" in refusal(signed(Entity(attributes=entity).xml()), SETTINGS)
    assert "valid until" in refusal(signed(federation(ONE, attributes=around)), SETTINGS)
    assert "valid until" in refusal(federation(signed(ONE), attributes=around), SETTINGS)


@pytest.mark.parametrize(
    "pem", ["/etc/idp.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_a_certificate_that_is_none_refuses_everything(pem: str) -> None:
    settings = SamlSettings(idp_metadata_url=URL, idp_metadata_certificate=pem)

    assert "idp_metadata_certificate is not a certificate" in refusal(signed(ONE), settings)
