"""XML signatures and XML encryption made by hand, good ones and any that no library would agree to make.

Only cryptography and lxml's canonical form are used: what the edge verifies with is not what signed it.
"""

import hashlib
import hmac
import os
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from idp_adapters.saml.names import ASSERTION, DSIG, ENVELOPED, EXC_C14N, NS, RSA_SHA256, SHA256, XENC, XENC11

SigningKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
HMAC_SHA256 = f"{MORE}hmac-sha256"
HMAC_SHA1 = f"{DSIG}hmac-sha1"
RSA_SHA1 = f"{DSIG}rsa-sha1"
RSA_MD5 = f"{MORE}rsa-md5"
SHA1 = f"{DSIG}sha1"
MD5 = f"{MORE}md5"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"

OAEP = f"{XENC}rsa-oaep-mgf1p"
OAEP11 = f"{XENC11}rsa-oaep"
RSA15 = f"{XENC}rsa-1_5"
MGF1_SHA256 = f"{XENC11}mgf1sha256"

_DIGESTS = {SHA256: "sha256", f"{XENC}sha512": "sha512", f"{MORE}sha384": "sha384", SHA1: "sha1", MD5: "md5"}
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303  the point of it
    "md5": hashes.MD5(),  # noqa: S303
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclass(frozen=True)
class Signing:
    """How to sign; whatever is XML here is put in as it is.

    ``first_references`` and ``references`` stand around the good Reference, ``objects`` after SignatureValue.
    """

    algorithm: str = RSA_SHA256
    digest: str = SHA256
    prefixes: Sequence[str] = ()
    transforms: str = ""
    canonicalization: str = f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"/>'
    uri: str | None = None
    first_references: str = ""
    references: str = ""
    objects: str = ""
    key_info: str | None = None
    secret: bytes = b"secret"


@dataclass(frozen=True)
class Encryption:
    """How to encrypt an assertion to ``certificate``'s key."""

    certificate: x509.Certificate
    content: str = f"{XENC11}aes256-gcm"
    transport: str = OAEP
    digest: str = ""
    mgf: str = ""
    label: bytes = b""
    place: Literal["inside", "beside"] = "inside"
    id: str = "_ed"


def canonical(element: etree._Element, prefixes: Sequence[str] = ()) -> bytes:
    """The exclusive canonical form without comments."""
    return etree.tostring(
        element, method="c14n", exclusive=True, with_comments=False, inclusive_ns_prefixes=list(prefixes)
    )


def sign(
    element: etree._Element,
    key: SigningKey,
    certificate: x509.Certificate | None = None,
    how: Signing = Signing(),
) -> etree._Element:
    """Sign ``element`` in place, the Signature after its Issuer, and return the Signature."""
    value = b64encode(hashlib.new(_DIGESTS[how.digest], canonical(element, how.prefixes)).digest()).decode()
    uri = f"#{element.get('ID')}" if how.uri is None else how.uri
    reference = f"""<ds:Reference URI="{uri}"><ds:Transforms>{
        how.transforms or _transforms(how)
    }</ds:Transforms>
<ds:DigestMethod Algorithm="{how.digest}"/><ds:DigestValue>{value}</ds:DigestValue></ds:Reference>"""
    info = _certificate_info(certificate) if how.key_info is None else how.key_info
    signature = etree.fromstring(
        f"""<ds:Signature xmlns:ds="{DSIG}"><ds:SignedInfo>{how.canonicalization}
<ds:SignatureMethod Algorithm="{how.algorithm}"/>{how.first_references}{reference}{
            how.references
        }</ds:SignedInfo>
<ds:SignatureValue/>{info}{how.objects}</ds:Signature>"""
    )
    issuer = element.find(f"{{{ASSERTION}}}Issuer")
    element.insert(0 if issuer is None else element.index(issuer) + 1, signature)
    signed = canonical(signature[0], _info_prefixes(signature[0]))
    signature[1].text = b64encode(signature_value(signed, key, how.algorithm, how.secret)).decode()
    return signature


def signature_value(octets: bytes, key: SigningKey, algorithm: str, secret: bytes = b"") -> bytes:
    """A signature as XML Signature and the Redirect binding carry it."""
    name = algorithm.rpartition("-")[2]
    if "hmac" in algorithm:
        return hmac.digest(secret, octets, name)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(octets, ec.ECDSA(_HASHES[name])))
        size = (key.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    return key.sign(octets, padding.PKCS1v15(), _HASHES[name])


def encrypt(plain: bytes, how: Encryption) -> etree._Element:
    """An EncryptedAssertion around ``plain``, whatever that is."""
    bits = int(how.content.split("aes")[1][:3])
    secret = os.urandom(bits // 8)
    data = b64encode(_encrypted(plain, secret, how.content)).decode()
    key = b64encode(_transported(secret, how)).decode()
    method = "".join(
        (
            f"<xenc:OAEPparams>{b64encode(how.label).decode()}</xenc:OAEPparams>" if how.label else "",
            f'<ds:DigestMethod Algorithm="{how.digest}"/>' if how.digest else "",
            f'<xenc11:MGF Algorithm="{how.mgf}"/>' if how.mgf else "",
        )
    )
    to_data = f'<xenc:DataReference URI="#{how.id}"/>'
    listed = f"<xenc:ReferenceList>{to_data}</xenc:ReferenceList>" if how.place == "beside" else ""
    encrypted_key = f"""<xenc:EncryptedKey Id="{how.id}-key">
<xenc:EncryptionMethod Algorithm="{how.transport}">{method}</xenc:EncryptionMethod>
<xenc:CipherData><xenc:CipherValue>{key}</xenc:CipherValue></xenc:CipherData>
{listed}</xenc:EncryptedKey>"""
    inside = f"<ds:KeyInfo>{encrypted_key}</ds:KeyInfo>" if how.place == "inside" else ""
    return etree.fromstring(
        f"""<saml:EncryptedAssertion {_declared("saml", "xenc", "xenc11", "ds")}>
<xenc:EncryptedData Id="{how.id}" Type="{XENC}Element">
<xenc:EncryptionMethod Algorithm="{how.content}"/>{inside}
<xenc:CipherData><xenc:CipherValue>{data}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>
{encrypted_key if how.place == "beside" else ""}</saml:EncryptedAssertion>"""
    )


def _declared(*prefixes: str) -> str:
    return " ".join(f'xmlns:{prefix}="{NS[prefix]}"' for prefix in prefixes)


def _transforms(how: Signing) -> str:
    inclusive = (
        f'<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="{" ".join(how.prefixes)}"/>'
        if how.prefixes
        else ""
    )
    return f"""<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{EXC_C14N}">{inclusive}
</ds:Transform>"""


def _info_prefixes(signed_info: etree._Element) -> list[str]:
    inclusive = signed_info[0].find(f"{{{EXC_C14N}}}InclusiveNamespaces")
    return [] if inclusive is None else inclusive.get("PrefixList", "").split()


def _certificate_info(certificate: x509.Certificate | None) -> str:
    if certificate is None:
        return ""
    data = b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()
    return f"""<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{data}</ds:X509Certificate></ds:X509Data>
</ds:KeyInfo>"""


def _encrypted(plain: bytes, secret: bytes, algorithm: str) -> bytes:
    if algorithm.endswith("gcm"):
        iv = os.urandom(12)
        return iv + AESGCM(secret).encrypt(iv, plain, None)
    iv, missing = os.urandom(16), 16 - len(plain) % 16
    encryptor = Cipher(algorithms.AES(secret), modes.CBC(iv)).encryptor()
    padded = plain + os.urandom(missing - 1) + bytes([missing])
    return iv + encryptor.update(padded) + encryptor.finalize()


def _transported(secret: bytes, how: Encryption) -> bytes:
    public = how.certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    if how.transport == RSA15:
        return public.encrypt(secret, padding.PKCS1v15())
    mgf = padding.MGF1(_HASHES[how.mgf.rpartition("mgf1")[2] or "sha1"])
    digest = _HASHES[_DIGESTS[how.digest or SHA1]]
    return public.encrypt(secret, padding.OAEP(mgf, digest, how.label or None))
