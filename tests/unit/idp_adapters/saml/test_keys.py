"""Our own key pair: what is made, read, kept and refused."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from idp_adapters.saml.keys import KeyPair, dump, load, new_key_pair, read_key_pair
from tests.support.saml_messages import certificate_of, elliptic_key, foreign_key, sp_key, weak_key

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
Key = RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def key_pem(key: Key, encryption: KeySerializationEncryption | None = None) -> str:
    form = PrivateFormat.PKCS8
    return key.private_bytes(Encoding.PEM, form, encryption or NoEncryption()).decode("ascii")


def certificate_pem(key: RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return certificate_of(key).public_bytes(Encoding.PEM).decode("ascii")


def test_a_new_pair_is_rsa_2048_and_good_for_twenty_years() -> None:
    pair = new_key_pair("app.example.com", NOW)

    assert pair.private_key.key_size == 2048
    assert pair.certificate.public_key() == pair.private_key.public_key()
    assert pair.certificate.not_valid_before_utc < NOW
    assert pair.certificate.not_valid_after_utc - NOW >= timedelta(days=20 * 365)
    pair.certificate.verify_directly_issued_by(pair.certificate)
    assert pair.certificate.subject.rfc4514_string() == "CN=app.example.com"


@pytest.mark.parametrize("name", ["", "a" * 300, "äpp"], ids=["empty", "long", "not-ascii"])
def test_any_name_has_a_certificate(name: str) -> None:
    assert new_key_pair(name, NOW).certificate.subject


def test_two_new_pairs_share_nothing() -> None:
    one, other = new_key_pair("app", NOW), new_key_pair("app", NOW)

    assert one.private_key.private_numbers() != other.private_key.private_numbers()
    assert one.certificate.serial_number != other.certificate.serial_number


def test_what_is_kept_comes_back_whole() -> None:
    pair = new_key_pair("app", NOW)
    again = load(dump(pair))

    assert again.private_key.private_numbers() == pair.private_key.private_numbers()
    assert again.certificate == pair.certificate


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"\x93",
        b"\xff" * 40,
        b"\x93\xabsaml-pair-1\xc4\x01x\xc4\x01y",
        b"\x93\xabsaml-pair-2\xc4\x00\xc4\x00",
    ],
    ids=["nothing", "broken-off", "noise", "no-key", "another-form"],
)
def test_what_was_not_kept_by_us_is_refused(kept: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        load(kept)


def test_an_operators_pair_is_read() -> None:
    pair = read_key_pair(key_pem(sp_key()), certificate_pem(sp_key()))

    assert pair == KeyPair(pair.private_key, certificate_of(sp_key()))
    assert pair.private_key.private_numbers() == sp_key().private_numbers()


@pytest.mark.parametrize(
    ("key", "certificate", "words"),
    [
        ("", certificate_pem(sp_key()), "sp_key: not a private key in PEM"),
        (certificate_pem(sp_key()), certificate_pem(sp_key()), "sp_key: not a private key in PEM"),
        (
            key_pem(sp_key(), BestAvailableEncryption(b"x")),
            certificate_pem(sp_key()),
            "without a passphrase",
        ),
        (key_pem(sp_key()), "", "sp_certificate: not a certificate"),
        (key_pem(sp_key()), key_pem(sp_key()), "sp_certificate: not a certificate"),
        (key_pem(sp_key()), certificate_pem(foreign_key()), "certificate of another key"),
        (key_pem(sp_key()), certificate_pem(elliptic_key()), "certificate of another key"),
        (key_pem(weak_key()), certificate_pem(weak_key()), "1024 bits; 2048 are the least"),
        (key_pem(elliptic_key()), certificate_pem(elliptic_key()), "not an RSA key"),
        (key_pem(ed25519.Ed25519PrivateKey.generate()), certificate_pem(sp_key()), "not an RSA key"),
    ],
    ids=[
        "no-key",
        "certificate-as-key",
        "passphrase",
        "no-certificate",
        "key-as-certificate",
        "another-key",
        "another-kind",
        "weak",
        "elliptic",
        "edwards",
    ],
)
def test_a_pair_that_cannot_work_is_refused_in_words(key: str, certificate: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        read_key_pair(key, certificate)

    assert "PRIVATE" not in str(caught.value)


def test_a_kept_pair_that_is_weak_is_refused() -> None:
    with pytest.raises(ValueError, match="2048 are the least"):
        load(dump(KeyPair(weak_key(), certificate_of(weak_key()))))


def test_a_key_does_not_show_itself() -> None:
    pair = new_key_pair("app", NOW)

    assert repr(pair) == "KeyPair(...)"
    assert str(pair) == "KeyPair(...)"
