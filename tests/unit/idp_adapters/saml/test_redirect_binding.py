"""A message in a query: what is sent, and what of a received one is believed."""

import contextlib
import tracemalloc
import zlib
from base64 import b64decode, b64encode
from urllib.parse import parse_qs, parse_qsl, quote, urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from idp_adapters.provider import LoginError
from idp_adapters.saml import names
from idp_adapters.saml.keys import KeyPair
from idp_adapters.saml.redirect_binding import DEFLATE, encode, read_signed
from tests.support.saml_crypto import HMAC_SHA256, RSA_SHA1, SigningKey, signature_value
from tests.support.saml_messages import (
    certificate_of,
    deflate,
    elliptic_key,
    foreign_key,
    redirect_query,
    sp_key,
    usual_key,
    weak_key,
)

PAIR = KeyPair(sp_key(), certificate_of(sp_key()))
OURS = [certificate_of(sp_key())]
THEIRS = [certificate_of(usual_key())]
XML = "<a>grüße &amp; more</a>".encode()
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
RSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"


def signed(parts: list[str], key: SigningKey | None = None, algorithm: str = names.RSA_SHA256) -> str:
    """``parts`` as they are, and a signature over them in this order."""
    covered = "&".join([*parts, f"SigAlg={quote(algorithm, safe='')}"])
    value = signature_value(covered.encode(), key or usual_key(), algorithm, b"secret")
    return f"{covered}&Signature={quote(b64encode(value), safe='')}"


def packed(octets: bytes) -> str:
    return quote(b64encode(octets), safe="")


MESSAGE = f"SAMLRequest={packed(deflate(XML))}"
GOOD = signed([MESSAGE, "RelayState=here"])


def refusal(query: str, certificates: list[x509.Certificate] | None = None) -> LoginError:
    with pytest.raises(LoginError) as caught:
        read_signed(query, "SAMLRequest", THEIRS if certificates is None else certificates)
    return caught.value


# What is sent


def test_what_is_sent_can_be_read_back() -> None:
    url = encode("https://idp.example.com/slo", "SAMLRequest", XML, "a state/+=", PAIR)

    assert url.startswith("https://idp.example.com/slo?SAMLRequest=")
    assert read_signed(urlsplit(url).query, "SAMLRequest", OURS) == (XML, "a state/+=")


def test_python3_saml_finds_the_signature_right() -> None:
    query = urlsplit(encode("https://idp.example.com/slo", "SAMLRequest", XML, "state", PAIR)).query
    covered, _, signature = query.partition("&Signature=")
    certificate = PAIR.certificate.public_bytes(Encoding.PEM).decode()
    value = b64decode(parse_qs(f"Signature={signature}")["Signature"][0])

    assert OneLogin_Saml2_Utils.validate_binary_sign(covered, value, certificate, names.RSA_SHA256)
    assert not OneLogin_Saml2_Utils.validate_binary_sign(f"{covered}0", value, certificate, names.RSA_SHA256)
    assert OneLogin_Saml2_Utils.decode_base64_and_inflate(parse_qs(query)["SAMLRequest"][0]) == XML


@pytest.mark.parametrize(
    ("url", "begins"),
    [
        ("https://idp.example.com/sso", "https://idp.example.com/sso?SAMLRequest="),
        ("https://idp.example.com/sso?tenant=1", "https://idp.example.com/sso?tenant=1&SAMLRequest="),
        ("https://idp.example.com/sso?", "https://idp.example.com/sso?SAMLRequest="),
        ("https://idp.example.com/sso?tenant=1&", "https://idp.example.com/sso?tenant=1&SAMLRequest="),
    ],
    ids=["none", "one", "empty", "open"],
)
def test_a_query_that_the_address_has_stays(url: str, begins: str) -> None:
    assert encode(url, "SAMLRequest", XML, "", PAIR).startswith(begins)


def test_unsigned_and_without_a_state_the_message_stands_alone() -> None:
    query = urlsplit(encode("https://idp.example.com/sso", "SAMLRequest", XML, "", None)).query

    assert [name for name, _ in parse_qsl(query)] == ["SAMLRequest"]


# What is believed


def test_a_signed_message_is_read() -> None:
    assert read_signed(GOOD, "SAMLRequest", THEIRS) == (XML, "here")


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(usual_key(), RSA_SHA512), (elliptic_key(), ECDSA_SHA256)],
    ids=["rsa-sha512", "ecdsa-sha256"],
)
def test_other_methods_over_sha2_are_believed(key: SigningKey, algorithm: str) -> None:
    query = redirect_query("SAMLRequest", XML, None, (key, algorithm))

    assert read_signed(query, "SAMLRequest", [certificate_of(foreign_key()), certificate_of(key)]) == (
        XML,
        "",
    )


def test_the_octets_count_as_they_came() -> None:
    lower = MESSAGE.replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d")
    state = "RelayState=a+b%20%7e~"

    assert read_signed(signed([lower, state]), "SAMLRequest", THEIRS) == (XML, "a b ~~")


def test_octets_written_in_another_way_have_another_signature() -> None:
    lower = signed(["RelayState=a%2Fb", MESSAGE]).replace("RelayState=a%2Fb", "RelayState=a%2fb")

    assert refusal(lower).reason == "invalid_token"


def test_the_order_in_the_query_is_free_and_the_order_signed_is_not() -> None:
    message, state, algorithm, signature = GOOD.split("&")

    assert read_signed(f"{signature}&{algorithm}&{state}&{message}", "SAMLRequest", THEIRS) == (
        XML,
        "here",
    )
    assert refusal(signed(["RelayState=here", MESSAGE])).reason == "invalid_token"


def test_an_empty_state_is_part_of_what_was_signed() -> None:
    assert read_signed(signed([MESSAGE, "RelayState="]), "SAMLRequest", THEIRS) == (XML, "")
    assert refusal(signed([MESSAGE]) + "&RelayState=").reason == "invalid_token"


def test_what_is_beside_the_message_does_not_matter() -> None:
    query = f"tenant=1&{GOOD}&SAMLEncoding={quote(DEFLATE, safe='')}&x"

    assert read_signed(query, "SAMLRequest", THEIRS) == (XML, "here")


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "invalid_response"),
        ("SAMLRequest=", "invalid_response"),
        ("RelayState=here", "invalid_response"),
        (MESSAGE, "invalid_token"),
        (GOOD.partition("&Signature=")[0], "invalid_token"),
        (f"{GOOD.partition('&Signature=')[0]}&Signature=", "invalid_token"),
        (GOOD.replace("SigAlg=", "sigalg="), "invalid_token"),
        (GOOD.replace("here", "there"), "invalid_token"),
        (GOOD.replace("&RelayState=here", ""), "invalid_token"),
        (GOOD.replace(MESSAGE, f"SAMLRequest={packed(deflate(b'<b/>'))}"), "invalid_token"),
        (GOOD.replace("Signature=", "Signature=!"), "invalid_response"),
        (signed([MESSAGE], foreign_key()), "invalid_token"),
        (signed([MESSAGE], usual_key(), RSA_SHA1), "weak_signature"),
        (signed([MESSAGE], usual_key(), HMAC_SHA256), "invalid_token"),
        (GOOD.replace("rsa-sha256", "rsa-sha257"), "invalid_token"),
        (GOOD.replace("rsa-sha256", "ecdsa-sha256"), "invalid_token"),
    ],
    ids=[
        "nothing",
        "empty-message",
        "no-message",
        "unsigned",
        "no-signature",
        "empty-signature",
        "other-case",
        "state-changed",
        "state-removed",
        "message-changed",
        "not-base64",
        "foreign-key",
        "sha1",
        "hmac",
        "unknown-method",
        "another-method",
    ],
)
def test_saml_34_what_is_not_signed_by_the_provider_is_refused(query: str, reason: str) -> None:
    assert refusal(query).reason == reason


@pytest.mark.parametrize("query", [MESSAGE, f"{MESSAGE}&SigAlg=x", f"{MESSAGE}&Signature=x"])
def test_that_a_message_is_not_signed_is_said(query: str) -> None:
    assert "not signed" in refusal(query).detail


def test_saml_25_a_short_key_is_called_weak() -> None:
    query = redirect_query("SAMLRequest", XML, None, (weak_key(), names.RSA_SHA256))

    assert refusal(query, [certificate_of(weak_key())]).reason == "weak_signature"


def test_a_provider_without_certificates_signs_nothing() -> None:
    assert refusal(GOOD, []).reason == "invalid_token"


@pytest.mark.parametrize(
    "name", ["SAMLRequest", "RelayState", "SigAlg", "Signature", "tenant", "SAML%52equest"]
)
def test_any_parameter_twice_is_refused(name: str) -> None:
    query = f"tenant=1&{GOOD}&{name}=1"

    assert (refusal(query).reason, "more than once" in refusal(query).detail) == ("invalid_response", True)


def test_a_request_and_a_response_at_once_are_refused() -> None:
    assert "at once" in refusal(f"{GOOD}&SAMLResponse=x").detail
    assert "at once" in refusal(f"{GOOD}&SAMLResponse=").detail


def test_another_encoding_than_deflate_is_refused() -> None:
    assert "other than DEFLATE" in refusal(f"{GOOD}&SAMLEncoding=urn:plain").detail


@pytest.mark.parametrize(
    "text",
    ["%", "%4", "%zz", "ä", "\x00", "a b", "%ff", "%C0%AF", "\u0661"],
    ids=["cut", "half", "not-hex", "not-ascii", "nul", "blank", "not-utf8", "overlong", "digit"],
)
def test_what_is_not_strictly_percent_encoded_is_refused(text: str) -> None:
    assert "query that is not" in refusal(signed([MESSAGE, f"RelayState={text}"])).detail
    assert "query that is not" in refusal(f"{GOOD}&{text}=1").detail


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        (XML, "not compressed"),
        (zlib.compress(XML), "not compressed"),
        (deflate(XML)[:-3], "breaks off"),
        (deflate(XML) + b"more", "more follows"),
        (deflate(b" " * (256 * 1024 + 1)), "larger than 262144 bytes"),
        (b"", "breaks off"),
    ],
    ids=["plain", "zlib", "broken-off", "more", "larger", "nothing"],
)
def test_signed_or_not_what_is_not_one_compressed_message_is_refused(octets: bytes, words: str) -> None:
    message = f"SAMLRequest={packed(octets)}" if octets else "SAMLRequest=%20"

    assert words in refusal(signed([message])).detail


def test_a_message_of_the_largest_size_is_read() -> None:
    query = signed([f"SAMLRequest={packed(deflate(b' ' * (256 * 1024)))}"])

    assert len(read_signed(query, "SAMLRequest", THEIRS)[0]) == 256 * 1024


def test_saml_30_a_deflate_bomb_is_not_blown_up() -> None:
    bomb = f"SAMLRequest={packed(deflate(bytes(50_000_000)))}"
    query = signed([bomb])
    tracemalloc.start()
    try:
        assert "larger than" in refusal(query).detail
        assert refusal(bomb).reason == "invalid_token"
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


# Whatever comes


@given(
    st.lists(
        st.sampled_from(
            [
                *GOOD.split("&"),
                "SAMLRequest",
                "SAMLResponse=x",
                "RelayState=%C3%A4",
                "SAMLEncoding=x",
                "=",
                "",
            ]
        )
        | st.text("SAMLRequest=%&+0aF\x00ä", max_size=12),
        max_size=6,
    )
)
def test_whatever_comes_is_read_or_refused(pieces: list[str]) -> None:
    with contextlib.suppress(LoginError):
        octets, state = read_signed("&".join(pieces), "SAMLRequest", THEIRS)
        assert (octets, state) == (XML, "here")


@given(st.integers(0, len(GOOD) - 1), st.characters(max_codepoint=0x17F))
def test_one_changed_character_of_what_is_signed_is_never_believed(place: int, character: str) -> None:
    with contextlib.suppress(LoginError):
        assert read_signed(GOOD[:place] + character + GOOD[place + 1 :], "SAMLRequest", THEIRS) == (
            XML,
            "here",
        )


@given(st.binary(max_size=2000), st.text(max_size=200))
def test_whatever_we_send_comes_back(xml: bytes, state: str) -> None:
    url = encode("https://idp.example.com/slo?x=1", "SAMLResponse", xml, state, PAIR)

    assert read_signed(urlsplit(url).query, "SAMLResponse", OURS) == (xml, state)
