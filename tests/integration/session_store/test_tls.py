"""``rediss://``: the certificate is verified on the check path and beside it, or nothing is answered."""

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from session_store import Store, StoreUnavailable
from tests.support.redis_server import RedisServer
from tests.support.scene import Scene, cookie, endpoint


def certificate(folder: Path, name: x509.GeneralName) -> Path:
    """A certificate for ``name`` that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "store of the tests")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@asynccontextmanager
async def tls_before(server: RedisServer, certificate: Path) -> AsyncIterator[str]:
    """The URL of a TLS listener that passes everything on to ``server``."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_unix_connection(server.url.removeprefix("unix://"))
        tasks.add(asyncio.create_task(pass_on(reader, inner_writer)))
        tasks.add(asyncio.create_task(pass_on(inner_reader, writer)))

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"rediss://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await listener.wait_closed()


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


Open = Callable[[str], Store]


@pytest.fixture
async def opened() -> AsyncIterator[Open]:
    stores: list[Store] = []

    def open_store(url: str) -> Store:
        stores.append(Store.open(url, secrets=["secret"], command_timeout_s=5, check_timeout_s=5))
        return stores[-1]

    yield open_store
    for store in stores:
        await store.close()


async def test_a_store_behind_tls_is_used_when_its_certificate_is_trusted(
    store_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Open
) -> None:
    trusted = certificate(tmp_path, x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    async with tls_before(store_server, trusted) as url:
        store = opened(url)
        await store.start()
        await store.ping()
        session = await Scene(store).enter()
        assert await Scene(store).check() == session
        await store.close()


@pytest.mark.parametrize("wrong", ["authority", "name"])
async def test_a_store_whose_certificate_does_not_hold_is_unavailable(
    store_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Open, wrong: str
) -> None:
    name = x509.DNSName("elsewhere") if wrong == "name" else x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    own = certificate(tmp_path, name)
    if wrong == "name":
        monkeypatch.setenv("SSL_CERT_FILE", str(own))
    async with tls_before(store_server, own) as url:
        store = opened(url)
        await store.start()
        with pytest.raises(StoreUnavailable):
            await store.ping()
        with pytest.raises(StoreUnavailable):
            await store.check(cookie("laptop"), endpoint("app").id)
        await store.close()
