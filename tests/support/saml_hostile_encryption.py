"""Messages whose encryption is the weapon: anyone can encrypt to us, and decrypting may come first."""

from lxml import etree

from idp_adapters.saml.names import XENC
from tests.support.saml_crypto import RSA15, RSA_SHA1, Signing, encrypt, sign
from tests.support.saml_hostile_crypto import GOOD, SLOW, reference
from tests.support.saml_messages import foreign_key, standing_alone
from tests.support.saml_victim import Attack, Victim, find, parsed, removing, setting, tampered


def _cipher_reference(path: str, uri: str, transforms: str = "") -> Attack:
    """The CipherValue replaced by a reference, in an unsigned message."""

    def attack(victim: Victim) -> bytes:
        root = victim.tree(sign="neither", encryption=victim.encryption())
        url = uri.replace("FILE", victim.file_url).replace("HTTP", victim.http_url)
        inner = f"<xenc:Transforms>{transforms}</xenc:Transforms>" if transforms else ""
        value = find(root, f"{path}/xenc:CipherData/xenc:CipherValue")
        data = value.getparent()
        assert data is not None
        data.replace(value, parsed(f'<xenc:CipherReference URI="{url}">{inner}</xenc:CipherReference>'))
        return etree.tostring(root)

    return attack


def _retrieval(uri: str) -> Attack:
    def attack(victim: Victim) -> bytes:
        root = victim.tree(sign="neither", encryption=victim.encryption())
        url = uri.replace("FILE", victim.file_url).replace("HTTP", victim.http_url)
        kind = f'Type="{XENC}EncryptedKey"'
        find(root, "//ds:KeyInfo").insert(0, parsed(f'<ds:RetrievalMethod URI="{url}" {kind}/>'))
        return etree.tostring(root)

    return attack


def _inside(how: Signing, *, stranger: bool) -> Attack:
    """A hostile signature on the assertion that decryption yields."""

    def attack(victim: Victim) -> bytes:
        root = victim.tree(sign="neither")
        assertion = find(root, "saml:Assertion")
        sign(assertion, foreign_key() if stranger else victim.idp.key, None, how)
        root.replace(assertion, encrypt(standing_alone(assertion), victim.encryption()))
        return etree.tostring(root)

    return attack


def _of_plain(plain: bytes) -> Attack:
    """Something else than an assertion, encrypted to us."""

    def attack(victim: Victim) -> bytes:
        root = victim.tree(sign="neither")
        root.replace(find(root, "saml:Assertion"), encrypt(plain, victim.encryption()))
        return etree.tostring(root)

    return attack


def _flipped(path: str) -> Attack:
    """One octet of a cipher text changed."""

    def edit(root: etree._Element) -> None:
        value = find(root, path)
        text = value.text or ""
        value.text = text[:40] + ("B" if text[40] == "A" else "A") + text[41:]

    return lambda victim: tampered(edit, encryption=victim.encryption())(victim)


def _without_id(element: etree._Element) -> etree._Element:
    copy = etree.fromstring(etree.tostring(element, with_tail=False))
    for inner in copy.iter():
        inner.attrib.pop("Id", "")
    return copy


def _five_keys(victim: Victim) -> bytes:
    root = victim.tree(encryption=victim.encryption())
    key = find(root, _KEY)
    for _ in range(4):
        key.addnext(_without_id(key))
    return etree.tostring(root)


_DATA, _KEY = "//xenc:EncryptedData", "//xenc:EncryptedKey"

ENCRYPTION: dict[str, Attack] = {
    "CipherReference to a file": _cipher_reference(_DATA, "FILE"),
    "CipherReference by http": _cipher_reference(_DATA, "HTTP"),
    "CipherReference into the document": _cipher_reference(_DATA, "#_response"),
    "CipherReference to the document": _cipher_reference(_DATA, ""),
    "CipherReference with XSLT": _cipher_reference(_DATA, "", SLOW),
    "CipherReference to a file, with XSLT": _cipher_reference(_DATA, "FILE", SLOW),
    "the key's CipherReference to a file": _cipher_reference(_KEY, "FILE"),
    "the key's CipherReference by http": _cipher_reference(_KEY, "HTTP"),
    "the key's CipherReference with XSLT": _cipher_reference(_KEY, "", SLOW),
    "RetrievalMethod of a file": _retrieval("FILE"),
    "RetrievalMethod by http": _retrieval("HTTP"),
    "RetrievalMethod into the document": _retrieval("#_ed-key"),
    "XSLT in the inner signature": _inside(Signing(transforms=GOOD + SLOW), stranger=False),
    "XSLT in a stranger's inner signature": _inside(Signing(transforms=GOOD + SLOW), stranger=True),
    "a file's Reference in the inner signature": _inside(
        Signing(references=reference("file:///etc/hostname")), stranger=True
    ),
    "a stranger's inner signature": _inside(Signing(), stranger=True),
    "SHA-1 in the inner signature": _inside(Signing(algorithm=RSA_SHA1), stranger=False),
    "RSA 1.5": lambda victim: victim.octets(encryption=victim.encryption(transport=RSA15)),
    "CBC where it is off": lambda victim: victim.octets(
        encryption=victim.encryption(content=f"{XENC}aes256-cbc")
    ),
    "a cipher that is not known": lambda victim: tampered(
        setting(f"{_DATA}/xenc:EncryptionMethod", Algorithm=f"{XENC}tripledes-cbc"),
        encryption=victim.encryption(),
    )(victim),
    "a DataReference to elsewhere": lambda victim: tampered(
        setting("//xenc:DataReference", URI="file:///etc/hostname"),
        encryption=victim.encryption(place="beside"),
    )(victim),
    "five keys": _five_keys,
    "two EncryptedData": lambda victim: tampered(
        lambda root: find(root, _DATA).addnext(_without_id(find(root, _DATA))), encryption=victim.encryption()
    )(victim),
    "no key": lambda victim: tampered(removing(_KEY), encryption=victim.encryption())(victim),
    "the cipher text changed": _flipped(f"{_DATA}/xenc:CipherData/xenc:CipherValue"),
    "the key's cipher text changed": _flipped(f"{_KEY}/xenc:CipherData/xenc:CipherValue"),
    "nothing encrypted": _of_plain(b""),
    "garbage encrypted": _of_plain(b"hello"),
    "a DOCTYPE encrypted": _of_plain(b"<!DOCTYPE x><x/>"),
    "another message encrypted": _of_plain(b'<Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol"/>'),
}
