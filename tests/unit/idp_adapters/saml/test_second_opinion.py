"""The second opinion: python3-saml agrees with what is good, by our clock, and refuses what is not."""

import threading
import time
from collections.abc import Callable

import onelogin.saml2.utils
import pytest
import xmlsec
from cryptography.hazmat.primitives import serialization
from lxml import etree

from idp_adapters.provider import LoginError
from idp_adapters.saml import second_opinion
from idp_adapters.saml.second_opinion import Evidence, agree
from idp_adapters.saml.signature import RestrictedContext
from tests.support.saml_crypto import MGF1_SHA256, OAEP11, RSA_SHA1, Signing, sign
from tests.support.saml_hostile_crypto import TRANSFORMS
from tests.support.saml_messages import (
    NOW,
    Response,
    certificate_of,
    expected,
    foreign_key,
    standing_alone,
    usual_key,
)
from tests.support.saml_victim import Victim, adding, find, setting
from tests.support.saml_wrapping import WRAPPING

_VICTIM = Victim()
_IDP = _VICTIM.idp
_PLAIN = standing_alone(find(_VICTIM.tree(), "saml:Assertion"))


def _agrees(evidence: Evidence, **changes: object) -> bool:
    try:
        agree(evidence, expected(_IDP, **changes))
    except LoginError as error:
        if (error.reason, error.detail) != ("invalid_token", "the second opinion is that it is not valid"):
            raise
        return False
    return True


def _encrypted(
    octets: bytes, plain: bytes = _PLAIN, *, response: bool = False, assertion: bool = True
) -> Evidence:
    return Evidence(octets, response_signed=response, assertion_signed=assertion, plain=plain)


_GOOD: dict[str, Callable[[], Evidence]] = {
    "assertion": lambda: Evidence(_VICTIM.octets(), response_signed=False, assertion_signed=True),
    "response": lambda: Evidence(
        _VICTIM.octets(sign="response"), response_signed=True, assertion_signed=False
    ),
    "both": lambda: Evidence(_VICTIM.octets(sign="both"), response_signed=True, assertion_signed=True),
    "encrypted assertion": lambda: _encrypted(_VICTIM.octets(encryption=_VICTIM.encryption())),
    "encrypted both": lambda: _encrypted(
        _VICTIM.octets(sign="both", encryption=_VICTIM.encryption()), response=True
    ),
    "encrypted response": lambda: _encrypted(
        _VICTIM.octets(sign="response", encryption=_VICTIM.encryption()), response=True, assertion=False
    ),
    "encrypted with MGF": lambda: _encrypted(
        _VICTIM.octets(encryption=_VICTIM.encryption(transport=OAEP11, mgf=MGF1_SHA256))
    ),
}


@pytest.mark.parametrize("name", [*_GOOD])
def test_it_agrees_with_what_is_good(name: str) -> None:
    assert _agrees(_GOOD[name]())


@pytest.mark.parametrize("name", [*_GOOD])
def test_it_refuses_the_same_by_another_certificate(name: str) -> None:
    assert not _agrees(_GOOD[name](), certificates=(certificate_of(foreign_key()),))


@pytest.mark.parametrize("name", [*_GOOD])
def test_it_knows_that_any_of_several_certificates_may_have_signed(name: str) -> None:
    assert _agrees(_GOOD[name](), certificates=(certificate_of(foreign_key()), _IDP.certificate))


def test_it_wants_signed_what_was_found_signed() -> None:
    octets = _VICTIM.octets(sign="response")
    assert not _agrees(Evidence(octets, response_signed=False, assertion_signed=True))
    assert not _agrees(Evidence(_VICTIM.octets(), response_signed=True, assertion_signed=False))
    for signed in (True, False):
        unsigned = Evidence(
            _VICTIM.octets(sign="neither"), response_signed=signed, assertion_signed=not signed
        )
        assert not _agrees(unsigned)
    encrypted = _VICTIM.octets(sign="neither", encryption=_VICTIM.encryption())
    assert not _agrees(_encrypted(encrypted, response=True, assertion=False))
    assert not _agrees(_encrypted(encrypted, assertion=False))


def test_it_judges_the_outer_signature_of_an_encrypted_response() -> None:
    root = _VICTIM.tree(encryption=_VICTIM.encryption())
    sign(root, foreign_key())
    assert _agrees(_encrypted(etree.tostring(root)))
    assert not _agrees(_encrypted(etree.tostring(root), response=True))


def test_it_judges_the_assertion_that_was_decrypted() -> None:
    octets = _VICTIM.octets(encryption=_VICTIM.encryption())
    changed = _PLAIN.replace(b">ada<", b">mallory<")
    assert changed != _PLAIN
    assert not _agrees(_encrypted(octets, changed))


@pytest.mark.parametrize("name", [name for name in WRAPPING if "rypted" not in name])
def test_it_refuses_signature_wrapping_by_itself(name: str) -> None:
    octets = WRAPPING[name](_VICTIM)
    for response in (True, False):
        assert not _agrees(Evidence(octets, response_signed=response, assertion_signed=not response))


@pytest.mark.parametrize(
    "how", [Signing(algorithm=RSA_SHA1), Signing(transforms=TRANSFORMS["XPath"])], ids=["SHA-1", "XPath"]
)
def test_it_refuses_other_methods_by_itself(how: Signing) -> None:
    assert not _agrees(Evidence(_VICTIM.octets(signing=how), response_signed=False, assertion_signed=True))


@pytest.mark.parametrize(
    "edit",
    [
        setting("//saml:SubjectConfirmationData", Recipient="https://other.example/"),
        adding("//saml:NameID", "<saml:b/>"),
        setting("//samlp:StatusCode", Value="urn:x"),
        setting(".", Version="1.1"),
    ],
    ids=["recipient", "schema", "status", "version"],
)
def test_it_looks_at_more_than_signatures(edit: Callable[[etree._Element], None]) -> None:
    assert not _agrees(Evidence(_VICTIM.octets(edit=edit), response_signed=False, assertion_signed=True))


@pytest.mark.parametrize(
    ("now", "good"),
    [(NOW, True), (NOW + 359, True), (NOW + 361, False), (NOW - 59, True), (NOW + 10**8, False)],
)
def test_it_goes_by_our_clock_and_tolerance(now: float, good: bool) -> None:
    options = Response(now=NOW, session_ends_at=NOW + 300)
    evidence = Evidence(_IDP.response(options), response_signed=False, assertion_signed=True)
    assert _agrees(evidence, now=now) is good


def test_the_clock_of_one_login_is_not_that_of_another() -> None:
    good: list[bool] = []
    evidence = _GOOD["assertion"]()

    def judge(now: float) -> None:
        good.extend(_agrees(evidence, now=now) is (now == NOW) for _ in range(20))

    threads = [threading.Thread(target=judge, args=(now,)) for now in (NOW, NOW + 10**6, NOW, NOW + 10**7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert good == [True] * 80


@pytest.mark.parametrize("octets", [b"", b"hello", b"<a/>", b"<!DOCTYPE a><a/>", b"\xff"])
def test_whatever_it_stumbles_over_is_a_refusal(octets: bytes) -> None:
    assert not _agrees(Evidence(octets, response_signed=True, assertion_signed=True))
    assert not _agrees(_encrypted(octets, octets, response=True))


def test_without_a_certificate_it_refuses() -> None:
    assert not _agrees(_GOOD["assertion"](), certificates=())


def test_it_knows_our_context_for_signatures() -> None:
    assert onelogin.saml2.utils.xmlsec.SignatureContext is RestrictedContext
    assert xmlsec.SignatureContext is not RestrictedContext


def test_it_never_decrypts_while_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def decrypts(*_: object) -> bool:
        onelogin.saml2.utils.xmlsec.EncryptionContext(None)
        return True

    assert decrypts()
    monkeypatch.setattr(second_opinion, "_agrees", decrypts)
    assert not _agrees(_GOOD["assertion"]())


def test_outside_of_a_question_it_goes_by_the_time_of_day() -> None:
    assert abs(second_opinion._Utils.now() - time.time()) < 60


def test_it_signs_as_ever() -> None:
    key = usual_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate = _IDP.certificate.public_bytes(serialization.Encoding.PEM).decode()
    signed = second_opinion._Utils.add_sign(_VICTIM.octets(sign="neither"), key.decode(), certificate)
    assert _agrees(Evidence(signed, response_signed=True, assertion_signed=False))


def test_it_reads_no_schema_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _agrees(_GOOD["assertion"]())
    monkeypatch.setattr(second_opinion, "_read_schema", None)
    assert _agrees(_GOOD["both"]())
