"""python3-saml's opinion on what was already verified here; it can only refuse.

It is shown the octets that passed our own checks, so that an error in one of the two programs is not enough.
It never decrypts, and knows no transform that ours does not. Where it is weak (prefixes of addresses, what is
missing, replays), our own checks are not.
"""

from base64 import b64encode
from contextvars import ContextVar
from functools import lru_cache
from threading import local
from types import ModuleType
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import onelogin.saml2.response
import onelogin.saml2.utils
import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML
from xmlsec import constants

from idp_adapters.provider import LoginError
from idp_adapters.saml.expected import Expected
from idp_adapters.saml.gate import ENCRYPTED_TAG, read_message
from idp_adapters.saml.signature import RestrictedContext, public_key
from idp_adapters.saml.signature_shape import SIGNATURE
from idp_adapters.saml.strict_xml import read_tree
from idp_adapters.saml.times import SKEW_S


class Evidence(NamedTuple):
    """A Response as received, which of its levels are signed, and its assertion where it was decrypted."""

    octets: bytes
    response_signed: bool
    assertion_signed: bool
    plain: bytes | None = None


def agree(evidence: Evidence, expected: Expected) -> None:
    """Ask python3-saml. Call it only after our own verification passed.

    A plain Response is shown as it came. An encrypted one is shown with its assertion decrypted and without
    its own signature, which covers the encrypted form and is judged by python3-saml's validator of signatures
    alone. Where the assertion is encrypted and not signed itself, that validator's word is all: the decrypted
    form stands under no signature, and the encrypted one may hold ``xenc11:MGF``, which python3-saml's schema
    refuses. Raises LoginError (*invalid_token*) for whatever it says against it.
    """
    moment = _now.set(expected.now - SKEW_S)
    try:
        agrees = _agrees(evidence, expected)
    except Exception:  # whatever it stumbles over, it did not agree
        agrees = False
    finally:
        _now.reset(moment)
    if not agrees:
        raise LoginError("invalid_token", "the second opinion is that it is not valid")


def _agrees(evidence: Evidence, expected: Expected) -> bool:
    if evidence.plain is None:
        return _response_is_valid(
            evidence.octets, expected, response=evidence.response_signed, assertion=evidence.assertion_signed
        )
    if evidence.response_signed and not _signature_is_valid(evidence.octets, expected):
        return False
    if not evidence.assertion_signed:
        return evidence.response_signed
    return _response_is_valid(_decrypted(evidence.octets, evidence.plain), expected, assertion=True)


def _response_is_valid(
    octets: bytes, expected: Expected, *, response: bool = False, assertion: bool = False
) -> bool:
    settings = _settings(
        expected.idp_entity_id,
        tuple(expected.certificates),
        expected.acs_url,
        expected.audience,
        response=response,
        assertion=assertion,
    )
    judge = OneLogin_Saml2_Response(settings, b64encode(octets).decode())
    return bool(judge.is_valid(_request(expected.acs_url), expected.request_id))


def _signature_is_valid(octets: bytes, expected: Expected) -> bool:
    return bool(
        OneLogin_Saml2_Utils.validate_sign(
            octets,
            xpath=OneLogin_Saml2_Utils.RESPONSE_SIGNATURE_XPATH,
            multicerts=_pems(tuple(expected.certificates)),
        )
    )


def _decrypted(octets: bytes, plain: bytes) -> bytes:
    """The Response with its assertion in the place of the encrypted one, and without its own signature."""
    message = read_message(octets, "Response")
    signature, encrypted = message.find(SIGNATURE), message.find(ENCRYPTED_TAG)
    if signature is not None:
        message.remove(signature)
    if encrypted is not None:
        message.replace(encrypted, read_tree(plain, limit=len(plain)))
    return etree.tostring(message)


@lru_cache(maxsize=64)
def _settings(
    idp_entity_id: str,
    certificates: tuple[x509.Certificate, ...],
    acs_url: str,
    audience: str,
    *,
    response: bool,
    assertion: bool,
) -> OneLogin_Saml2_Settings:
    """Its settings; making them reads and reformats all certificates, so the last few are kept."""
    return OneLogin_Saml2_Settings(
        {
            "strict": True,
            "debug": False,
            "sp": {"entityId": audience, "assertionConsumerService": {"url": acs_url}},
            "idp": {
                "entityId": idp_entity_id,
                "singleSignOnService": {"url": "https://idp.invalid/"},
                "x509cert": _pems(certificates)[0],
                "x509certMulti": {"signing": _pems(certificates)},
            },
            "security": {
                "wantAssertionsSigned": assertion,
                "wantMessagesSigned": response,
                "rejectDeprecatedAlgorithm": True,
                "wantAttributeStatement": False,
                "allowSingleLabelDomains": True,
            },
        }
    )


@lru_cache(maxsize=64)
def _pems(certificates: tuple[x509.Certificate, ...]) -> list[str]:
    return [one.public_bytes(serialization.Encoding.PEM).decode() for one in certificates]


def _request(acs_url: str) -> dict[str, Any]:
    """The address that it compares with: ours as configured, nothing of the request."""
    url = urlsplit(acs_url)
    return {
        "https": "on" if url.scheme == "https" else "off",
        "http_host": url.netloc,
        "script_name": url.path,
    }


_now: ContextVar[float | None] = ContextVar("now", default=None)
"""What python3-saml takes for the time while it is asked; None while it is not: then it is as ever."""
_per_thread: Final = local()


class _Utils(OneLogin_Saml2_Utils):  # type: ignore[misc]
    """Its helpers by our clock, with our tolerance."""

    @staticmethod
    def now() -> int:
        moment = _now.get()
        return int(OneLogin_Saml2_Utils.now() if moment is None else moment)


class _Xml(OneLogin_Saml2_XML):  # type: ignore[misc]
    """Its XML with schemas and paths that are read once, not once a message."""

    @staticmethod
    def query(
        dom: etree._Element, query: str, context: etree._Element | None = None, tagid: str | None = None
    ) -> Any:
        path = _path(query)
        source = dom if context is None else context
        return path(source) if tagid is None else path(source, tagid=tagid)

    @staticmethod
    def validate_xml(xml: etree._Element, schema: str, debug: bool = False) -> etree._Element | str:
        schemas = _per_thread.__dict__.setdefault("schemas", {})
        if schema not in schemas:
            schemas[schema] = _read_schema(schema)
        return xml if schemas[schema].validate(xml) else "invalid_xml"


@lru_cache(maxsize=128)
def _path(query: str) -> etree.XPath:
    return etree.XPath(query, namespaces=OneLogin_Saml2_Constants.NSMAP)


def _read_schema(name: str) -> etree.XMLSchema:
    folder = OneLogin_Saml2_Settings(sp_validation_only=True, settings=_ANYONE).get_schemas_path()
    return etree.XMLSchema(etree.parse(f"{folder}{name}"))


_ANYONE: Final = {"sp": {"entityId": "any", "assertionConsumerService": {"url": "https://sp.invalid/"}}}


class _Keys:
    """In the place of xmlsec's Key: a certificate is read once, not once a message, and only for its key."""

    @staticmethod
    def from_memory(pem: str, form: int, password: str | None = None) -> xmlsec.Key:
        if form == constants.KeyDataFormatCertPem:
            return _key_of(pem)
        return xmlsec.Key.from_memory(pem, form, password)


@lru_cache(maxsize=256)
def _key_of(pem: str) -> xmlsec.Key:
    return public_key(x509.load_pem_x509_certificate(pem.encode()))


def _encryption_context(*arguments: xmlsec.KeysManager) -> xmlsec.EncryptionContext:
    """In the place of xmlsec's EncryptionContext, which has no list of what it may do."""
    if _now.get() is not None:
        raise LoginError("invalid_token", "the second opinion never decrypts")
    return xmlsec.EncryptionContext(*arguments)


def _restricted_xmlsec() -> ModuleType:
    """xmlsec as python3-saml sees it: with our context for signatures, and nothing to decrypt with."""
    restricted = ModuleType("xmlsec")
    restricted.__dict__.update(vars(xmlsec))
    restricted.__dict__.update(
        Key=_Keys, SignatureContext=RestrictedContext, EncryptionContext=_encryption_context
    )
    return restricted


onelogin.saml2.utils.xmlsec = _restricted_xmlsec()
onelogin.saml2.utils.OneLogin_Saml2_XML = _Xml
onelogin.saml2.response.OneLogin_Saml2_Utils = _Utils
onelogin.saml2.response.OneLogin_Saml2_XML = _Xml
