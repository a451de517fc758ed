"""What we say of ourselves to an identity provider: our names, addresses, keys and wishes.

SAML Metadata §2.4.4, XML Encryption 1.1 §5. Pure, and the same for everybody who asks: nothing of it depends
on a request.
"""

from base64 import b64encode

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from idp_adapters.provider import RelyingParty
from idp_adapters.saml import names
from idp_adapters.saml.keys import KeyPair
from idp_adapters.saml.settings import SamlSettings

_NAMESPACES = {"md": names.METADATA, "ds": names.DSIG, "xenc11": names.XENC11}
_MD = f"{{{names.METADATA}}}"
_DS = f"{{{names.DSIG}}}"

ENCRYPTION_METHODS = (
    f"{names.XENC11}aes256-gcm",
    f"{names.XENC11}aes128-gcm",
    f"{names.XENC}rsa-oaep-mgf1p",
    f"{names.XENC11}rsa-oaep",
)
"""How assertions may be encrypted for us, best first; CBC is not offered even where it is allowed."""


def sp_metadata(party: RelyingParty, settings: SamlSettings, entity_id: str, pair: KeyPair) -> bytes:
    """The EntityDescriptor of the service provider ``entity_id`` whose addresses are ``party``'s."""
    entity = etree.Element(f"{_MD}EntityDescriptor", entityID=entity_id, nsmap=_NAMESPACES)
    role = etree.SubElement(
        entity,
        f"{_MD}SPSSODescriptor",
        AuthnRequestsSigned="true" if settings.sign_requests else "false",
        WantAssertionsSigned="true",
        protocolSupportEnumeration=names.PROTOCOL,
    )
    _key(role, "signing", pair)
    encryption = _key(role, "encryption", pair)
    for method in ENCRYPTION_METHODS:
        etree.SubElement(encryption, f"{_MD}EncryptionMethod", Algorithm=method)
    for binding in (names.BY_REDIRECT, names.BY_POST):
        etree.SubElement(role, f"{_MD}SingleLogoutService", Binding=binding, Location=party.logout)
    etree.SubElement(role, f"{_MD}NameIDFormat").text = names.NAMEID_FORMATS[settings.nameid_format]
    etree.SubElement(
        role,
        f"{_MD}AssertionConsumerService",
        Binding=names.BY_POST,
        Location=party.answer,
        index="0",
        isDefault="true",
    )
    return etree.tostring(entity, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _key(role: etree._Element, use: str, pair: KeyPair) -> etree._Element:
    descriptor = etree.SubElement(role, f"{_MD}KeyDescriptor", use=use)
    info = etree.SubElement(descriptor, f"{_DS}KeyInfo")
    certificate = etree.SubElement(etree.SubElement(info, f"{_DS}X509Data"), f"{_DS}X509Certificate")
    certificate.text = b64encode(pair.certificate.public_bytes(Encoding.DER)).decode("ascii")
    return descriptor
