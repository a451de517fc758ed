"""What the demo's SAML provider says of itself, and reads of its one application (SAML Metadata §2.4).

Pure; the application's document is believed, since it came from where the demo said it is.
"""

import binascii
from base64 import b64decode
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from lxml import etree

from outerward.demo import saml_names as names
from outerward.demo.saml_xml import SamlError, in_base64, parse

_MD = f"{{{names.METADATA}}}"
_DS = f"{{{names.DSIG}}}"


@dataclass(frozen=True, slots=True)
class Application:
    """The service provider as its metadata tells it: what it signs with, what to encrypt for."""

    entity_id: str
    acs_url: str
    slo_url: str
    signing: x509.Certificate
    encryption: x509.Certificate

    @property
    def origin(self) -> str:
        """The origin that its answers go to."""
        parts = urlsplit(self.acs_url)
        return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True, slots=True)
class OwnAddresses:
    """The provider's own: its entity id is where its metadata are."""

    origin: str

    @property
    def entity_id(self) -> str:
        """The name that its messages carry."""
        return f"{self.origin}/saml/metadata"

    @property
    def sso(self) -> str:
        """Where logins begin."""
        return f"{self.origin}/saml/sso"

    @property
    def slo(self) -> str:
        """Where logout messages go, requests and answers."""
        return f"{self.origin}/saml/slo"


def own_metadata(own: OwnAddresses, certificate: x509.Certificate) -> bytes:
    """The EntityDescriptor: both bindings, signed requests wanted."""
    entity = etree.Element(
        f"{_MD}EntityDescriptor", entityID=own.entity_id, nsmap={"md": names.METADATA, "ds": names.DSIG}
    )
    role = etree.SubElement(
        entity,
        f"{_MD}IDPSSODescriptor",
        WantAuthnRequestsSigned="true",
        protocolSupportEnumeration=names.PROTOCOL,
    )
    descriptor = etree.SubElement(role, f"{_MD}KeyDescriptor", use="signing")
    data = etree.SubElement(etree.SubElement(descriptor, f"{_DS}KeyInfo"), f"{_DS}X509Data")
    etree.SubElement(data, f"{_DS}X509Certificate").text = in_base64(certificate)
    for binding in (names.BY_REDIRECT, names.BY_POST):
        etree.SubElement(role, f"{_MD}SingleLogoutService", Binding=binding, Location=own.slo)
    etree.SubElement(role, f"{_MD}NameIDFormat").text = names.PERSISTENT
    for binding in (names.BY_REDIRECT, names.BY_POST):
        etree.SubElement(role, f"{_MD}SingleSignOnService", Binding=binding, Location=own.sso)
    return etree.tostring(entity, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def read_application(document: bytes, entity_id: str) -> Application:
    """The service provider ``entity_id`` in ``document``. Raises SamlError."""
    entity = parse(document)
    role = entity.find(f"{_MD}SPSSODescriptor")
    if entity.tag != f"{_MD}EntityDescriptor" or entity.get("entityID") != entity_id or role is None:
        raise SamlError("The application's metadata are not its own.")
    return Application(
        entity_id=entity_id,
        acs_url=_location(role, "AssertionConsumerService", names.BY_POST),
        slo_url=_location(role, "SingleLogoutService", names.BY_REDIRECT),
        signing=_certificate(role, "signing"),
        encryption=_certificate(role, "encryption"),
    )


def _location(role: etree._Element, service: str, binding: str) -> str:
    for each in role.findall(f"{_MD}{service}"):
        if each.get("Binding") == binding:
            return each.get("Location", "")
    raise SamlError(f"The application's metadata have no {service} that could be used.")


def _certificate(role: etree._Element, use: str) -> x509.Certificate:
    for each in role.findall(f"{_MD}KeyDescriptor"):
        text = each.findtext(f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate")
        if each.get("use", use) == use and text:
            try:
                certificate = x509.load_der_x509_certificate(b64decode("".join(text.split())))
            except (binascii.Error, ValueError):
                continue
            if isinstance(certificate.public_key(), RSAPublicKey):
                return certificate
    raise SamlError(f"The application's metadata have no certificate for {use}.")
