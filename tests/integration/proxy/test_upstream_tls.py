"""Upstreams over TLS: who they are is verified, or nothing is sent; and the log says what is wrong."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from proxy import UpstreamAddress
from session_store import Store
from tests.support.certificates import Authority
from tests.support.edge import Edge, route, running_edge
from tests.support.http_client import until
from tests.support.upstreams import ok

NAME = "tls.localhost"


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@dataclass
class Server:
    """A TLS server that answers each connection once and closes it."""

    port: int = 0
    close: Callable[[], None] = lambda: None
    hits: int = 0
    names: list[str | None] = field(default_factory=list)
    resumed: list[bool] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.hits += 1
        self.resumed.append(writer.get_extra_info("ssl_object").session_reused)
        writer.write(ok(b"safe", "Connection: close"))
        writer.close()

    def named(self, _: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        self.names.append(name)


@asynccontextmanager
async def serving(context: ssl.SSLContext, port: int = 0) -> AsyncIterator[Server]:
    told = Server()
    context.sni_callback = told.named
    server = await asyncio.start_server(told.serve, "127.0.0.1", port, ssl=context)
    told.close = server.close
    told.port = server.sockets[0].getsockname()[1]
    try:
        yield told
    finally:
        server.close()


@asynccontextmanager
async def edge_to(store: Store, address: UpstreamAddress) -> AsyncIterator[tuple[Edge, str]]:
    async with running_edge(store, [route(address)]) as edge:
        yield edge, await edge.sign_in()


def reasons(edge: Edge) -> list[str]:
    return [each["reason"] for each in edge.logged if each["event"] == "upstream_not_reached"]


async def test_the_upstream_of_the_name_asked_for_is_reached(
    store: Store, tmp_path: Path, authority: Authority
) -> None:
    async with serving(authority.server(tmp_path, NAME)) as server:
        address = UpstreamAddress("https", NAME, server.port, ca=authority.pem)
        async with edge_to(store, address) as (edge, cookie):
            assert (await edge.ask(cookie=cookie)).body == b"safe"
    assert server.names == [NAME]


async def test_an_upstream_at_an_address_is_verified_by_its_address(
    store: Store, tmp_path: Path, authority: Authority
) -> None:
    async with serving(authority.server(tmp_path, "127.0.0.1")) as server:
        address = UpstreamAddress("https", "127.0.0.1", server.port, ca=authority.pem)
        async with edge_to(store, address) as (edge, cookie):
            assert (await edge.ask(cookie=cookie)).body == b"safe"


@pytest.mark.parametrize(
    ("name", "expired", "known", "reason"),
    [
        (NAME, True, True, "certificate has expired"),
        (NAME, False, False, "unable to get local issuer certificate"),
        ("other.localhost", False, True, f"Hostname mismatch, certificate is not valid for '{NAME}'"),
        ("127.0.0.1", False, True, f"Hostname mismatch, certificate is not valid for '{NAME}'"),
    ],
    ids=["expired", "of an unknown authority", "another name", "an address for a name"],
)
async def test_an_upstream_that_is_not_who_it_should_be_is_502_and_gets_nothing(
    store: Store, tmp_path: Path, authority: Authority, name: str, expired: bool, known: bool, reason: str
) -> None:
    async with serving(authority.server(tmp_path, name, expired=expired)) as server:
        address = UpstreamAddress("https", NAME, server.port, ca=authority.pem if known else None)
        async with edge_to(store, address) as (edge, cookie):
            assert (await edge.ask(cookie=cookie)).problem == (502, "1020")
            (said,) = reasons(edge)
        assert said.startswith("its certificate is not accepted: ")
        assert reason in said
        assert server.hits == 0


async def test_an_upstream_that_does_not_speak_tls_is_502(store: Store) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    plain = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = UpstreamAddress("https", "127.0.0.1", plain.sockets[0].getsockname()[1])
    async with edge_to(store, address) as (edge, cookie):
        assert (await edge.ask(cookie=cookie)).problem == (502, "1020")
        assert reasons(edge) == ["no TLS connection: wrong version number"]
    plain.close()


async def test_what_is_wrong_is_said_once_in_a_while_and_not_for_each_request(store: Store) -> None:
    async with edge_to(store, UpstreamAddress("unix", path="/nonexistent/s")) as (edge, cookie):
        for _ in range(10):
            assert (await edge.ask(cookie=cookie)).problem == (502, "1020")
        (said, *more) = [each for each in edge.logged if each["event"] == "upstream_not_reached"]
        assert (said["upstream"], said["reason"]) == ("unix:/nonexistent/s", "No such file or directory")
        assert len(more) < 5


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
async def test_a_tls_session_is_resumed_on_the_next_connection(
    store: Store, tmp_path: Path, authority: Authority, version: ssl.TLSVersion
) -> None:
    context = authority.server(tmp_path, NAME)
    context.maximum_version = version
    async with serving(context) as server:
        address = UpstreamAddress("https", NAME, server.port, ca=authority.pem)
        async with edge_to(store, address) as (edge, cookie):
            pool = edge.worker.pool(address)
            for _ in range(3):
                assert (await edge.ask(cookie=cookie)).body == b"safe"
                await until(lambda: not pool._open)
    assert server.resumed == [False, True, True]


async def test_one_that_takes_the_upstreams_place_is_not_believed_for_the_session_there_was(
    store: Store, tmp_path: Path, authority: Authority
) -> None:
    async with serving(authority.server(tmp_path, NAME)) as server:
        address = UpstreamAddress("https", NAME, server.port, ca=authority.pem)
        async with edge_to(store, address) as (edge, cookie):
            assert (await edge.ask(cookie=cookie)).body == b"safe"
            await until(lambda: not edge.worker.pool(address)._open)
            server.close()
            async with serving(Authority().server(tmp_path, NAME), server.port) as stranger:
                assert (await edge.ask(cookie=cookie)).problem == (502, "1020")
            assert stranger.hits == 0
