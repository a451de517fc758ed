"""Our own key pair as a service provider: made, read from PEM, and written for keeping.

Pure but for the making, which takes its randomness from the cryptography library. Knows nothing of where a
pair is kept; a private key never shows itself.
"""

from datetime import datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 4096
"""Anybody can encrypt to us, and a decryption costs with the third power of the bits."""
LIFE = timedelta(days=20 * 365 + 5)
"""SAML pins certificates; one that runs out is a login that fails on a day nobody remembers."""
_SET_BACK = timedelta(days=1)
_MAX_COMMON_NAME = 64


class KeyPair(msgspec.Struct, frozen=True):
    """An RSA key that signs our messages and decrypts assertions, and the certificate that names it."""

    private_key: RSAPrivateKey
    certificate: x509.Certificate

    def __repr__(self) -> str:
        return "KeyPair(...)"


class _Kept(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    array_like=True,
    tag_field="type",
    tag="saml-pair-1",
):
    private_key: bytes
    certificate: bytes

    def __repr__(self) -> str:
        return "_Kept(...)"


def new_key_pair(name: str, now: datetime) -> KeyPair:
    """A new RSA key of 2048 bits and a self-signed certificate for ``name``, good for 20 years from ``now``.

    ``now`` is in UTC; the certificate begins a day earlier, for providers whose clock is behind.
    """
    private_key = generate_private_key(public_exponent=65537, key_size=MIN_RSA_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_MAX_COMMON_NAME] or "outerward")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SET_BACK)
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private_key, SHA256())
    )
    return KeyPair(private_key, certificate)


def read_key_pair(key_pem: str, certificate_pem: str) -> KeyPair:
    """The pair of an operator's ``sp_key`` and ``sp_certificate``. Raises ValueError in words."""
    try:
        private_key = load_pem_private_key(key_pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("sp_key: not a private key in PEM without a passphrase") from None
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem.encode())
        public_key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("sp_certificate: not a certificate in PEM") from None
    return _paired(private_key, public_key, certificate)


def dump(pair: KeyPair) -> bytes:
    """``pair`` as bytes for keeping. They hold the private key in the clear: seal them."""
    private_key = pair.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return msgspec.msgpack.encode(_Kept(private_key, pair.certificate.public_bytes(Encoding.DER)))


def load(kept: bytes) -> KeyPair:
    """What ``dump`` wrote. Raises ValueError in words for anything else."""
    try:
        read = msgspec.msgpack.decode(kept, type=_Kept)
        # Not checked as a stranger's would be: that takes as long as twenty logins and holds everything up.
        private_key = load_der_private_key(read.private_key, None, unsafe_skip_rsa_key_validation=True)
        certificate = x509.load_der_x509_certificate(read.certificate)
        public_key = certificate.public_key()
    except (msgspec.DecodeError, ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("the kept key pair cannot be read") from None
    return _paired(private_key, public_key, certificate)


def _paired(private_key: object, public_key: object, certificate: x509.Certificate) -> KeyPair:
    if not isinstance(private_key, RSAPrivateKey):
        raise ValueError("sp_key: not an RSA key (many identity providers know no other kind)")
    if private_key.key_size < MIN_RSA_BITS:
        raise ValueError(f"sp_key: an RSA key of {private_key.key_size} bits; {MIN_RSA_BITS} are the least")
    if private_key.key_size > MAX_RSA_BITS:
        raise ValueError(f"sp_key: an RSA key of {private_key.key_size} bits; {MAX_RSA_BITS} are the most")
    theirs = public_key.public_numbers() if isinstance(public_key, RSAPublicKey) else None
    if private_key.public_key().public_numbers() != theirs:
        raise ValueError("sp_certificate: it is the certificate of another key than sp_key")
    return KeyPair(private_key, certificate)
