"""What we say of ourselves: others accept it and read what is meant."""

import pytest
from lxml import etree
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from idp_adapters.provider import RelyingParty
from idp_adapters.saml import names
from idp_adapters.saml.keys import KeyPair
from idp_adapters.saml.settings import SamlSettings
from idp_adapters.saml.sp_metadata import sp_metadata
from tests.support.saml_messages import ACS_URL, SLO_URL, SP_ENTITY_ID, certificate_of, in_base64, sp_key

PAIR = KeyPair(sp_key(), certificate_of(sp_key()))
PARTY = RelyingParty(
    answer=ACS_URL,
    logout=SLO_URL,
    metadata=SP_ENTITY_ID,
    signed_out="https://app.example.com/.outerward/signed-out",
)
SETTINGS = SamlSettings(idp_metadata_url="https://idp.example.com/metadata")


def document(settings: SamlSettings = SETTINGS, entity_id: str = SP_ENTITY_ID) -> bytes:
    return sp_metadata(PARTY, settings, entity_id, PAIR)


def role(settings: SamlSettings = SETTINGS) -> etree._Element:
    found = etree.fromstring(document(settings)).find("md:SPSSODescriptor", names.NS)
    assert found is not None
    return found


def elements(path: str) -> list[dict[str, str]]:
    return [
        {str(name): str(value) for name, value in each.attrib.items()}
        for each in role().iterfind(path, names.NS)
    ]


def validator() -> OneLogin_Saml2_Settings:
    return OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {"entityId": "x", "assertionConsumerService": {"url": "https://x.example.com/acs"}},
        },
        sp_validation_only=True,
    )


@pytest.mark.parametrize("entity_id", [SP_ENTITY_ID, "urn:us", 'https://x.example.com/?a=1&b="<ü>"'])
def test_python3_saml_and_its_schema_accept_it(entity_id: str) -> None:
    octets = document(entity_id=entity_id)

    assert validator().validate_metadata(octets.decode()) == []
    assert etree.fromstring(octets).get("entityID") == entity_id


def test_the_addresses_are_ours() -> None:
    assert elements("md:AssertionConsumerService") == [
        {"Binding": names.BY_POST, "Location": ACS_URL, "index": "0", "isDefault": "true"}
    ]
    assert elements("md:SingleLogoutService") == [
        {"Binding": names.BY_REDIRECT, "Location": SLO_URL},
        {"Binding": names.BY_POST, "Location": SLO_URL},
    ]


def test_one_certificate_serves_for_both_uses() -> None:
    assert elements("md:KeyDescriptor") == [{"use": "signing"}, {"use": "encryption"}]
    certificates = {each.text for each in role().iterfind(".//ds:X509Certificate", names.NS)}
    assert certificates == {in_base64(PAIR.certificate)}


def test_gcm_and_oaep_are_offered_and_nothing_older() -> None:
    assert [each["Algorithm"] for each in elements("md:KeyDescriptor/md:EncryptionMethod")] == [
        "http://www.w3.org/2009/xmlenc11#aes256-gcm",
        "http://www.w3.org/2009/xmlenc11#aes128-gcm",
        "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
        "http://www.w3.org/2009/xmlenc11#rsa-oaep",
    ]


@pytest.mark.parametrize(("sign", "said"), [(True, "true"), (False, "false")], ids=["signed", "unsigned"])
def test_what_is_signed_is_said(*, sign: bool, said: str) -> None:
    settings = SamlSettings(idp_metadata_url="https://idp.example.com/metadata", sign_requests=sign)

    assert role(settings).get("AuthnRequestsSigned") == said
    assert role(settings).get("WantAssertionsSigned") == "true"
    assert role(settings).get("protocolSupportEnumeration") == names.PROTOCOL


def test_the_configured_format_of_a_nameid_is_asked_for() -> None:
    settings = SamlSettings(idp_metadata_url="https://idp.example.com/metadata", nameid_format="emailAddress")

    assert role(settings).findtext("md:NameIDFormat", "", names.NS) == names.NAMEID_FORMATS["emailAddress"]


def test_it_is_the_same_whenever_it_is_asked_for() -> None:
    assert document() == document()
    assert b"PRIVATE" not in document()
