"""A SAML identity provider's messages: good ones by default, and each part of them can be set for one test.

    idp = SamlIdentityProvider()
    octets = idp.response(Response(request_id="_1", sign="assertion"))

``edit`` changes the tree before it is signed; what is changed afterwards, an attacker changes.
"""

import datetime
import zlib
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal, cast
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lxml import etree

from idp_adapters.saml.expected import Expected
from idp_adapters.saml.names import (
    ASSERTION,
    BEARER,
    BY_POST,
    BY_REDIRECT,
    DSIG,
    METADATA,
    NAMEID_FORMATS,
    PROTOCOL,
    RSA_SHA256,
    SUCCESS,
)
from tests.support.saml_crypto import Encryption, Signing, SigningKey, encrypt, sign, signature_value

NOW = 1_800_000_000.0
"""The usual time of the messages, in Unix seconds."""
ACS_URL = "https://app.example.com/.outerward/saml/corp/acs"
SLO_URL = "https://app.example.com/.outerward/saml/corp/slo"
SP_ENTITY_ID = "https://app.example.com/.outerward/saml/corp/metadata"
IDP_ENTITY_ID = "https://idp.example.com/metadata"
REQUEST_ID = "_0123456789abcdef0123456789abcdef"

Edit = Callable[[etree._Element], None]

_NAMESPACES = (
    f'xmlns:samlp="{PROTOCOL}" xmlns:saml="{ASSERTION}" xmlns:xs="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
_DAY = datetime.timedelta(days=1)


def _nothing(_: etree._Element) -> None:
    pass


@dataclass(frozen=True)
class Response:
    """A Response to a login. Times are Unix seconds; None leaves an optional part out."""

    now: float = NOW
    id: str = "_response"
    assertion_id: str = "_assertion"
    request_id: str | None = REQUEST_ID
    destination: str | None = ACS_URL
    recipient: str = ACS_URL
    audience: str = SP_ENTITY_ID
    issuer: str = IDP_ENTITY_ID
    status: str = SUCCESS
    second_status: str = ""
    name_id: str = "ada"
    name_id_format: str = NAMEID_FORMATS["persistent"]
    session_index: str | None = "_session"
    session_ends_at: float | None = None
    authn_instant: float | None = None
    attributes: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: {"email": ["ada@example.com"], "groups": ["ops", "dev"]}
    )
    sign: Literal["assertion", "response", "both", "neither"] = "assertion"
    signing: Signing = field(default_factory=Signing)
    encryption: Encryption | None = None
    bare: bool = False
    """Encrypt the assertion as it stands in the Response, most of its prefixes declared only there."""
    edit: Edit = _nothing
    edit_assertion_signed: Edit = _nothing
    """Changes the assertion after it was signed and before it is encrypted."""


def sent_to(base: str) -> dict[str, Any]:
    """The members of a Response to the service provider whose addresses begin with ``base``."""
    return {"destination": f"{base}/acs", "recipient": f"{base}/acs", "audience": f"{base}/metadata"}


@dataclass(frozen=True)
class Logout:
    """A LogoutRequest, or with ``in_response_to`` a LogoutResponse."""

    now: float = NOW
    id: str = "_logout"
    destination: str | None = SLO_URL
    issuer: str = IDP_ENTITY_ID
    name_id: str = "ada"
    name_id_format: str = NAMEID_FORMATS["persistent"]
    session_indexes: Sequence[str] = ("_session",)
    not_on_or_after: float | None = None
    in_response_to: str | None = None
    status: str = SUCCESS
    second_status: str = ""
    sign: bool = True
    signing: Signing = field(default_factory=Signing)
    edit: Edit = _nothing


class SamlIdentityProvider:
    """Holds the key of one identity provider and makes its messages."""

    def __init__(
        self,
        entity_id: str = IDP_ENTITY_ID,
        *,
        key: SigningKey | None = None,
        sso_url: str = "https://idp.example.com/sso",
        slo_url: str = "https://idp.example.com/slo",
    ) -> None:
        self.entity_id = entity_id
        self.sso_url = sso_url
        self.slo_url = slo_url
        self.key = key or usual_key()
        self.certificate = certificate_of(self.key)

    def response_tree(self, options: Response = Response()) -> etree._Element:
        """The Response as a tree, signed and encrypted as asked."""
        root = etree.fromstring(_response(options))
        options.edit(root)
        assertion = root.find(f"{{{ASSERTION}}}Assertion")
        if assertion is not None and options.sign in ("assertion", "both"):
            sign(assertion, self.key, self.certificate, options.signing)
        if assertion is not None and options.encryption is not None:
            options.edit_assertion_signed(assertion)
            plain = _as_it_stands(root) if options.bare else standing_alone(assertion)
            root.replace(assertion, encrypt(plain, options.encryption))
        if options.sign in ("response", "both"):
            sign(root, self.key, self.certificate, options.signing)
        return root

    def response(self, options: Response = Response()) -> bytes:
        """The Response's octets, before base64."""
        return etree.tostring(self.response_tree(options))

    def logout_tree(self, options: Logout = Logout()) -> etree._Element:
        """The LogoutRequest or LogoutResponse as a tree, enveloping its signature if signed."""
        root = etree.fromstring(_logout(options))
        options.edit(root)
        if options.sign:
            sign(root, self.key, self.certificate, options.signing)
        return root

    def logout(self, options: Logout = Logout()) -> bytes:
        """Its octets as the POST binding carries them, before base64."""
        return etree.tostring(self.logout_tree(options))

    def logout_query(
        self, options: Logout = Logout(), relay_state: str | None = None, algorithm: str = RSA_SHA256
    ) -> str:
        """The raw query of the Redirect binding (Bindings §3.4.4), signed over its octets if it is to be."""
        plain = replace(options, sign=False)
        name = "SAMLRequest" if options.in_response_to is None else "SAMLResponse"
        signature = (self.key, algorithm) if options.sign else None
        return redirect_query(name, self.logout(plain), relay_state, signature)

    def metadata(self) -> bytes:
        """Its metadata, unsigned."""
        return f"""<md:EntityDescriptor xmlns:md="{METADATA}" xmlns:ds="{DSIG}" entityID="{self.entity_id}">
<md:IDPSSODescriptor protocolSupportEnumeration="{PROTOCOL}">
<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{in_base64(self.certificate)}
</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
<md:SingleLogoutService Binding="{BY_REDIRECT}" Location="{self.slo_url}"/>
<md:SingleLogoutService Binding="{BY_POST}" Location="{self.slo_url}"/>
<md:SingleSignOnService Binding="{BY_REDIRECT}" Location="{self.sso_url}"/>
<md:SingleSignOnService Binding="{BY_POST}" Location="{self.sso_url}"/>
</md:IDPSSODescriptor></md:EntityDescriptor>""".encode()


def expected(idp: SamlIdentityProvider, **changes: Any) -> Expected:
    """What the usual Response of ``idp`` must agree with, a second after it was made."""
    usual: dict[str, Any] = {
        "idp_entity_id": idp.entity_id,
        "certificates": (idp.certificate,),
        "acs_url": ACS_URL,
        "audience": SP_ENTITY_ID,
        "request_id": REQUEST_ID,
        "now": NOW + 1,
        "private_keys": (sp_key(),),
    }
    return Expected(**(usual | changes))


def redirect_query(
    name: str, message: bytes, relay_state: str | None, signature: tuple[SigningKey, str] | None
) -> str:
    """``message`` as a raw query of the Redirect binding, signed with the key and method of ``signature``."""
    parts = [f"{name}={quote(b64encode(deflate(message)), safe='')}"]
    if relay_state is not None:
        parts.append(f"RelayState={quote(relay_state, safe='')}")
    if signature is not None:
        key, algorithm = signature
        parts.append(f"SigAlg={quote(algorithm, safe='')}")
        value = b64encode(signature_value("&".join(parts).encode(), key, algorithm))
        parts.append(f"Signature={quote(value, safe='')}")
    return "&".join(parts)


def deflate(octets: bytes) -> bytes:
    """Raw DEFLATE (RFC 1951), as the Redirect binding wants it."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(octets) + compressor.flush()


def standing_alone(element: etree._Element) -> bytes:
    """The octets of ``element`` with every namespace that was in scope around it."""
    in_scope = cast("dict[str, str]", element.nsmap)
    alone = etree.Element(element.tag, {str(k): str(v) for k, v in element.attrib.items()}, nsmap=in_scope)
    alone.text = element.text
    for child in etree.fromstring(etree.tostring(element, with_tail=False)):
        alone.append(child)
    return etree.tostring(alone)


def _as_it_stands(root: etree._Element) -> bytes:
    octets, end = etree.tostring(root), b"</saml:Assertion>"
    return octets[octets.index(b"<saml:Assertion ") : octets.index(end) + len(end)]


def instant(seconds: float) -> str:
    """Unix seconds as SAML writes times."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@cache
def usual_key() -> rsa.RSAPrivateKey:
    """The signing key of every provider that is not given another."""
    return rsa.generate_private_key(65537, 2048)


@cache
def sp_key() -> rsa.RSAPrivateKey:
    """The service provider's key, that assertions are encrypted to."""
    return rsa.generate_private_key(65537, 2048)


@cache
def foreign_key() -> rsa.RSAPrivateKey:
    """An attacker's key."""
    return rsa.generate_private_key(65537, 2048)


@cache
def weak_key() -> rsa.RSAPrivateKey:
    """A signing key of 1024 bits."""
    return rsa.generate_private_key(65537, 1024)  # noqa: S505  the point of it


@cache
def elliptic_key() -> ec.EllipticCurvePrivateKey:
    """A signing key on P-256."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def certificate_of(key: SigningKey) -> x509.Certificate:
    """A self-signed certificate of ``key``."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "provider of the tests")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - _DAY).not_valid_after(now + 30 * _DAY).sign(key, hashes.SHA256())


def in_base64(certificate: x509.Certificate) -> str:
    """A certificate as XML carries it."""
    return b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()


def _attribute(name: str, value: str | None) -> str:
    return "" if value is None else f' {name}="{value}"'


def _status(code: str, second: str) -> str:
    inner = f'<samlp:StatusCode Value="{second}"/>' if second else ""
    return f'<samlp:Status><samlp:StatusCode Value="{code}">{inner}</samlp:StatusCode></samlp:Status>'


def _response(options: Response) -> str:
    issued, request = instant(options.now), _attribute("InResponseTo", options.request_id)
    return f"""<samlp:Response {_NAMESPACES} ID="{options.id}" Version="2.0" IssueInstant="{issued}"{request}{
        _attribute("Destination", options.destination)
    }>
<saml:Issuer>{options.issuer}</saml:Issuer>{_status(options.status, options.second_status)}
{_assertion(options) if options.status == SUCCESS else ""}</samlp:Response>"""


def _assertion(options: Response) -> str:
    issued, until = instant(options.now), instant(options.now + 300)
    request = _attribute("InResponseTo", options.request_id)
    ends = None if options.session_ends_at is None else instant(options.session_ends_at)
    signed_in = instant(options.now if options.authn_instant is None else options.authn_instant)
    return f"""<saml:Assertion ID="{options.assertion_id}" Version="2.0" IssueInstant="{issued}">
<saml:Issuer>{options.issuer}</saml:Issuer><saml:Subject>
<saml:NameID Format="{options.name_id_format}">{options.name_id}</saml:NameID>
<saml:SubjectConfirmation Method="{BEARER}"><saml:SubjectConfirmationData NotOnOrAfter="{until}" Recipient="{
        options.recipient
    }"{request}/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{instant(options.now - 5)}" NotOnOrAfter="{until}"><saml:AudienceRestriction>
<saml:Audience>{options.audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="{signed_in}"{_attribute("SessionIndex", options.session_index)}{
        _attribute("SessionNotOnOrAfter", ends)
    }><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef
></saml:AuthnContext></saml:AuthnStatement>{_statement(options)}</saml:Assertion>"""


def _statement(options: Response) -> str:
    attributes = "".join(
        f'<saml:Attribute Name="{name}">'
        + "".join(
            f'<saml:AttributeValue xsi:type="xs:string">{value}</saml:AttributeValue>' for value in values
        )
        + "</saml:Attribute>"
        for name, values in options.attributes.items()
    )
    return f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement>" if attributes else ""


def _logout(options: Logout) -> str:
    if options.in_response_to is not None:
        name, body = "LogoutResponse", _status(options.status, options.second_status)
    else:
        indexes = [f"<samlp:SessionIndex>{index}</samlp:SessionIndex>" for index in options.session_indexes]
        name_id = f'<saml:NameID Format="{options.name_id_format}">{options.name_id}</saml:NameID>'
        name, body = "LogoutRequest", name_id + "".join(indexes)
    ends = None if options.not_on_or_after is None else instant(options.not_on_or_after)
    return f"""<samlp:{name} {_NAMESPACES} ID="{options.id}" Version="2.0" IssueInstant="{
        instant(options.now)
    }"{_attribute("Destination", options.destination)}{_attribute("NotOnOrAfter", ends)}{
        _attribute("InResponseTo", options.in_response_to)
    }><saml:Issuer>{options.issuer}</saml:Issuer>{body}</samlp:{name}>"""
