"""An encrypted assertion to its octets, by cryptography alone: no XML library decrypts here.

XML Encryption 1.1 §5; SAML Core §2.3.4. RSA-OAEP and AES-GCM; CBC only where the operator allows it; RSA 1.5
never. Whatever fails, here or in what was decrypted, is told with one sentence, so that nobody learns about a
plaintext by trying.
"""

import secrets
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from idp_adapters.provider import LoginError
from idp_adapters.saml.gate import MAX_ENCODED, MAX_MESSAGE, decode_base64, only_child
from idp_adapters.saml.names import DSIG, XENC, XENC11
from idp_adapters.saml.strict_xml import read_tree

MAX_KEYS: Final = 4
"""For how many recipients an assertion may be encrypted."""

_OAEP: Final = f"{XENC}rsa-oaep-mgf1p"
_OAEP11: Final = f"{XENC11}rsa-oaep"
_KEY_BYTES: Final = {
    f"{XENC11}aes128-gcm": 16,
    f"{XENC11}aes192-gcm": 24,
    f"{XENC11}aes256-gcm": 32,
    f"{XENC}aes128-cbc": 16,
    f"{XENC}aes192-cbc": 24,
    f"{XENC}aes256-cbc": 32,
}
_DIGESTS: Final[dict[str, hashes.HashAlgorithm]] = {
    f"{DSIG}sha1": hashes.SHA1(),  # noqa: S303  within OAEP no collision is of use
    f"{XENC}sha256": hashes.SHA256(),
    "http://www.w3.org/2001/04/xmldsig-more#sha384": hashes.SHA384(),
    f"{XENC}sha512": hashes.SHA512(),
}
_MGFS: Final[dict[str, hashes.HashAlgorithm]] = {
    f"{XENC11}mgf1sha1": hashes.SHA1(),  # noqa: S303
    f"{XENC11}mgf1sha256": hashes.SHA256(),
    f"{XENC11}mgf1sha384": hashes.SHA384(),
    f"{XENC11}mgf1sha512": hashes.SHA512(),
}


_USUAL_PREFIXES: Final = {
    "xs": "http://www.w3.org/2001/XMLSchema",
    "xsd": "http://www.w3.org/2001/XMLSchema",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}


class _Transported(NamedTuple):
    """A content key on its way: how it was wrapped, and in what."""

    padding: padding.OAEP
    wrapped: bytes


def decrypt_assertion(
    encrypted: etree._Element, private_keys: Sequence[rsa.RSAPrivateKey], allow_cbc: bool
) -> bytes:
    """Decrypt ``encrypted``, an EncryptedAssertion that passed the gate, with the first key that fits.

    What is returned is one element's octets, which declare the namespaces that were in scope around it.
    Raises LoginError: in words for a method that is not accepted, which anyone can see in the message; else
    that of ``undecipherable``.
    """
    data = _child(encrypted, f"{{{XENC}}}EncryptedData")
    method = _algorithm(data)
    size = _KEY_BYTES.get(method)
    if size is None:
        raise LoginError("invalid_token", f"the assertion is encrypted with {method[:100]!a}")
    is_cbc = method.endswith("-cbc")
    if is_cbc and not allow_cbc:
        raise LoginError("invalid_token", "the assertion is encrypted with AES-CBC, and allow_cbc is not set")
    transported = [_transported(key) for key in _encrypted_keys(encrypted, data)]
    content = _cipher_value(data)
    secret = _content_key(transported, private_keys, size)
    plain = _decrypted_cbc(content, secret) if is_cbc else _decrypted_gcm(content, secret)
    return _in_context(plain, encrypted)


def undecipherable() -> LoginError:
    """The one error for all that goes wrong with an encrypted assertion."""
    return LoginError("invalid_token", "the encrypted assertion cannot be used")


def _encrypted_keys(encrypted: etree._Element, data: etree._Element) -> list[etree._Element]:
    """Every EncryptedKey, inside the EncryptedData or beside it (Errata E43)."""
    info = only_child(data, f"{{{DSIG}}}KeyInfo")
    inside = [] if info is None else info.findall(f"{{{XENC}}}EncryptedKey")
    keys = [*inside, *encrypted.findall(f"{{{XENC}}}EncryptedKey")]
    if not 0 < len(keys) <= MAX_KEYS:
        raise undecipherable()
    return keys


def _transported(key: etree._Element) -> _Transported:
    transport = _algorithm(key)
    if transport not in (_OAEP, _OAEP11):
        raise LoginError("invalid_token", f"the assertion's key is encrypted with {transport[:100]!a}")
    method = _child(key, f"{{{XENC}}}EncryptionMethod")
    digest = _parameter(method, f"{{{DSIG}}}DigestMethod", f"{DSIG}sha1", _DIGESTS)
    mgf = _parameter(method, f"{{{XENC11}}}MGF", f"{XENC11}mgf1sha1", _MGFS)
    if transport == _OAEP and not isinstance(mgf, hashes.SHA1):
        raise undecipherable()
    label = only_child(method, f"{{{XENC}}}OAEPparams")
    octets = None if label is None else decode_base64(label.text or "", 1000)
    return _Transported(padding.OAEP(padding.MGF1(mgf), digest, octets or None), _cipher_value(key))


def _content_key(
    transported: Sequence[_Transported], private_keys: Sequence[rsa.RSAPrivateKey], size: int
) -> bytes:
    """The content key, or a made-up one: a wrong key and a wrong content must look alike."""
    for key in _unwrapped(transported, private_keys):
        if len(key) == size:
            return key
    return secrets.token_bytes(size)


def _unwrapped(
    transported: Sequence[_Transported], private_keys: Sequence[rsa.RSAPrivateKey]
) -> Iterator[bytes]:
    for key in transported:
        for private in private_keys:
            try:
                yield private.decrypt(key.wrapped, key.padding)
            except ValueError:
                continue


def _decrypted_gcm(content: bytes, secret: bytes) -> bytes:
    try:
        return AESGCM(secret).decrypt(content[:12], content[12:], None)
    except (InvalidTag, ValueError):
        raise undecipherable() from None


def _decrypted_cbc(content: bytes, secret: bytes) -> bytes:
    """Wrong padding stays in, so that it fails where a wrong plaintext fails."""
    if len(content) < 32 or len(content) % 16:
        raise undecipherable()
    decryptor = Cipher(algorithms.AES(secret), modes.CBC(content[:16])).decryptor()
    padded = decryptor.update(content[16:]) + decryptor.finalize()
    return padded[: -padded[-1]] if 0 < padded[-1] <= 16 else padded


def _in_context(plain: bytes, encrypted: etree._Element) -> bytes:
    """``plain`` as it reads in the place of ``encrypted``: some declare their prefixes only around it."""
    in_scope = cast("dict[str, str]", encrypted.nsmap)
    try:
        return _element_within(in_scope, plain)
    except LoginError:
        # Canonical form drops what is used inside the encryption alone.
        return _element_within(_USUAL_PREFIXES | in_scope, plain)


def _element_within(in_scope: dict[str, str], plain: bytes) -> bytes:
    start = etree.tostring(etree.Element("around", nsmap=in_scope)).removesuffix(b"/>")
    try:
        whole = read_tree(start + b">" + plain + b"</around>", limit=MAX_MESSAGE)
    except LoginError:
        raise undecipherable() from None
    if len(whole) != 1 or f"{whole.text or ''}{whole[0].tail or ''}".strip():
        raise undecipherable()
    return etree.tostring(whole[0], with_tail=False)


def _child(parent: etree._Element, tag: str) -> etree._Element:
    child = only_child(parent, tag)
    if child is None:
        raise undecipherable()
    return child


def _algorithm(element: etree._Element) -> str:
    return _child(element, f"{{{XENC}}}EncryptionMethod").get("Algorithm", "")


def _parameter(
    method: etree._Element, tag: str, default: str, known: dict[str, hashes.HashAlgorithm]
) -> hashes.HashAlgorithm:
    element = only_child(method, tag)
    algorithm = known.get(default if element is None else element.get("Algorithm", ""))
    if algorithm is None:
        raise undecipherable()
    return algorithm


def _cipher_value(element: etree._Element) -> bytes:
    value = _child(_child(element, f"{{{XENC}}}CipherData"), f"{{{XENC}}}CipherValue")
    return decode_base64(value.text or "", MAX_ENCODED)
