"""Which certificates of a provider's metadata may verify: all that are strong, whatever their dates."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from tests.support.saml_messages import (
    certificate_of,
    elliptic_key,
    foreign_key,
    in_base64,
    usual_key,
    weak_key,
)
from tests.support.saml_metadata import CERTIFICATE, Entity, key, read, refusal


def dated(days: int) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dated")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
    builder = builder.public_key(usual_key().public_key()).not_valid_before(start)
    return builder.not_valid_after(start + timedelta(days=days)).sign(usual_key(), hashes.SHA256())


def odd(key: ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "odd")])
    start = datetime(2020, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).serial_number(7)
    builder = builder.public_key(key.public_key()).not_valid_before(start).not_valid_after(start)
    return builder.sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def test_saml_37_every_signing_key_of_a_rollover_is_kept_once() -> None:
    keys = [key(CERTIFICATE), key(certificate_of(elliptic_key()), ""), key(CERTIFICATE, ""), key(dated(1))]

    assert read(Entity(keys=keys)).certificates == (CERTIFICATE, certificate_of(elliptic_key()), dated(1))


def test_a_certificate_that_ran_out_still_pins_its_key() -> None:
    assert read(Entity(keys=[key(dated(1))])).certificates == (dated(1),)


def test_a_certificate_may_be_broken_into_lines() -> None:
    text = in_base64(CERTIFICATE)
    lines = "\r\n\t ".join(text[start : start + 64] for start in range(0, len(text), 64))

    assert read(Entity(keys=[key(f"\n{lines}\n")])).certificates == (CERTIFICATE,)


@pytest.mark.parametrize(
    "unusable",
    [
        key(certificate_of(foreign_key()), ' use="encryption"'),
        key(certificate_of(foreign_key()), ' use="other"'),
        key(certificate_of(weak_key())),
        key(odd(ec.generate_private_key(ec.SECP192R1()))),
        key(odd(ed25519.Ed25519PrivateKey.generate())),
        key("AAAA"),
        key("not base64!"),
        key(""),
        f"<md:KeyDescriptor><ds:KeyInfo><ds:KeyName>{in_base64(CERTIFICATE)}</ds:KeyName></ds:KeyInfo></md:KeyDescriptor>",
    ],
    ids=[
        "encryption",
        "unknown-use",
        "rsa-1024",
        "p-192",
        "ed25519",
        "not-a-certificate",
        "not-base64",
        "empty",
        "name",
    ],
)
def test_saml_25_what_must_not_verify_is_left_out_and_alone_it_is_refused(unusable: str) -> None:
    assert read(Entity(keys=[unusable, key(CERTIFICATE)])).certificates == (CERTIFICATE,)
    assert "no signing certificate" in refusal(Entity(keys=[unusable]))


def test_a_provider_without_keys_is_refused() -> None:
    assert "no signing certificate" in refusal(Entity(keys=[]))
