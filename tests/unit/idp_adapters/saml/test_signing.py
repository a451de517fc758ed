"""Our own messages, signed: others find the signature right, and it stands where the schema wants it."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from idp_adapters.provider import LoginError
from idp_adapters.saml import gate, names
from idp_adapters.saml.keys import KeyPair
from idp_adapters.saml.signature import verified_octets
from idp_adapters.saml.signing import sign
from tests.support.saml_messages import Logout, SamlIdentityProvider, certificate_of, foreign_key, sp_key

PAIR = KeyPair(sp_key(), certificate_of(sp_key()))
SIGNATURE = "/samlp:LogoutRequest/ds:Signature"


def message() -> etree._Element:
    return SamlIdentityProvider().logout_tree(Logout(sign=False))


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def test_python3_saml_finds_the_signature_right_and_no_others() -> None:
    octets = sign(message(), PAIR)

    def is_right(octets: bytes, certificate: x509.Certificate) -> bool:
        return OneLogin_Saml2_Utils.validate_sign(octets, pem(certificate), xpath=SIGNATURE) is True

    assert is_right(octets, PAIR.certificate)
    assert not is_right(octets, certificate_of(foreign_key()))
    assert not is_right(octets.replace(b">ada<", b">eve<"), PAIR.certificate)


def test_our_own_verification_gives_back_the_message_as_it_was() -> None:
    before = etree.tostring(message(), method="c14n", exclusive=True)
    signed = gate.read_message(sign(message(), PAIR), "LogoutRequest")

    assert verified_octets(signed, [PAIR.certificate]) == before


def test_a_change_after_signing_is_noticed() -> None:
    changed = gate.read_message(sign(message(), PAIR).replace(b">ada<", b">eve<"), "LogoutRequest")

    with pytest.raises(LoginError):
        verified_octets(changed, [PAIR.certificate])


def test_the_signature_follows_the_issuer_and_fits_the_schema() -> None:
    octets = sign(message(), PAIR)

    assert [etree.QName(child).localname for child in etree.fromstring(octets)][:2] == ["Issuer", "Signature"]
    assert not isinstance(OneLogin_Saml2_XML.validate_xml(octets, "saml-schema-protocol-2.0.xsd"), str)


def test_the_certificate_stands_beside_and_the_private_key_does_not() -> None:
    signed = etree.fromstring(sign(message(), PAIR))
    given = signed.findtext(".//ds:X509Certificate", "", names.NS)

    assert x509.load_pem_x509_certificate(
        f"-----BEGIN CERTIFICATE-----\n{given.strip()}\n-----END CERTIFICATE-----".encode()
    ) == (PAIR.certificate)
    assert [etree.QName(part).localname for part in signed.iterfind(".//ds:KeyInfo//*", names.NS)] == [
        "X509Data",
        "X509Certificate",
    ]


def test_only_what_begins_with_its_issuer_is_signed() -> None:
    with pytest.raises(ValueError, match="begins with its Issuer"):
        sign(etree.fromstring('<a ID="_1"><b/></a>'), PAIR)
