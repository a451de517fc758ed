"""The key that an operator gives us to prove to a provider who we are, read from PEM.

RFC 7518 §3.3 and §3.4, RFC 7638. Pure. Knows nothing of what is signed; the key never shows itself.
"""

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import ECKey, RSAKey

MIN_RSA_BITS = 2048
_ALGORITHMS = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


class ClientKey(msgspec.Struct, frozen=True):
    """A private key, the algorithm that it signs with, and its RFC 7638 thumbprint for a name."""

    key: RSAKey | ECKey
    alg: str
    kid: str

    def __repr__(self) -> str:
        return f"ClientKey({self.alg}, ...)"


def read_client_key(pem: str) -> ClientKey:
    """The key in ``pem``: RSA of 2048 bits or more, or EC on a curve of RFC 7518 §3.4.

    Raises ValueError in words, which quote nothing of it.
    """
    try:
        private_key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("not a private key in PEM without a passphrase") from None
    if isinstance(private_key, RSAPrivateKey):
        if private_key.key_size < MIN_RSA_BITS:
            raise ValueError(f"an RSA key of {private_key.key_size} bits; {MIN_RSA_BITS} are the least")
        rsa = RSAKey.import_key(pem)
        return ClientKey(rsa, "RS256", rsa.thumbprint())
    if isinstance(private_key, EllipticCurvePrivateKey) and private_key.curve.name in _ALGORITHMS:
        curve = ECKey.import_key(pem)
        return ClientKey(curve, _ALGORITHMS[private_key.curve.name], curve.thumbprint())
    raise ValueError("neither an RSA key nor one on P-256, P-384 or P-521")
