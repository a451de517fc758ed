"""A whole Response: every good form of it is let in, and only what was verified is read."""

import datetime
import itertools
from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from lxml import etree

from idp_adapters.provider import LoginError
from idp_adapters.saml import response as module
from idp_adapters.saml import second_opinion
from idp_adapters.saml.names import NAMEID_FORMATS, SHA256, XENC, XENC11
from idp_adapters.saml.response import Expected, VerifiedAssertion, verify_response
from tests.support.saml_crypto import MGF1_SHA256, MORE, OAEP11, Encryption, Signing
from tests.support.saml_messages import (
    NOW,
    Response,
    SamlIdentityProvider,
    certificate_of,
    elliptic_key,
    expected,
    foreign_key,
    sp_key,
    weak_key,
)
from tests.support.saml_victim import Victim, adding, setting

_SP = certificate_of(sp_key())
_ENCRYPTIONS: dict[str, Encryption | None] = {
    "plain": None,
    "GCM": Encryption(_SP),
    "GCM 128, beside": Encryption(_SP, content=f"{XENC11}aes128-gcm", place="beside"),
    "OAEP 1.1": Encryption(_SP, transport=OAEP11, mgf=MGF1_SHA256, digest=SHA256),
    "CBC": Encryption(_SP, content=f"{XENC}aes256-cbc"),
}
_SIGNED = ["assertion", "response", "both"]
_KEYS = {"rsa": SamlIdentityProvider(), "ecdsa": SamlIdentityProvider(key=elliptic_key())}


def _verified(
    options: Response, idp: SamlIdentityProvider | None = None, **changes: Any
) -> VerifiedAssertion:
    idp = idp or SamlIdentityProvider()
    return verify_response(idp.response(options), expected(idp, **changes))


def _refused(options: Response, **changes: Any) -> LoginError:
    with pytest.raises(LoginError) as caught:
        _verified(options, **changes)
    return caught.value


@pytest.mark.parametrize("sign", _SIGNED)
@pytest.mark.parametrize("encryption", [*_ENCRYPTIONS])
@pytest.mark.parametrize("key", [*_KEYS])
@pytest.mark.parametrize("request_id", ["_asked", None], ids=["solicited", "unsolicited"])
def test_every_good_form_is_read(sign: Any, encryption: str, key: str, request_id: str | None) -> None:
    idp = _KEYS[key]
    how = Signing(algorithm=f"{MORE}{key}-sha256", prefixes=("xs",))
    options = Response(sign=sign, signing=how, request_id=request_id, encryption=_ENCRYPTIONS[encryption])
    assertion = _verified(options, idp, request_id=request_id, allow_cbc=True)
    assert assertion == VerifiedAssertion(
        id="_assertion",
        name_id="ada",
        name_id_format=NAMEID_FORMATS["persistent"],
        session_index="_session",
        attributes={"email": ("ada@example.com",), "groups": ("ops", "dev")},
        issued_at=NOW,
        session_ends_at=None,
        usable_until=NOW + 300 + 60,
        authn_instant=NOW,
    )


@pytest.mark.parametrize(
    ("kind", "bits", "digest"),
    [*itertools.product(("rsa", "ecdsa"), ("384", "512"), (f"{MORE}sha384", f"{XENC}sha512"))],
    ids=lambda value: value.rpartition("/")[2],
)
def test_every_accepted_method_is_accepted_by_both(kind: str, bits: str, digest: str) -> None:
    how = Signing(algorithm=f"{MORE}{kind}-sha{bits}", digest=digest)
    assert _verified(Response(signing=how), _KEYS[kind]).name_id == "ada"


@pytest.mark.parametrize("sign", _SIGNED)
@pytest.mark.parametrize("prefixes", [(), ("xs", "samlp")], ids=["none", "some"])
def test_a_decrypted_assertion_is_read_where_it_stands(sign: Any, prefixes: tuple[str, ...]) -> None:
    how = Signing(prefixes=prefixes)
    options = Response(sign=sign, signing=how, encryption=_ENCRYPTIONS["GCM"], bare=True)
    assert _verified(options).attributes["groups"] == ("ops", "dev")


def test_what_is_told_of_the_session_is_read() -> None:
    options = Response(session_ends_at=NOW + 3600, authn_instant=NOW - 1000, session_index=None)
    assertion = _verified(options)
    assert assertion.session_ends_at == NOW + 3600
    assert assertion.authn_instant == NOW - 1000
    assert assertion.session_index == ""


def test_a_name_of_any_characters_is_read_whole() -> None:
    assert _verified(Response(name_id="&lt;ä &amp; 名&gt;")).name_id == "<ä & 名>"


def test_a_person_without_attributes_is_read() -> None:
    assert _verified(Response(attributes={})).attributes == {}


def test_an_assertion_may_be_as_old_as_the_clocks_are_apart() -> None:
    assert _verified(Response(), now=NOW + 300 + 59).name_id == "ada"
    assert _verified(Response(), now=NOW - 60).name_id == "ada"


@pytest.mark.parametrize("encryption", ["plain", "GCM"])
def test_where_encryption_is_wanted_plain_assertions_are_refused(encryption: str) -> None:
    options = Response(encryption=_ENCRYPTIONS[encryption])
    if encryption == "plain":
        assert _refused(options, want_encrypted=True).reason == "invalid_token"
    else:
        assert _verified(options, want_encrypted=True).name_id == "ada"


@pytest.mark.parametrize(
    ("code", "second", "reason"),
    [
        ("Responder", "AuthnFailed", "denied"),
        ("Responder", "RequestDenied", "denied"),
        ("Requester", "NoPassive", "denied"),
        ("Responder", "UnknownPrincipal", "denied"),
        ("Requester", "InvalidNameIDPolicy", "provider_error"),
        ("VersionMismatch", "", "provider_error"),
    ],
)
@pytest.mark.parametrize("sign", ["neither", "response"])
def test_an_answer_without_success_says_what_the_provider_said(
    code: str, second: str, reason: str, sign: Any
) -> None:
    prefix = "urn:oasis:names:tc:SAML:2.0:status:"
    options = Response(status=f"{prefix}{code}", second_status=second and f"{prefix}{second}", sign=sign)
    error = _refused(options)
    assert error.reason == reason
    assert code in error.detail
    assert second in error.detail


def test_a_hostile_status_is_cut_and_escaped() -> None:
    detail = _refused(Response(status="&#10;" + "x" * 1000)).detail
    assert "\n" not in detail
    assert len(detail) <= 200


@pytest.mark.parametrize("age", [-661, 661], ids=["behind", "ahead"])
def test_a_clock_that_is_off_is_told_with_its_seconds(age: int) -> None:
    error = _refused(Response(now=NOW + age), now=NOW, requested_at=NOW - 20)
    assert error.reason == "clock_skew"
    assert error.skew_s == (age if age > 0 else age + 20)


def test_an_answer_that_lay_about_is_expired() -> None:
    assert _refused(Response(), now=NOW + 601, requested_at=NOW - 20).reason == "expired"
    assert _refused(Response(), now=NOW + 361, requested_at=NOW - 20).reason == "expired"


def test_an_unsolicited_answer_that_answers_something_is_refused() -> None:
    assert _refused(Response(), request_id=None).reason == "invalid_response"
    edit = setting("//saml:SubjectConfirmationData", InResponseTo="_x")
    assert _refused(Response(request_id=None, edit=edit), request_id=None).reason == "invalid_response"


def test_signing_in_anew_can_be_demanded() -> None:
    assert _verified(Response(authn_instant=NOW - 60), authenticated_since=NOW).authn_instant == NOW - 60
    error = _refused(Response(authn_instant=NOW - 61), authenticated_since=NOW)
    assert error.reason == "not_anew"


def test_nothing_is_verified_before_the_cheap_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> bytes:
        raise AssertionError("cryptography was begun")

    for name in ("verified_octets", "decrypt_assertion"):
        monkeypatch.setattr(module, name, never)
    encrypted = _ENCRYPTIONS["GCM"]
    for options in (Response(sign="both"), Response(encryption=encrypted)):
        for wrong in (
            {"issuer": "https://other.example"},
            {"destination": "https://other.example"},
            {"request_id": "_another"},
            {"now": NOW - 1000},
        ):
            assert _refused(replace(options, **wrong)).reason in ("invalid_response", "expired")


def test_the_second_opinion_is_not_asked_about_what_did_not_verify(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("it was asked")

    monkeypatch.setattr(second_opinion, "agree", never)
    for sign, encryption in itertools.product(_SIGNED, (None, _ENCRYPTIONS["GCM"])):
        stranger = SamlIdentityProvider(key=foreign_key())
        octets = stranger.response(Response(sign=sign, encryption=encryption))  # type: ignore[arg-type]
        with pytest.raises(LoginError):
            verify_response(octets, expected(SamlIdentityProvider()))


@pytest.mark.parametrize("sign", _SIGNED)
@pytest.mark.parametrize("encryption", ["plain", "GCM"])
def test_the_second_opinion_counts(monkeypatch: pytest.MonkeyPatch, sign: Any, encryption: str) -> None:
    def against(*_: object) -> None:
        raise LoginError("invalid_token", "against it")

    monkeypatch.setattr(second_opinion, "agree", against)
    assert _refused(Response(sign=sign, encryption=_ENCRYPTIONS[encryption])).detail == "against it"


def test_attributes_come_from_the_verified_octets_and_no_others() -> None:
    victim = Victim()
    root = victim.tree()
    value = "<saml:AttributeValue>mallory</saml:AttributeValue>"
    attribute = f'<saml:Attribute Name="groups">{value}</saml:Attribute>'
    statement = f"<samlp:Extensions>{attribute}</samlp:Extensions>"
    adding("saml:Issuer", statement, "after")(root)
    assertion = verify_response(etree.tostring(root), expected(victim.idp))
    assert assertion.attributes == {"email": ("ada@example.com",), "groups": ("ops", "dev")}


@pytest.mark.parametrize("sign", _SIGNED)
def test_a_weak_key_is_named_even_where_it_is_pinned(sign: Any) -> None:
    idp = SamlIdentityProvider(key=weak_key())
    with pytest.raises(LoginError) as caught:
        verify_response(idp.response(Response(sign=sign)), expected(idp))
    assert caught.value.reason == "weak_signature"


def test_a_certificate_past_its_date_still_names_a_key() -> None:
    victim = Victim()
    assert (
        verify_response(victim.octets(), expected(victim.idp, certificates=(_expired(victim),))).name_id
        == "ada"
    )


def _expired(victim: Victim) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "expired")])
    then = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(1)
    builder = builder.public_key(victim.idp.key.public_key()).not_valid_before(then)
    return builder.not_valid_after(then + datetime.timedelta(days=1)).sign(victim.idp.key, hashes.SHA256())


def test_what_is_expected_and_read_does_not_show_secrets() -> None:
    victim = Victim()
    what = expected(victim.idp)
    key = sp_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert isinstance(what, Expected)
    assert key.decode() not in repr(what)
    assert "ada" not in repr(verify_response(victim.octets(), what))


@pytest.mark.parametrize(
    "url",
    [
        "https://app.example.com/.outerward/saml/corp/acs",
        "https://app.example.com:8443/.outerward/saml/corp/acs",
        "http://app.localhost:4180/.outerward/saml/corp/acs",
        "http://localhost:4180/.outerward/saml/corp/acs",
        "http://127.0.0.1:4180/.outerward/saml/corp/acs",
        "http://[::1]:4180/.outerward/saml/corp/acs",
        "https://intranet/.outerward/saml/corp/acs",
        "https://xn--bcher-kva.example/.outerward/saml/b%C3%BCro/acs",
    ],
    ids=["usual", "port", "name of localhost", "localhost", "IPv4", "IPv6", "single label", "IDN"],
)
def test_wherever_we_are_we_are_found(url: str) -> None:
    assert _verified(Response(recipient=url, destination=url), acs_url=url).name_id == "ada"


@pytest.mark.parametrize("entity_id", ["urn:example:idp", "idp", "https://idp.example.com/a?b=c&amp;d"])
def test_a_provider_may_be_called_anything(entity_id: str) -> None:
    idp = SamlIdentityProvider(entity_id.replace("&amp;", "&"))
    assert _verified(Response(issuer=entity_id), idp).name_id == "ada"
