"""What an identity provider says of itself: which entity it is, where it listens, which keys are its own.

SAML Metadata §2. Pure: the document comes from the rim, and an unacceptable one is never half used. A key in
metadata is pinned by being there; the dates and the issuer of its certificate say nothing.
"""

import math
import re
from collections.abc import Iterator, Sequence

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from lxml import etree

from idp_adapters.destinations import Destinations, UrlError
from idp_adapters.identity import is_writable
from idp_adapters.provider import LoginError
from idp_adapters.saml import names
from idp_adapters.saml.gate import decode_base64
from idp_adapters.saml.keys import MIN_RSA_BITS
from idp_adapters.saml.settings import MAX_ENTITY_ID, SamlSettings
from idp_adapters.saml.signature import verified_octets
from idp_adapters.saml.signature_shape import SIGNATURE, check_signature
from idp_adapters.saml.strict_xml import read_tree
from idp_adapters.saml.times import optional_instant
from idp_adapters.transport import Request

MAX_DOCUMENT = 10 * 1024 * 1024
"""Octets: what the transport lets through is less; a federation's file may be this large."""
FRESH_S = 3600.0
"""How long metadata counts as fresh when it does not say."""
MAX_CERTIFICATE = 16 * 1024
_SHORTEST_S, _LONGEST_S = 60.0, 86400.0
_MIN_CURVE_BITS = 256
_MAX_ELEMENTS = 100_000
_MAX_COMMENTS = 10_000
"""lxml walks over comments side by side in a time that grows with the square of their number."""
_MD = f"{{{names.METADATA}}}"
_DURATION = re.compile(
    r"P(?=[\dT])(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})D)?"
    r"(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:\.\d{1,9})?S)?)?"
)
_DURATION_UNITS_S = (31536000, 2592000, 86400, 3600, 60, 1)


class SamlEndpoint(msgspec.Struct, frozen=True):
    """Where a provider takes messages by ``binding``; answers go to ``response_url``, mostly the same."""

    binding: str
    url: str
    response_url: str


class IdpMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """The checked part of an identity provider's metadata; its ``certificates`` are all that may sign.

    ``valid_until`` is Unix time in seconds: from then on nothing of it may be used, whatever comes after it.
    """

    entity_id: str
    sso: tuple[SamlEndpoint, ...]
    slo: tuple[SamlEndpoint, ...]
    certificates: tuple[x509.Certificate, ...]
    wants_signed_requests: bool
    valid_until: float = math.inf


def endpoint_by(endpoints: Sequence[SamlEndpoint], binding: str) -> SamlEndpoint | None:
    """The first of ``endpoints`` that speaks ``binding``, else the first of all, else None."""
    return next((each for each in endpoints if each.binding == binding), endpoints[0] if endpoints else None)


def metadata_request(settings: SamlSettings) -> Request:
    """Ask for the document of ``idp_metadata_url``."""
    return Request("GET", settings.idp_metadata_url, headers={"Accept": "application/samlmetadata+xml, */*"})


def document_of(settings: SamlSettings) -> bytes | None:
    """``idp_metadata`` where it is the XML itself; None where it is a path, or metadata has a URL."""
    text = settings.idp_metadata.lstrip("\ufeff \t\r\n")
    return text.encode("utf-8", "replace") if text.startswith("<") else None


def read_metadata(document: bytes, settings: SamlSettings, now: float) -> tuple[IdpMetadata, float]:
    """The provider in ``document``, and for how many seconds from ``now`` that may be used.

    ``settings`` pick the entity and say whether it must be signed: ``idp_metadata_certificate`` is PEM here,
    no path. Raises LoginError (*provider_misconfigured*) in words.
    """
    try:
        entity, left_s, fresh_s = _entity(document, settings, now)
        metadata = msgspec.structs.replace(_read(entity, settings), valid_until=now + left_s)
        return metadata, min(max(min(left_s, fresh_s), _SHORTEST_S), _LONGEST_S)
    except LoginError as error:
        raise LoginError("provider_misconfigured", f"metadata: {error.detail}") from None


def _entity(document: bytes, settings: SamlSettings, now: float) -> tuple[etree._Element, float, float]:
    """The picked entity, out of octets that were verified where that is wanted; how long valid, and fresh."""
    root = _tree(document)
    entity = _picked(root, settings)
    left_s, fresh_s = _left_s(entity, now), _fresh_s(entity)
    if settings.idp_metadata_certificate:
        root = _tree(_verified(root, entity, settings.idp_metadata_certificate))
        entity = _picked(root, settings)
        left_s, fresh_s = min(left_s, _left_s(entity, now)), min(fresh_s, _fresh_s(entity))
    return entity, left_s, fresh_s


def _tree(document: bytes) -> etree._Element:
    if document.count(b"<!--") > _MAX_COMMENTS:
        raise _unusable(f"XML: it has more than {_MAX_COMMENTS} comments")
    return read_tree(document, limit=MAX_DOCUMENT, elements=_MAX_ELEMENTS, comments=True)


def _picked(root: etree._Element, settings: SamlSettings) -> etree._Element:
    entities = list(_entities(root))
    wanted = settings.idp_entity_id
    if wanted:
        found = [entity for entity in entities if entity.get("entityID") == wanted]
        if not found:
            others = ", ".join(ascii(entity.get("entityID")) for entity in entities)
            raise _unusable(f"{wanted!a} (idp_entity_id) is not in it, but {others or 'no entity'}")
    else:
        found = [entity for entity in entities if _roles(entity)]
    if not found:
        raise _unusable("no identity provider in it (an IDPSSODescriptor for SAML 2.0)")
    if len(found) > 1:
        raise _unusable("several identity providers in it; idp_entity_id must say which, and be there once")
    return found[0]


def _entities(node: etree._Element) -> Iterator[etree._Element]:
    """Each entity of a document, where the schema has them: nothing is found inside an extension."""
    if node.tag == f"{_MD}EntityDescriptor":
        yield node
    elif node.tag == f"{_MD}EntitiesDescriptor":
        for child in node:
            yield from _entities(child)


def _roles(entity: etree._Element) -> list[etree._Element]:
    """The roles of ``entity`` as an identity provider for SAML 2.0."""
    roles = entity.findall(f"{_MD}IDPSSODescriptor")
    return [role for role in roles if names.PROTOCOL in role.get("protocolSupportEnumeration", "").split()]


def _levels(entity: etree._Element) -> list[etree._Element]:
    """What encloses ``entity``, itself and its role: each may say for how long (Metadata §2.3.2)."""
    return [entity, *entity.iterancestors(), *_roles(entity)[:1]]


def _fresh_s(entity: etree._Element) -> float:
    told = [seconds for level in _levels(entity) if (seconds := _cache_s(level)) is not None]
    return min(told, default=FRESH_S)


def _left_s(entity: etree._Element, now: float) -> float:
    left_s = math.inf
    for level in _levels(entity):
        until = optional_instant(level.get("validUntil"), "its validUntil")
        if until is not None and until <= now:
            raise _unusable(f"it was valid until {level.get('validUntil')} only")
        left_s = left_s if until is None else min(left_s, until - now)
    return left_s


def _cache_s(level: etree._Element) -> float | None:
    text = level.get("cacheDuration")
    if text is None:
        return None
    parts = _DURATION.fullmatch(text)
    if parts is None:
        raise _unusable(f"cacheDuration is not a duration: {text[:64]!a}")
    return float(
        sum(int(part or 0) * unit for part, unit in zip(parts.groups(), _DURATION_UNITS_S, strict=True))
    )


def _verified(root: etree._Element, entity: etree._Element, pem: str) -> bytes:
    """The octets that a pinned certificate signed: the whole document, or ``entity`` alone."""
    try:
        certificates = x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        raise _unusable("idp_metadata_certificate is not a certificate in PEM") from None
    for signed in (root, entity):
        signatures = signed.findall(SIGNATURE)
        if len(signatures) > 1:
            raise _unusable("it has two signatures on one element")
        if signatures:
            check_signature(signatures[0], signed)
            return verified_octets(signed, certificates)
    raise _unusable("it is not signed, though idp_metadata_certificate is set")


def _read(entity: etree._Element, settings: SamlSettings) -> IdpMetadata:
    entity_id = entity.get("entityID", "")
    if (
        not 0 < len(entity_id) <= MAX_ENTITY_ID
        or entity_id.strip() != entity_id
        or not is_writable(entity_id)
    ):
        raise _unusable("an entityID that cannot be one")
    if not _roles(entity):
        raise _unusable(f"{entity_id!a} is no identity provider (an IDPSSODescriptor for SAML 2.0)")
    role = _roles(entity)[0]
    sso = _endpoints(role, "SingleSignOnService")
    if not sso:
        raise _unusable("no SingleSignOnService by HTTP-Redirect or HTTP-POST")
    slo = _endpoints(role, "SingleLogoutService")
    _check_urls((*sso, *slo), settings)
    return IdpMetadata(
        entity_id=entity_id,
        sso=sso,
        slo=slo,
        certificates=_certificates(role),
        wants_signed_requests=role.get("WantAuthnRequestsSigned") in ("true", "1"),
    )


def _endpoints(role: etree._Element, name: str) -> tuple[SamlEndpoint, ...]:
    return tuple(
        SamlEndpoint(binding, url, each.get("ResponseLocation", "").strip() or url)
        for each in role.findall(f"{_MD}{name}")
        for binding, url in [(each.get("Binding", ""), each.get("Location", "").strip())]
        if binding in (names.BY_REDIRECT, names.BY_POST)
    )


def _check_urls(endpoints: Sequence[SamlEndpoint], settings: SamlSettings) -> None:
    """https, or on the one host that ``allow_private_network`` is for: metadata's, else the first login's."""
    own = settings.idp_metadata_url or endpoints[0].url
    try:
        destinations = Destinations.of(own, allow_private_network=settings.allow_private_network)
        for endpoint in endpoints:
            destinations.check_url(endpoint.url)
            destinations.check_url(endpoint.response_url)
    except UrlError as error:
        raise _unusable(f"an endpoint is refused: {error}") from None


def _certificates(role: etree._Element) -> tuple[x509.Certificate, ...]:
    """Every certificate that the role may sign with, weak or unreadable ones left out (Metadata §2.4.1.1)."""
    found: list[x509.Certificate] = []
    for descriptor in role.findall(f"{_MD}KeyDescriptor"):
        if descriptor.get("use", "signing") == "signing":
            found += [each for text in _texts(descriptor) if (each := _certificate(text)) is not None]
    if not found:
        raise _unusable(
            f"no signing certificate with an RSA key of {MIN_RSA_BITS} bits or a P-256 key or better"
        )
    return tuple(dict.fromkeys(found))


def _texts(descriptor: etree._Element) -> list[str]:
    path = f"{{{names.DSIG}}}KeyInfo/{{{names.DSIG}}}X509Data/{{{names.DSIG}}}X509Certificate"
    return [each.text or "" for each in descriptor.findall(path)]


def _certificate(text: str) -> x509.Certificate | None:
    try:
        certificate = x509.load_der_x509_certificate(decode_base64(text, MAX_CERTIFICATE))
        key = certificate.public_key()
    except (LoginError, ValueError, UnsupportedAlgorithm):
        return None
    strong_rsa = isinstance(key, RSAPublicKey) and key.key_size >= MIN_RSA_BITS
    strong_curve = isinstance(key, EllipticCurvePublicKey) and key.curve.key_size >= _MIN_CURVE_BITS
    return certificate if strong_rsa or strong_curve else None


def _unusable(detail: str) -> LoginError:
    return LoginError("provider_misconfigured", detail)
