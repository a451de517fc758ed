"""What the demo's SAML provider says: assertions, refusals, and both messages of a logout.

SAML Core §2, §3.2.2 and §3.7; Profiles §4.1.4.2; XML Encryption §5. Pure but for random ids and keys.
"""

import os
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1
from lxml import etree

from outerward.demo import saml_names as names
from outerward.demo.people import Person
from outerward.demo.saml_metadata import Application
from outerward.demo.saml_requests import LoginWanted
from outerward.demo.saml_xml import KeyPair, SamlError, sign
from outerward.demo.sign_ins import SIGNED_IN_S, SignIn

_GOOD_FOR_S = 120
_SAML = f"{{{names.ASSERTION}}}"
_SAMLP = f"{{{names.PROTOCOL}}}"
_XENC = f"{{{names.XENC}}}"
_BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
_BASIC = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
_NO_PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"  # noqa: S105  the class is called so
_NAMESPACES = {"samlp": names.PROTOCOL, "saml": names.ASSERTION}


def signed_in(
    sign_in: SignIn, login: LoginWanted, application: Application, issuer: str, pair: KeyPair, now: float
) -> bytes:
    """The Response that tells ``application`` who signed in: signed, then encrypted for it alone."""
    response = _message("Response", issuer, application.acs_url, now, InResponseTo=login.id)
    _status(response, names.SUCCESS)
    assertion = _assertion(sign_in, login, application, issuer, now)
    sign(assertion, pair)
    response.append(encrypted(etree.tostring(assertion), application.encryption))
    return etree.tostring(response)


def refused(
    codes: Sequence[str], login: LoginWanted, application: Application, issuer: str, pair: KeyPair, now: float
) -> bytes:
    """The signed Response that tells ``application`` why nobody signed in."""
    response = _message("Response", issuer, application.acs_url, now, InResponseTo=login.id)
    _status(response, *codes)
    sign(response, pair)
    return etree.tostring(response)


def logout_request(sign_in: SignIn, application: Application, issuer: str, now: float) -> etree._Element:
    """Ask ``application`` to end its session of ``sign_in``; to be signed by its binding."""
    request = _message("LogoutRequest", issuer, application.slo_url, now, NotOnOrAfter=_written(now + 300))
    _name_id(request, sign_in.person, application, issuer)
    etree.SubElement(request, f"{_SAMLP}SessionIndex").text = sign_in.session_id
    return request


def logout_response(
    request_id: str, codes: Sequence[str], application: Application, issuer: str, now: float
) -> etree._Element:
    """Answer a LogoutRequest of ``application``; to be signed by its binding."""
    response = _message("LogoutResponse", issuer, application.slo_url, now, InResponseTo=request_id)
    _status(response, *codes)
    return response


def encrypted(plain: bytes, certificate: x509.Certificate) -> etree._Element:
    """``plain``, an assertion, as AES-256-GCM under a key that only the certificate's owner can unwrap."""
    public = certificate.public_key()
    if not isinstance(public, RSAPublicKey):
        raise SamlError("The application's certificate is of another kind than RSA.")
    secret, nonce = AESGCM.generate_key(256), os.urandom(12)
    element = etree.Element(
        f"{_SAML}EncryptedAssertion", nsmap={"saml": names.ASSERTION, "xenc": names.XENC, "ds": names.DSIG}
    )
    data = etree.SubElement(element, f"{_XENC}EncryptedData", Type=f"{names.XENC}Element")
    etree.SubElement(data, f"{_XENC}EncryptionMethod", Algorithm=names.AES256_GCM)
    info = etree.SubElement(data, f"{{{names.DSIG}}}KeyInfo")
    key = etree.SubElement(info, f"{_XENC}EncryptedKey")
    etree.SubElement(key, f"{_XENC}EncryptionMethod", Algorithm=names.RSA_OAEP)
    # rsa-oaep-mgf1p is this by its definition, and within OAEP no collision is of use.
    oaep = OAEP(MGF1(SHA1()), SHA1(), None)  # noqa: S303
    _cipher_value(key, public.encrypt(secret, oaep))
    _cipher_value(data, nonce + AESGCM(secret).encrypt(nonce, plain, None))
    return element


def attributes_of(person: Person) -> Mapping[str, Sequence[str]]:
    """What an assertion tells of ``person``, by the names that applications commonly know."""
    return {
        "email": (person.email,),
        "name": (person.name,),
        "username": (person.username,),
        "groups": person.groups,
    }


def _assertion(
    sign_in: SignIn, login: LoginWanted, application: Application, issuer: str, now: float
) -> etree._Element:
    assertion = etree.Element(
        f"{_SAML}Assertion", ID=_new_id(), Version="2.0", IssueInstant=_written(now), nsmap=_NAMESPACES
    )
    etree.SubElement(assertion, f"{_SAML}Issuer").text = issuer
    subject = etree.SubElement(assertion, f"{_SAML}Subject")
    _name_id(subject, sign_in.person, application, issuer)
    confirmation = etree.SubElement(subject, f"{_SAML}SubjectConfirmation", Method=_BEARER)
    etree.SubElement(
        confirmation,
        f"{_SAML}SubjectConfirmationData",
        InResponseTo=login.id,
        Recipient=application.acs_url,
        NotOnOrAfter=_written(now + _GOOD_FOR_S),
    )
    conditions = etree.SubElement(
        assertion, f"{_SAML}Conditions", NotBefore=_written(now), NotOnOrAfter=_written(now + _GOOD_FOR_S)
    )
    restriction = etree.SubElement(conditions, f"{_SAML}AudienceRestriction")
    etree.SubElement(restriction, f"{_SAML}Audience").text = application.entity_id
    statement = etree.SubElement(
        assertion,
        f"{_SAML}AuthnStatement",
        AuthnInstant=_written(sign_in.at),
        SessionIndex=sign_in.session_id,
        SessionNotOnOrAfter=_written(sign_in.at + SIGNED_IN_S),
    )
    context = etree.SubElement(statement, f"{_SAML}AuthnContext")
    etree.SubElement(context, f"{_SAML}AuthnContextClassRef").text = _NO_PASSWORD
    _attributes(assertion, attributes_of(sign_in.person))
    return assertion


def _attributes(assertion: etree._Element, attributes: Mapping[str, Sequence[str]]) -> None:
    statement = etree.SubElement(assertion, f"{_SAML}AttributeStatement")
    for name, values in attributes.items():
        if values:
            attribute = etree.SubElement(statement, f"{_SAML}Attribute", Name=name, NameFormat=_BASIC)
            for value in values:
                etree.SubElement(attribute, f"{_SAML}AttributeValue").text = value


def _name_id(parent: etree._Element, person: Person, application: Application, issuer: str) -> None:
    name_id = etree.SubElement(
        parent,
        f"{_SAML}NameID",
        Format=names.PERSISTENT,
        NameQualifier=issuer,
        SPNameQualifier=application.entity_id,
    )
    name_id.text = person.subject


def _message(name: str, issuer: str, destination: str, now: float, **more: str) -> etree._Element:
    message = etree.Element(
        f"{_SAMLP}{name}",
        ID=_new_id(),
        Version="2.0",
        IssueInstant=_written(now),
        Destination=destination,
        nsmap=_NAMESPACES,
    )
    for key, value in more.items():
        message.set(key, value)
    etree.SubElement(message, f"{_SAML}Issuer").text = issuer
    return message


def _status(message: etree._Element, *codes: str) -> None:
    """Codes from the outermost to the innermost."""
    parent = etree.SubElement(message, f"{_SAMLP}Status")
    for code in codes:
        parent = etree.SubElement(parent, f"{_SAMLP}StatusCode", Value=code)


def _cipher_value(parent: etree._Element, octets: bytes) -> None:
    data = etree.SubElement(parent, f"{_XENC}CipherData")
    etree.SubElement(data, f"{_XENC}CipherValue").text = b64encode(octets).decode()


def _new_id() -> str:
    return f"_{secrets.token_hex(20)}"


def _written(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
