"""The wire to a provider against real sockets: where it connects, how long it waits, how much it reads."""

import asyncio
import datetime
import gzip
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from idp_adapters import LoginError
from idp_adapters.destinations import Destinations
from idp_adapters.transport import MAX_ANSWER, Request, Transport

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """A server of raw answers that counts its connections and keeps the heads that it was sent.

    It keeps a connection for as long as the other side does, unless its answer ends with it.
    """

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self.port = 0
        self.connections = 0
        self.heads: list[bytes] = []

    @asynccontextmanager
    async def running(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["Server"]:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield self

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while not writer.is_closing():
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def says(raw: bytes, *, keeps: bool = False) -> Serve:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        if not keeps:
            writer.close()

    return serve


def resolves(*addresses: str) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolve


@asynccontextmanager
async def transport(own_host: str = "127.0.0.1", **options: object) -> AsyncIterator[Transport]:
    opened = Transport(Destinations(own_host), **options)  # type: ignore[arg-type]
    try:
        yield opened
    finally:
        await opened.close()


async def refused(wire: Transport, url: str) -> LoginError:
    with pytest.raises(LoginError) as caught:
        await wire(Request("GET", url))
    return caught.value


async def test_an_answer_comes_back_whole_and_the_request_asks_for_nothing_special() -> None:
    raw = b"HTTP/1.1 404 No\r\nX-A: 1\r\nCache-Control: no-store\r\nContent-Length: 5\r\n\r\nhello"
    async with Server(says(raw)).running() as server, transport() as wire:
        request = Request("POST", f"http://127.0.0.1:{server.port}/a%2Fb?c=%7E", {"X-B": "2"}, b"code=1")
        answer = await wire(request)
    assert (answer.status, answer.headers["cache-control"], answer.body) == (404, "no-store", b"hello")
    head = server.heads[0].decode()
    assert head.startswith("POST /a%2Fb?c=%7E HTTP/1.1\r\n")
    assert "Accept-Encoding: identity\r\n" in head
    assert "X-B: 2\r\n" in head
    assert "aiohttp" not in head
    assert "cookie" not in head.lower()


async def test_a_connection_serves_the_next_request_of_a_login_and_no_cookie_is_sent_back() -> None:
    raw = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 2\r\n\r\n{}"
    async with Server(says(raw, keeps=True)).running() as server, transport() as wire:
        for _ in range(2):
            await wire(Request("GET", f"http://127.0.0.1:{server.port}/"))
    assert (server.connections, len(server.heads)) == (1, 2)
    assert b"ookie" not in server.heads[1]


async def test_no_cookie_is_sent_back_to_a_host_with_a_name_either() -> None:
    raw = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nContent-Length: 2\r\n\r\n{}"
    async with Server(says(raw, keeps=True)).running() as server, transport("id.localhost") as wire:
        for _ in range(2):
            await wire(Request("GET", f"http://id.localhost:{server.port}/"))
    assert b"ookie" not in b"".join(server.heads)


async def test_a_connection_that_the_other_side_has_closed_is_not_used_again() -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    async with Server(says(raw)).running() as server, transport() as wire:
        for _ in range(2):
            await wire(Request("POST", f"http://127.0.0.1:{server.port}/", body=b"code=1"))
            await asyncio.sleep(0.05)
    assert (server.connections, len(server.heads)) == (2, 2)


@pytest.mark.parametrize("host", ["localhost", "id.localhost", "ID.LocalHost", "a.b.localhost"])
async def test_localhost_names_lead_to_loopback_without_asking_a_resolver(host: str) -> None:
    async with (
        Server(says(OK)).running() as server,
        transport(host.lower(), resolve=resolves("10.9.9.9")) as wire,
    ):
        assert (await wire(Request("GET", f"http://{host}:{server.port}/"))).status == 200


async def test_localhost_names_are_refused_without_permission() -> None:
    async with transport("", resolve=resolves("8.8.8.8")) as wire:
        assert (await refused(wire, "https://id.localhost/")).reason == "provider_misconfigured"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "::1",
        "::ffff:127.0.0.1",
        "fe80::1",
        "64:ff9b::7f00:1",
        "0.0.0.0",
    ],
)
async def test_f1_a_name_with_a_private_address_is_never_connected_to(address: str) -> None:
    async with Server(says(OK)).running() as server, transport("", resolve=resolves(address)) as wire:
        error = await refused(wire, f"https://public.example:{server.port}/")
    assert error.reason == "provider_misconfigured"
    assert server.heads == []


async def test_f1_a_name_is_judged_at_each_connection_so_that_rebinding_does_not_help() -> None:
    """The first answer of the resolver would pass; the one that is connected to is judged."""
    answers = iter([("127.0.0.1",), ("10.0.0.1", "192.168.1.1")])

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return next(answers)

    async with Server(says(OK)).running() as server, transport("rebind.example", resolve=resolve) as own:
        assert (await own(Request("GET", f"http://rebind.example:{server.port}/"))).status == 200
        async with transport("other.example", resolve=resolve) as wire:
            error = await refused(wire, f"https://rebind.example:{server.port}/")
    assert error.reason == "provider_misconfigured"
    assert len(server.heads) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://public.example/",
        "https://10.0.0.1/",
        "https://[::ffff:127.0.0.1]/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://127.1/",
        "https://%31%32%37.0.0.1/",
        "https://user@public.example/",
        "https://public.example/#a",
        "https://public.example:99999/",
        "ftp://public.example/",
        "https:///",
        "https://public.example/\r\nX: 1",
        "//public.example/",
    ],
)
async def test_f1_urls_that_are_refused_outright(url: str) -> None:
    async with transport("", resolve=resolves("127.0.0.1")) as wire:
        assert (await refused(wire, url)).reason == "provider_misconfigured"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_oidc_22_a_redirect_is_not_followed(status: int) -> None:
    async with Server(says(OK)).running() as target:
        raw = f"HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:{target.port}/\r\nContent-Length: 0\r\n\r\n"
        async with Server(says(raw.encode())).running() as server, transport() as wire:
            error = await refused(wire, f"http://127.0.0.1:{server.port}/")
    assert error.reason == "provider_misconfigured"
    assert target.heads == []


async def test_m17_a_body_without_a_length_is_read_up_to_the_limit() -> None:
    sent = 0

    async def endless(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"a" * 65536)
            sent += 65536
            await writer.drain()

    async with Server(endless).running() as server, transport() as wire:
        error = await refused(wire, f"http://127.0.0.1:{server.port}/")
    assert error.reason == "provider_misconfigured"
    assert sent < 20 * MAX_ANSWER


async def test_m17_a_body_of_exactly_the_limit_passes() -> None:
    raw = f"HTTP/1.1 200 OK\r\nContent-Length: {MAX_ANSWER}\r\n\r\n".encode() + b" " * MAX_ANSWER
    async with Server(says(raw)).running() as server, transport() as wire:
        assert len((await wire(Request("GET", f"http://127.0.0.1:{server.port}/"))).body) == MAX_ANSWER


async def test_m17_a_gzip_bomb_is_refused_without_being_inflated() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000, 9)
    raw = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n".encode() + bomb
    async with Server(says(raw)).running() as server, transport() as wire:
        assert (await refused(wire, f"http://127.0.0.1:{server.port}/")).reason == "provider_misconfigured"


async def test_m14_a_silent_server_is_given_up_at_the_deadline() -> None:
    ended = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()
        ended.set()

    async with Server(silent).running() as server, transport(deadline_s=0.05) as wire:
        async with asyncio.timeout(10):
            error = await refused(wire, f"http://127.0.0.1:{server.port}/")
            await ended.wait()
    assert (error.reason, "no answer within 0.05 s" in error.detail) == ("provider_unreachable", True)


async def test_a_request_may_have_more_patience_or_less() -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await answered.wait()
        writer.write(OK)

    async with Server(slow).running() as server, transport(deadline_s=0.0) as wire:
        url = f"http://127.0.0.1:{server.port}/"
        asking = asyncio.create_task(wire(Request("POST", url, patience_s=30.0)))
        await asked.wait()
        answered.set()
        assert (await asking).status == 200
    answered.clear()
    async with Server(slow).running() as server, transport(deadline_s=30.0) as wire:
        request = Request("POST", f"http://127.0.0.1:{server.port}/", patience_s=0.05)
        with pytest.raises(LoginError, match=r"no answer within 0\.05 s") as caught:
            await wire(request)
        answered.set()
    assert caught.value.reason == "provider_unreachable"


async def test_m14_a_drip_of_bytes_does_not_move_the_deadline() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with Server(drip).running() as server, transport(deadline_s=0.2) as wire, asyncio.timeout(10):
        assert (await refused(wire, f"http://127.0.0.1:{server.port}/")).reason == "provider_unreachable"


async def test_m13_a_closed_port_is_unreachable() -> None:
    async with Server(says(OK)).running() as server:
        pass
    async with transport() as wire:
        error = await refused(wire, f"http://127.0.0.1:{server.port}/")
    assert error.reason == "provider_unreachable"
    assert "Connect call failed" in error.detail


async def test_m29_a_name_without_an_address_is_unreachable() -> None:
    async def nothing(_host: str, _port: int) -> Sequence[str]:
        raise OSError("name or service not known")

    async with transport("", resolve=nothing) as wire:
        assert (await refused(wire, "https://public.example/")).reason == "provider_unreachable"


@pytest.mark.parametrize(
    "raw", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"]
)
async def test_what_is_no_whole_answer_is_unreachable(raw: bytes) -> None:
    async with Server(says(raw)).running() as server, transport() as wire:
        assert (await refused(wire, f"http://127.0.0.1:{server.port}/")).reason == "provider_unreachable"


async def test_lesson_52_o12_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    server_tls, client_tls = tls_contexts(tmp_path)
    async with Server(says(OK)).running(server_tls) as server:
        url = f"https://127.0.0.1:{server.port}/"
        async with transport() as wire:
            error = await refused(wire, url)
        assert error.reason == "provider_misconfigured"
        assert "self-signed certificate" in error.detail
        assert server.heads == []
        async with transport(tls=client_tls) as wire:
            assert (await wire(Request("GET", url))).status == 200


def tls_contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a certificate of its own, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = folder / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    return server, ssl.create_default_context(cafile=str(pem))


async def test_neither_a_request_nor_an_answer_shows_what_it_carries() -> None:
    request = Request("POST", "https://id.example/token", {"Authorization": "Basic c2VjcmV0"}, b"code=secret")
    assert repr(request) == "Request(POST https://id.example/token)"
    async with Server(says(OK)).running() as server, transport() as wire:
        answer = await wire(Request("GET", f"http://127.0.0.1:{server.port}/"))
    assert repr(answer) == "Answer(200, 2 bytes)"


async def test_no_error_quotes_what_a_query_carries() -> None:
    raw = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"
    async with Server(says(raw)).running() as server, transport() as wire:
        own = f"http://127.0.0.1:{server.port}"
        errors = [await refused(wire, f"{url}?a-secret") for url in (own, "http://elsewhere.example", "x:")]
    async with transport(deadline_s=0.001) as wire:
        errors.append(await refused(wire, f"{own}?a-secret"))
    assert [str(error) for error in errors if "a-secret" in str(error)] == []
    assert "a-secret" not in repr(Request("GET", f"{own}?a-secret"))
