"""What the SAML identity providers of the tests have in common: service providers, keys, how to be called.

``SamlpServer`` (tests.support.samlp_provider) and ``SimpleSamlServer`` (tests.support.simplesaml) both are a
``SamlIdp``; ``sign_in`` and ``sign_out_at_provider`` of ``tests.support.browser`` know the pages of both:

    sp = ServiceProvider("http://app.localhost:4180/saml", acs_url, slo_url, certificate_pem, encrypt=True)
    with SamlpServer(users={"ada": {"email": "ada@example.com"}}, service_providers=[sp]) as idp:
        async with browser() as client:
            landing = await sign_in(client, "http://app.localhost:4180/", "ada")

A user's key is the NameID, its values are the attributes.
"""

import datetime
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

Binding = Literal["redirect", "post"]
Users = Mapping[str, Mapping[str, str | Sequence[str]]]


@dataclass(frozen=True)
class ServiceProvider:
    """An application that a provider knows, as its operator would have registered it.

    ``certificate_pem`` verifies what it sends and encrypts what it gets; requests that it does not verify are
    refused. ``sign`` is what the provider signs of a response, ``slo_binding`` how its logout messages come.
    SimpleSAMLphp 1.19 encrypts with AES-128 in CBC mode whatever the ``cipher``.
    """

    entity_id: str
    acs_url: str
    slo_url: str
    certificate_pem: str
    encrypt: bool = False
    cipher: Literal["aes256-gcm", "aes128-cbc"] = "aes256-gcm"
    sign: Literal["assertion", "response", "both"] = "assertion"
    slo_binding: Binding = "redirect"
    nameid_format: str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    signature_algorithm: Literal["sha256", "sha1"] = "sha256"


@dataclass(frozen=True)
class KeyPair:
    """An RSA key and a certificate that it signed itself, both PEM."""

    key_pem: str
    certificate_pem: str

    @property
    def certificate_line(self) -> str:
        """The certificate as metadata has it: base64 alone."""
        return "".join(self.certificate_pem.splitlines()[1:-1])


class SamlIdp(Protocol):
    """A provider as tests see it. Everything but ``certificate_pem`` stays the same over restarts."""

    entity_id: str
    metadata_url: str
    sso_url: str
    slo_url: str
    logout_url: str

    @property
    def certificate_pem(self) -> str:
        """What verifies its signatures."""

    def login_url(self, entity_id: str, relay_state: str = "") -> str:
        """Where a person begins at the provider; the service provider gets a response it did not ask for."""

    def start(self) -> None:
        """Start it and wait until it answers."""

    def stop(self) -> None:
        """End it; its port stays closed until it is started again."""

    def restart(self, *, new_keys: bool = False) -> None:
        """Stop and start on the same port; with new keys, it signs and publishes others."""


def new_pair(name: str = "saml of the tests", bits: int = 2048) -> KeyPair:
    """A pair of its own, good for a day."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return KeyPair(secret.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode())


@cache
def pair_of(name: str) -> KeyPair:
    """The pair that ``name`` begins with, made once a test process: a key costs a tenth of a second."""
    return new_pair(name)


def service_pair() -> KeyPair:
    """The pair of the service providers."""
    return pair_of("service provider of the tests")


def free_port(address: str) -> int:
    """A port of ``address`` that nobody listens on."""
    with socket.create_server((address, 0)) as probe:
        return int(probe.getsockname()[1])
