"""The settings of a SAML provider: what can never work is refused at once, in words that name the key."""

import string
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from idp_adapters.saml.settings import SamlAttributes, SamlSettings
from tests.support.saml_messages import certificate_of, foreign_key, sp_key, weak_key

URL = "https://id.example.com/metadata"
GOOD = SamlSettings(idp_metadata_url=URL)


def key_pem(weak: bool = False) -> str:
    key = weak_key() if weak else sp_key()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def certificate_pem(foreign: bool = False) -> str:
    return certificate_of(foreign_key() if foreign else sp_key()).public_bytes(Encoding.PEM).decode("ascii")


def refusal(settings: SamlSettings = GOOD, **changed: object) -> str:
    with pytest.raises(ValueError, match=": ") as refused:
        replace(settings, **changed)
    return str(refused.value)


def test_the_defaults_are_those_of_the_interface() -> None:
    settings = SamlSettings(idp_metadata_url=URL)

    assert settings.nameid_format == "persistent"
    assert settings.sign_requests
    switches = (
        settings.want_encrypted,
        settings.allow_cbc,
        settings.allow_idp_initiated,
        settings.force_authn,
        settings.allow_private_network,
    )
    assert switches == (False,) * 5
    assert (settings.entity_id, settings.subject_attribute, settings.sp_key) == ("", "", "")
    assert settings.attributes == SamlAttributes(email="", name="", username="", groups="")


@pytest.mark.parametrize(("url", "document"), [("", ""), (URL, "<x/>")], ids=["neither", "both"])
def test_there_is_exactly_one_source_of_metadata(url: str, document: str) -> None:
    assert "exactly one of" in refusal(idp_metadata_url=url, idp_metadata=document)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://id.example.com/", "not https"),
        ("https://127.0.0.1/", "private address"),
        ("https://[::1]/", "private address"),
        ("file:///etc/passwd", "names no host"),
        ("https://u:p@id.example.com/", "user information"),
        ("https://id.example.com/#x", "fragment"),
        ("https://id.example.com/ ", "not a URL"),
    ],
    ids=["http", "loopback", "loopback-6", "file", "password", "fragment", "blank"],
)
def test_metadata_comes_over_https_from_a_public_host(url: str, words: str) -> None:
    told = refusal(idp_metadata_url=url)

    assert told.startswith("idp_metadata_url: ")
    assert words in told


def test_a_private_network_may_be_allowed() -> None:
    assert SamlSettings(idp_metadata_url="http://127.0.0.1:8080/m", allow_private_network=True)


@pytest.mark.parametrize(
    "name",
    [
        "https://app.example.com/saml",
        "urn:example:app",
        "api://0f1e",
        "spn:outerward",
        "https://b%C3%BCcher.example/?a=b&c=d",
        "urn:" + "a" * 1020,
    ],
    ids=["url", "urn", "api", "spn", "query", "longest"],
)
def test_our_name_is_any_absolute_uri(name: str) -> None:
    assert SamlSettings(idp_metadata_url=URL, entity_id=name).entity_id == name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("outerward", "absolute URI"),
        ("/saml", "absolute URI"),
        ("//app.example.com/saml", "absolute URI"),
        ("1a:b", "absolute URI"),
        ("urn:", "absolute URI"),
        ("https://a/b c", "absolute URI"),
        ("https://bücher.example", "absolute URI"),
        ("https://a/<b>", "absolute URI"),
        ('https://a/"', "absolute URI"),
        ("https://a/%zz", "absolute URI"),
        (" https://a", "blanks at its edge"),
        ("https://a\n", "blanks at its edge"),
        ("https://a\x00b", "control characters"),
        ("https://a\u2028b", "control characters"),
        ("urn:" + "a" * 1021, "longer than 1024 characters"),
    ],
    ids=[
        "a word",
        "a path",
        "no scheme",
        "a digit first",
        "a scheme alone",
        "a blank",
        "not ASCII",
        "markup",
        "a quote",
        "a broken escape",
        "a blank before",
        "a line end",
        "a zero",
        "a line separator",
        "too long",
    ],
)
def test_what_cannot_name_an_entity_is_refused(name: str, words: str) -> None:
    told = refusal(entity_id=name)

    assert told.startswith("entity_id: ")
    assert words in told


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("https://id ", "blanks at its edge"),
        ("https://i\x07d", "control characters"),
        ("x" * 1025, "longer than 1024 characters"),
    ],
    ids=["a blank", "a bell", "too long"],
)
def test_a_providers_name_that_no_metadata_can_have_is_refused(name: str, words: str) -> None:
    told = refusal(idp_entity_id=name)

    assert told.startswith("idp_entity_id: ")
    assert words in told


def test_a_providers_name_need_not_be_a_uri() -> None:
    assert SamlSettings(idp_metadata_url=URL, idp_entity_id="my idp").idp_entity_id == "my idp"


@given(st.text(st.sampled_from(string.ascii_letters + ":/%# \n\x00ü<>") | st.characters(), max_size=40))
def test_any_name_is_taken_as_it_is_or_refused(name: str) -> None:
    with suppress(ValueError):
        kept = SamlSettings(idp_metadata_url=URL, entity_id=name).entity_id
        assert kept == name
        assert kept.isascii()
        assert kept == "" or (":" in kept and kept.isprintable() and " " not in kept)


@pytest.mark.parametrize(
    ("key", "certificate", "words"),
    [
        (key_pem(), "", "sp_certificate, sp_key: sp_key and sp_certificate go together"),
        ("", certificate_pem(), "sp_key, sp_certificate: sp_key and sp_certificate go together"),
        (key_pem(), certificate_pem(foreign=True), "sp_certificate: it is the certificate of another key"),
        (key_pem(weak=True), certificate_pem(), "sp_key: an RSA key of 1024 bits"),
        ("hunter2", certificate_pem(), "sp_key: not a private key"),
    ],
    ids=["key alone", "certificate alone", "two pairs", "weak", "no key"],
)
def test_a_key_and_its_certificate_belong_together(key: str, certificate: str, words: str) -> None:
    told = refusal(sp_key=key, sp_certificate=certificate)

    assert words in told
    assert "PRIVATE" not in told
    assert "hunter2" not in told


def test_a_pair_of_ours_is_kept_as_it_is() -> None:
    settings = SamlSettings(idp_metadata_url=URL, sp_key=key_pem(), sp_certificate=certificate_pem())

    assert (settings.sp_key, settings.sp_certificate) == (key_pem(), certificate_pem())
    assert "PRIVATE" not in repr(settings)
    assert key_pem().splitlines()[2] not in str(settings)


def test_transient_names_need_an_attribute_that_lasts() -> None:
    told = refusal(nameid_format="transient")

    assert told.startswith("subject_attribute, nameid_format: needed")
    assert SamlSettings(idp_metadata_url=URL, nameid_format="transient", subject_attribute="uid")


@pytest.mark.parametrize("name", ["persistent", "emailAddress", "unspecified"])
def test_other_names_need_none(name: str) -> None:
    assert replace(GOOD, nameid_format=name).nameid_format == name
