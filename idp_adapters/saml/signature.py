"""Who signed: an enveloped XML signature, or a detached one over octets, against pinned certificates only.

SAML Core §5, XML Signature §3.2. What was verified is given back as octets; data is read from these and from
nothing else. The certificate or key that a message brings along is never looked at.
"""

import hashlib
import hmac
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import xmlsec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from lxml import etree
from xmlsec import constants

from idp_adapters.provider import LoginError
from idp_adapters.saml.gate import decode_base64
from idp_adapters.saml.names import DIGESTS, SIGNATURES
from idp_adapters.saml.signature_shape import SIGNATURE, check_algorithm, inclusive_prefixes, reference_of

MIN_RSA_BITS: Final = 2048
MIN_EC_BITS: Final = 256

_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
_DIGEST_TRANSFORMS: Final = (constants.TransformSha256, constants.TransformSha384, constants.TransformSha512)
_SIGNATURE_TRANSFORMS: Final = (
    constants.TransformRsaSha256,
    constants.TransformRsaSha384,
    constants.TransformRsaSha512,
    constants.TransformEcdsaSha256,
    constants.TransformEcdsaSha384,
    constants.TransformEcdsaSha512,
)

# libxmlsec opens addresses through these; nothing that we verify has one.
xmlsec.cleanup_callbacks()


class RestrictedContext(xmlsec.SignatureContext):
    """A signature context that knows no transform, digest or signature but those of ``names``."""

    def __init__(self, manager: xmlsec.KeysManager | None = None) -> None:
        super().__init__(manager)  # type: ignore[call-arg]
        for transform in (constants.TransformExclC14N, constants.TransformEnveloped, *_DIGEST_TRANSFORMS):
            self.enable_reference_transform(transform)
        for transform in (constants.TransformExclC14N, *_SIGNATURE_TRANSFORMS):
            self.enable_signature_transform(transform)


def verified_octets(element: etree._Element, certificates: Sequence[x509.Certificate]) -> bytes:
    """Verify the one enveloped Signature of ``element`` and return the canonical octets that it covers.

    The gate must have passed it. The tree is changed: the Signature is taken out of ``element``. Raises
    LoginError: *invalid_token*, or *weak_signature* where the key that made it is too short.
    """
    signature = element.find(SIGNATURE)
    if signature is None:
        raise _refused("there is none")
    certificate = _signer(element, signature, certificates)
    _check_strength(certificate)
    canonical = _canonical_without(element, signature)
    reference = reference_of(signature)
    digest = hashlib.new(DIGESTS[reference[1].get("Algorithm", "")], canonical).digest()
    if not canonical or not hmac.compare_digest(digest, decode_base64(reference[2].text or "", 200)):
        raise _refused("it does not cover what would be read")
    return canonical


def verify_octets(
    octets: bytes, signature: bytes, algorithm: str, certificates: Sequence[x509.Certificate]
) -> None:
    """Verify a detached ``signature`` over ``octets`` made with ``algorithm``, a URI (Bindings §3.4.4.1).

    Raises LoginError as ``verified_octets`` does.
    """
    check_algorithm(algorithm, SIGNATURES)
    hash_algorithm = _HASHES[algorithm.rpartition("-")[2]]
    for certificate in certificates:
        try:
            key = certificate.public_key()
            if isinstance(key, rsa.RSAPublicKey) and "#rsa-" in algorithm:
                key.verify(signature, octets, padding.PKCS1v15(), hash_algorithm)
            elif isinstance(key, ec.EllipticCurvePublicKey) and "#ecdsa-" in algorithm:
                key.verify(_der(signature), octets, ec.ECDSA(hash_algorithm))
            else:
                continue
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            continue
        _check_strength(certificate)
        return
    raise _refused("no certificate of the provider fits")


@lru_cache(maxsize=256)
def public_key(certificate: x509.Certificate) -> xmlsec.Key:
    """The key of ``certificate`` for xmlsec: SAML pins keys, a certificate's dates say nothing."""
    pem = certificate.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return xmlsec.Key.from_memory(pem, constants.KeyDataFormatPem, None)


def _signer(
    element: etree._Element, signature: etree._Element, certificates: Sequence[x509.Certificate]
) -> x509.Certificate:
    """The pinned certificate whose key made the signature."""
    for certificate in certificates:
        context = RestrictedContext()
        try:
            context.key = public_key(certificate)
            context.register_id(element, "ID")
            context.verify(signature)
        except (xmlsec.Error, UnsupportedAlgorithm, TypeError, ValueError):
            continue
        return certificate
    raise _refused("no certificate of the provider fits")


def _check_strength(certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    bits = key.key_size if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) else 0
    if bits < (MIN_RSA_BITS if isinstance(key, rsa.RSAPublicKey) else MIN_EC_BITS):
        raise LoginError("weak_signature", f"signed with a key of {bits} bits")


def _canonical_without(element: etree._Element, signature: etree._Element) -> bytes:
    """What the Reference covers, computed anew: ``element`` less its Signature, in canonical form."""
    prefixes = inclusive_prefixes(signature)
    _take_out(signature, element)
    try:
        return etree.tostring(
            element, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=prefixes
        )
    except (etree.LxmlError, ValueError, TypeError):
        raise _refused("what it covers has no canonical form") from None


def _take_out(signature: etree._Element, element: etree._Element) -> None:
    """Remove ``signature`` and leave the text after it, as the enveloped transform does."""
    before, after = signature.getprevious(), signature.tail or ""
    if before is None:
        element.text = (element.text or "") + after
    else:
        before.tail = (before.tail or "") + after
    element.remove(signature)


def _der(signature: bytes) -> bytes:
    """An ECDSA signature as cryptography reads it: SAML has r and s beside each other, some send DER."""
    try:
        decode_dss_signature(signature)
    except ValueError:
        half = len(signature) // 2
        return encode_dss_signature(
            int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
        )
    return signature


def _refused(detail: str) -> LoginError:
    return LoginError("invalid_token", f"signature: {detail}")
