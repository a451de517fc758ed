"""What is decrypted, what never is, and that all that fails sounds the same."""

from base64 import b64decode, b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from idp_adapters.provider import LoginError
from idp_adapters.saml.decryption import MAX_KEYS, decrypt_assertion, undecipherable
from idp_adapters.saml.names import DSIG, SHA256, XENC, XENC11
from idp_adapters.saml.response import verify_response
from tests.support.saml_crypto import MGF1_SHA256, MORE, OAEP, OAEP11, RSA15, SHA1, Encryption, encrypt
from tests.support.saml_hostile_encryption import ENCRYPTION
from tests.support.saml_messages import Edit, certificate_of, expected, foreign_key, sp_key
from tests.support.saml_victim import Victim, find, removing, repeating, setting, writing

_CERTIFICATE = certificate_of(sp_key())
_PLAIN = "<a>ä</a>".encode()
_DATA = "xenc:EncryptedData"
_KEY = "//xenc:EncryptedKey"


def _decrypted(element: etree._Element, *keys: rsa.RSAPrivateKey, allow_cbc: bool = False) -> str:
    """The text of the one element that was encrypted."""
    read = etree.fromstring(decrypt_assertion(element, keys or (sp_key(),), allow_cbc))
    assert read.tag == "a"
    return read.text or ""


@pytest.mark.parametrize("content", ["aes128-gcm", "aes192-gcm", "aes256-gcm"])
@pytest.mark.parametrize("place", ["inside", "beside"])
def test_gcm_is_decrypted_wherever_the_key_stands(content: str, place: str) -> None:
    how = Encryption(_CERTIFICATE, content=f"{XENC11}{content}", place=place)  # type: ignore[arg-type]
    assert _decrypted(encrypt(_PLAIN, how)) == "ä"


@pytest.mark.parametrize("digest", ["", SHA1, SHA256, f"{MORE}sha384", f"{XENC}sha512"])
@pytest.mark.parametrize("label", [b"", b"a label"], ids=["no label", "label"])
def test_oaep_is_decrypted_with_its_digest_and_label(digest: str, label: bytes) -> None:
    assert _decrypted(encrypt(_PLAIN, Encryption(_CERTIFICATE, digest=digest, label=label))) == "ä"


@pytest.mark.parametrize(
    "mgf", ["", f"{XENC11}mgf1sha1", MGF1_SHA256, f"{XENC11}mgf1sha384", f"{XENC11}mgf1sha512"]
)
@pytest.mark.parametrize("digest", ["", SHA256])
def test_oaep_of_version_1_1_is_decrypted_with_its_mask(mgf: str, digest: str) -> None:
    how = Encryption(_CERTIFICATE, transport=OAEP11, mgf=mgf, digest=digest)
    assert _decrypted(encrypt(_PLAIN, how)) == "ä"


@pytest.mark.parametrize("content", ["aes128-cbc", "aes192-cbc", "aes256-cbc"])
@pytest.mark.parametrize("size", [1, 15, 16, 17, 1000])
def test_cbc_is_decrypted_where_it_is_allowed(content: str, size: int) -> None:
    how = Encryption(_CERTIFICATE, content=f"{XENC}{content}")
    assert _decrypted(encrypt(b"<a>" + b"x" * size + b"</a>", how), allow_cbc=True) == "x" * size


@pytest.mark.parametrize(
    "plain",
    [
        b"",
        b"hello",
        b"<a/><a/>",
        b"<a/>x",
        b"x<a/>",
        b"<a>",
        b"</around><around>",
        b"<a/></around><around>",
        b"<!DOCTYPE a><a/>",
        b'<?xml version="1.0"?><a/>',
        b"<p:a/>",
        b"\xff",
    ],
)
def test_what_is_not_one_element_is_undecipherable(plain: bytes) -> None:
    with pytest.raises(LoginError) as caught:
        _decrypted(encrypt(plain, Encryption(_CERTIFICATE)))
    assert str(caught.value) == str(undecipherable())


def test_prefixes_may_be_declared_around_what_was_encrypted() -> None:
    element = encrypt(b"<p:b xmlns='urn:x'>x</p:b>", Encryption(_CERTIFICATE))
    root = etree.fromstring('<r xmlns="urn:y" xmlns:p="urn:p&amp;q"/>')
    root.append(element)
    read = etree.fromstring(decrypt_assertion(element, [sp_key()], False))
    assert (read.tag, read.text) == ("{urn:p&q}b", "x")


def test_cbc_is_refused_in_words_where_it_is_not_allowed() -> None:
    with pytest.raises(LoginError, match="allow_cbc is not set"):
        _decrypted(encrypt(_PLAIN, Encryption(_CERTIFICATE, content=f"{XENC}aes256-cbc")))


@pytest.mark.parametrize("allow_cbc", [False, True])
def test_rsa_1_5_is_never_decrypted(allow_cbc: bool) -> None:
    with pytest.raises(LoginError, match="rsa-1_5"):
        _decrypted(encrypt(_PLAIN, Encryption(_CERTIFICATE, transport=RSA15)), allow_cbc=allow_cbc)


@pytest.mark.parametrize("algorithm", [f"{XENC}tripledes-cbc", f"{XENC11}aes256-ccm", ""])
def test_another_cipher_is_refused(algorithm: str) -> None:
    element = encrypt(_PLAIN, Encryption(_CERTIFICATE))
    setting(f"{_DATA}/xenc:EncryptionMethod", Algorithm=algorithm)(element)
    with pytest.raises(LoginError, match="is encrypted with"):
        _decrypted(element, allow_cbc=True)


def test_any_of_our_keys_may_fit() -> None:
    assert _decrypted(encrypt(_PLAIN, Encryption(_CERTIFICATE)), foreign_key(), sp_key()) == "ä"


def test_only_so_many_keys_are_tried() -> None:
    element = encrypt(_PLAIN, Encryption(_CERTIFICATE))
    for _ in range(MAX_KEYS - 1):
        repeating(f"({_KEY})[1]")(element)
    assert _decrypted(element) == "ä"
    repeating(f"({_KEY})[1]")(element)
    with pytest.raises(LoginError):
        _decrypted(element)


def test_any_of_several_recipients_may_be_us() -> None:
    element = encrypt(_PLAIN, Encryption(_CERTIFICATE))
    other = encrypt(_PLAIN, Encryption(certificate_of(foreign_key())))
    find(element, "//ds:KeyInfo").insert(0, find(other, _KEY))
    assert _decrypted(element) == "ä"


_BROKEN: dict[str, Edit] = {
    "no EncryptedData": removing(_DATA),
    "no key": removing("//ds:KeyInfo"),
    "no method": removing(f"{_DATA}/xenc:EncryptionMethod"),
    "no method of the key": removing(f"{_KEY}/xenc:EncryptionMethod"),
    "no CipherData": removing(f"{_DATA}/xenc:CipherData"),
    "no CipherValue": removing(f"{_KEY}/xenc:CipherData/xenc:CipherValue"),
    "an empty CipherValue": writing(f"{_DATA}/xenc:CipherData/xenc:CipherValue", ""),
    "an empty key": writing(f"{_KEY}/xenc:CipherData/xenc:CipherValue", ""),
    "a short CipherValue": writing(f"{_DATA}/xenc:CipherData/xenc:CipherValue", "AAAA"),
    "another cipher of the same key": setting(
        f"{_DATA}/xenc:EncryptionMethod", Algorithm=f"{XENC11}aes128-gcm"
    ),
}


@pytest.mark.parametrize("name", [*_BROKEN])
def test_what_is_broken_is_undecipherable(name: str) -> None:
    element = encrypt(_PLAIN, Encryption(_CERTIFICATE))
    _BROKEN[name](element)
    with pytest.raises(LoginError) as caught:
        _decrypted(element)
    assert str(caught.value) == str(undecipherable())


@pytest.mark.parametrize(
    ("transport", "name", "algorithm"),
    [
        (OAEP, "ds:DigestMethod", f"{MORE}md5"),
        (OAEP11, "xenc11:MGF", f"{XENC11}mgf1md5"),
        (OAEP, "xenc11:MGF", MGF1_SHA256),
    ],
    ids=["digest", "mask", "mask in version 1.0"],
)
def test_other_parameters_of_oaep_are_refused(transport: str, name: str, algorithm: str) -> None:
    how = Encryption(_CERTIFICATE, transport=transport, digest=f"{DSIG}sha1", mgf=f"{XENC11}mgf1sha1")
    element = encrypt(_PLAIN, how)
    setting(f"//{name}", Algorithm=algorithm)(element)
    with pytest.raises(LoginError) as caught:
        _decrypted(element)
    assert str(caught.value) == str(undecipherable())


def test_without_a_fitting_key_it_is_undecipherable() -> None:
    with pytest.raises(LoginError) as caught:
        _decrypted(encrypt(_PLAIN, Encryption(_CERTIFICATE)), foreign_key())
    assert str(caught.value) == str(undecipherable())


@pytest.mark.parametrize("content", [f"{XENC11}aes256-gcm", f"{XENC}aes256-cbc"], ids=["GCM", "CBC"])
@pytest.mark.parametrize("position", [0, 20, 40, -1])
def test_a_wrong_octet_anywhere_sounds_the_same(content: str, position: int) -> None:
    victim = Victim()
    root = victim.tree(encryption=victim.encryption(content=content))
    value = find(root, f"//{_DATA}/xenc:CipherData/xenc:CipherValue")
    octets = bytearray(b64decode(value.text or ""))
    octets[position] ^= 1
    value.text = b64encode(octets).decode()
    with pytest.raises(LoginError) as caught:
        verify_response(etree.tostring(root), expected(victim.idp, allow_cbc=True))
    assert str(caught.value) == str(undecipherable())


@pytest.mark.parametrize(
    "name", [name for name in ENCRYPTION if "inner signature" in name or name.endswith(" encrypted")]
)
def test_whatever_is_wrong_inside_sounds_the_same(name: str) -> None:
    victim = Victim()
    with pytest.raises(LoginError) as caught:
        verify_response(ENCRYPTION[name](victim), expected(victim.idp))
    assert str(caught.value) == str(undecipherable())
