"""Who signed: only a pinned key counts, only safe methods, and only what was covered comes back."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, cast

import pytest
import xmlsec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from idp_adapters.provider import LoginError
from idp_adapters.saml import signature as module
from idp_adapters.saml.gate import ASSERTION_TAG, read_message
from idp_adapters.saml.names import DIGESTS, RSA_SHA256
from idp_adapters.saml.signature import RestrictedContext, verified_octets, verify_octets
from idp_adapters.saml.signature_shape import SIGNATURE
from tests.support.saml_crypto import MORE, RSA_SHA1, Signing, SigningKey, canonical, sign, signature_value
from tests.support.saml_hostile_crypto import TRANSFORMS, reference
from tests.support.saml_messages import (
    Response,
    SamlIdentityProvider,
    certificate_of,
    elliptic_key,
    foreign_key,
    usual_key,
    weak_key,
)
from tests.support.saml_victim import Victim, adding, find, unsigned

_KEYS: dict[str, Callable[[], SigningKey]] = {"rsa": usual_key, "ecdsa": elliptic_key}
_NOBODY = certificate_of(foreign_key())


def _signed(key: SigningKey, how: Signing | None = None) -> etree._Element:
    octets = SamlIdentityProvider(key=key).response(Response(signing=how or Signing()))
    assertion = read_message(octets, "Response").find(ASSERTION_TAG)
    assert assertion is not None
    return assertion


@pytest.mark.parametrize("kind", [*_KEYS])
@pytest.mark.parametrize("bits", ["256", "384", "512"])
@pytest.mark.parametrize("digest", [*DIGESTS.values()])
@pytest.mark.parametrize("prefixes", [(), ("xs",), ("#default", "xs", "saml")], ids=["none", "xs", "default"])
def test_every_method_that_is_accepted_verifies(
    kind: str, bits: str, digest: str, prefixes: Sequence[str]
) -> None:
    key = _KEYS[kind]()
    uri = next(uri for uri, name in DIGESTS.items() if name == digest)
    how = Signing(algorithm=f"{MORE}{kind}-sha{bits}", digest=uri, prefixes=prefixes)
    assertion = _signed(key, how)
    octets = verified_octets(assertion, [certificate_of(key)])
    assert octets == canonical(
        unsigned(find(SamlIdentityProvider(key=key).response_tree(Response(signing=how)), "saml:Assertion")),
        prefixes,
    )


def test_the_octets_hold_all_that_was_signed_and_no_signature() -> None:
    read = etree.fromstring(verified_octets(_signed(usual_key()), [certificate_of(usual_key())]))
    assert read.tag == ASSERTION_TAG
    assert read.get("ID") == "_assertion"
    assert read.find(SIGNATURE) is None
    assert find(read, "//saml:NameID").text == "ada"


def test_any_of_several_certificates_may_be_the_signers() -> None:
    certificates = [_NOBODY, certificate_of(elliptic_key()), certificate_of(usual_key())]
    assert verified_octets(_signed(usual_key()), certificates)


@pytest.mark.parametrize(
    "certificates", [[], [_NOBODY], [certificate_of(elliptic_key())]], ids=["none", "stranger", "other kind"]
)
def test_a_key_that_is_not_pinned_does_not_count(certificates: list[x509.Certificate]) -> None:
    with pytest.raises(LoginError, match="no certificate") as caught:
        verified_octets(_signed(usual_key()), certificates)
    assert caught.value.reason == "invalid_token"


class _Unreadable:
    """A certificate whose key is of a kind that nobody here knows."""

    def public_key(self) -> NoReturn:
        raise UnsupportedAlgorithm("of another world")


def test_a_pinned_key_of_an_unknown_kind_is_passed_over() -> None:
    certificates = [cast("x509.Certificate", _Unreadable()), certificate_of(usual_key())]
    assert verified_octets(_signed(usual_key()), certificates)
    made = signature_value(_OCTETS, usual_key(), RSA_SHA256)
    verify_octets(_OCTETS, made, RSA_SHA256, certificates)


def test_a_certificate_that_the_message_brings_does_not_count() -> None:
    assertion = _signed(foreign_key())
    assert find(assertion, "//ds:X509Certificate").text
    with pytest.raises(LoginError, match="no certificate"):
        verified_octets(assertion, [certificate_of(usual_key())])


@pytest.mark.parametrize(
    "key", [weak_key(), ec.generate_private_key(ec.SECP224R1())], ids=["RSA 1024", "P-224"]
)
def test_a_short_key_is_weak_even_where_it_is_pinned(key: SigningKey) -> None:
    kind = "rsa" if key is weak_key() else "ecdsa"
    with pytest.raises(LoginError, match="bits") as caught:
        verified_octets(_signed(key, Signing(algorithm=f"{MORE}{kind}-sha256")), [certificate_of(key)])
    assert caught.value.reason == "weak_signature"


def test_an_unsigned_element_is_refused() -> None:
    with pytest.raises(LoginError, match="there is none"):
        verified_octets(unsigned(_signed(usual_key())), [certificate_of(usual_key())])


def test_a_change_after_signing_is_refused() -> None:
    assertion = _signed(usual_key())
    find(assertion, "//saml:NameID").text = "mallory"
    with pytest.raises(LoginError, match="no certificate"):
        verified_octets(assertion, [certificate_of(usual_key())])


def test_text_around_the_signature_is_covered() -> None:
    assertion = _signed(usual_key())
    signature = find(assertion, "ds:Signature")
    signature.tail = f"{signature.tail or ''}mallory"
    with pytest.raises(LoginError, match="no certificate"):
        verified_octets(assertion, [certificate_of(usual_key())])


def test_text_around_the_signature_is_given_back() -> None:
    root = etree.fromstring('<a ID="_a">one<b/>two</a>')
    signature = sign(root, usual_key())
    root.remove(signature)
    root.text, root[0].tail = "one", "two"
    root.insert(1, signature)
    signature.tail, root[0].tail = "two", ""
    signature.tail = "two"
    assert verified_octets(root, [certificate_of(usual_key())]) == b'<a ID="_a">one<b></b>two</a>'


def test_our_own_digest_is_asked_as_well_as_the_librarys(monkeypatch: pytest.MonkeyPatch) -> None:
    assertion = _signed(usual_key())
    find(assertion, "//saml:NameID").text = "mallory"
    certificate = certificate_of(usual_key())
    monkeypatch.setattr(module, "_signer", lambda *_: certificate)
    with pytest.raises(LoginError, match="does not cover"):
        verified_octets(assertion, [certificate])


def test_an_empty_canonical_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assertion = _signed(usual_key())
    find(assertion, "//ds:DigestValue").text = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    monkeypatch.setattr(module, "_signer", lambda *_: certificate_of(usual_key()))
    monkeypatch.setattr(module, "_canonical_without", lambda *_: b"")
    with pytest.raises(LoginError, match="does not cover"):
        verified_octets(assertion, [certificate_of(usual_key())])


def test_what_has_no_canonical_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assertion = _signed(usual_key())
    adding("saml:Subject", '<a:b xmlns:a="../relative"/>')(assertion)
    monkeypatch.setattr(module, "_signer", lambda *_: certificate_of(usual_key()))
    with pytest.raises(LoginError, match="no canonical form"):
        verified_octets(assertion, [certificate_of(usual_key())])


@pytest.mark.parametrize("name", ["XSLT", "XPath", "XPath filter", "base64", "inclusive canonicalisation"])
def test_the_context_itself_knows_no_other_transform(name: str) -> None:
    root = SamlIdentityProvider().response_tree(Response(signing=Signing(transforms=TRANSFORMS[name])))
    with pytest.raises(xmlsec.Error):
        _verify_alone(find(root, "saml:Assertion"))


@pytest.mark.parametrize(
    "how", [Signing(algorithm=RSA_SHA1), Signing(digest="http://www.w3.org/2000/09/xmldsig#sha1")]
)
def test_the_context_itself_knows_no_weak_method(how: Signing) -> None:
    root = SamlIdentityProvider().response_tree(Response(signing=how))
    with pytest.raises(xmlsec.Error):
        _verify_alone(find(root, "saml:Assertion"))


def test_the_context_itself_verifies_what_is_good() -> None:
    _verify_alone(_signed(usual_key()))


def _verify_alone(assertion: etree._Element) -> None:
    """Verify by the context alone, as if there were no gate."""
    context = RestrictedContext()
    context.key = module.public_key(certificate_of(usual_key()))
    context.register_id(assertion, "ID")
    context.verify(find(assertion, "ds:Signature"))


_OPEN_A_FIFO = """
import sys, xmlsec
from lxml import etree
import idp_adapters.saml.signature
root = etree.fromstring(open(sys.argv[1], "rb").read())
context = xmlsec.SignatureContext()
context.key = xmlsec.Key.from_file(sys.argv[2], xmlsec.KeyFormat.PEM)
xmlsec.tree.add_ids(root, ["ID"])
try:
    context.verify(xmlsec.tree.find_node(root, "Signature"))
except xmlsec.Error as error:
    print("refused")
"""


@pytest.mark.parametrize("place", ["first_references", "references", "uri"])
def test_the_library_opens_no_file_whatever_context_it_is_given(tmp_path: Path, place: str) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    url = fifo.as_uri()
    how = Signing(uri=url) if place == "uri" else Signing(**{place: reference(url)})  # type: ignore[arg-type]
    (tmp_path / "message.xml").write_bytes(Victim().octets(signing=how))
    key = usual_key().public_key()
    (tmp_path / "key.pem").write_bytes(
        key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    done = subprocess.run(
        [sys.executable, "-c", _OPEN_A_FIFO, tmp_path / "message.xml", tmp_path / "key.pem"],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == "refused\n"


_OCTETS = b"SAMLRequest=x&SigAlg=y"


@pytest.mark.parametrize("kind", [*_KEYS])
@pytest.mark.parametrize("bits", ["256", "384", "512"])
def test_a_detached_signature_verifies(kind: str, bits: str) -> None:
    key, algorithm = _KEYS[kind](), f"{MORE}{kind}-sha{bits}"
    made = signature_value(_OCTETS, key, algorithm)
    verify_octets(_OCTETS, made, algorithm, [_NOBODY, certificate_of(key)])


def test_a_detached_ecdsa_signature_may_be_in_der() -> None:
    made = elliptic_key().sign(_OCTETS, ec.ECDSA(hashes.SHA256()))
    verify_octets(_OCTETS, made, f"{MORE}ecdsa-sha256", [certificate_of(elliptic_key())])


@pytest.mark.parametrize("kind", [*_KEYS])
@pytest.mark.parametrize("wrong", ["octets", "signature", "empty", "long", "certificate", "method"])
def test_a_detached_signature_that_is_not_right_is_refused(kind: str, wrong: str) -> None:
    key, algorithm = _KEYS[kind](), f"{MORE}{kind}-sha256"
    made = signature_value(_OCTETS, key, algorithm)
    signatures = {"signature": made[:-1] + bytes([made[-1] ^ 1]), "empty": b"", "long": made + b"x"}
    certificate = _NOBODY if wrong == "certificate" else certificate_of(key)
    other = "ecdsa" if kind == "rsa" else "rsa"
    with pytest.raises(LoginError) as caught:
        verify_octets(
            _OCTETS + b"x" if wrong == "octets" else _OCTETS,
            signatures.get(wrong, made),
            f"{MORE}{other}-sha256" if wrong == "method" else algorithm,
            [certificate],
        )
    assert caught.value.reason == "invalid_token"


@pytest.mark.parametrize(
    ("algorithm", "reason"),
    [(RSA_SHA1, "weak_signature"), (f"{MORE}hmac-sha256", "invalid_token"), ("", "invalid_token")],
    ids=["SHA-1", "HMAC", "none"],
)
def test_a_detached_signature_of_another_method_is_refused(algorithm: str, reason: str) -> None:
    with pytest.raises(LoginError) as caught:
        verify_octets(_OCTETS, b"x", algorithm, [certificate_of(usual_key())])
    assert caught.value.reason == reason


def test_a_detached_signature_by_a_short_key_is_weak() -> None:
    made = signature_value(_OCTETS, weak_key(), RSA_SHA256)
    with pytest.raises(LoginError) as caught:
        verify_octets(_OCTETS, made, RSA_SHA256, [certificate_of(weak_key())])
    assert caught.value.reason == "weak_signature"
