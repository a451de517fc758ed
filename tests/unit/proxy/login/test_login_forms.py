"""The forms of providers, read from real connections: within limits, in order, and only what is a form."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from idp_adapters import Parameters
from proxy.limits import LARGEST_FORM
from proxy.login import forms
from proxy.login.forms import Forms
from proxy.problems import BAD_REQUEST, BODY_TOO_LARGE, LOGINS_BUSY, REQUEST_TIMEOUT, Problem
from tests.support.http_client import Client, chunked, connected, request, until

TYPE = ("Content-Type", "application/x-www-form-urlencoded")


@dataclass
class Reading:
    """A server whose only page reads a form; ``found`` is what it got."""

    port: int = 0
    found: list[Parameters | Problem] = field(default_factory=list)
    forms: Forms = field(default_factory=Forms)

    async def answer(self, asked: web.Request) -> web.Response:
        self.found.append(await self.forms.read(asked))
        return web.Response()

    async def read(self, body: bytes, *headers: tuple[str, str]) -> Parameters | Problem:
        """What a form of these bytes is read as."""
        given_length = any(name == "Transfer-Encoding" for name, _ in headers)
        length = [] if given_length else [("Content-Length", str(len(body)))]
        async with connected(self.port) as client:
            client.write(request("POST", headers=[*(headers or [TYPE]), *length]) + body)
            await client.answer("POST")
        return self.found[-1]


@asynccontextmanager
async def reading() -> AsyncIterator[Reading]:
    made = Reading()
    app = web.Application()
    app.router.add_post("/", made.answer)
    runner = web.AppRunner(app, access_log=None, auto_decompress=False)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    try:
        yield made
    finally:
        await runner.cleanup()


async def begin(client: Client, body: bytes, length: int) -> None:
    await client.send(request("POST", headers=[TYPE, ("Content-Length", str(length))]) + body)


async def test_fields_come_in_order_with_doubled_and_empty_ones_still_in() -> None:
    async with reading() as server:
        found = await server.read(b"b=2&a=%C3%A9+1&a=&b&=x&a=1%262")

    assert found == (("b", "2"), ("a", "é 1"), ("a", ""), ("b", ""), ("", "x"), ("a", "1&2"))


async def test_a_form_in_pieces_is_one_form() -> None:
    async with reading() as server:
        found = await server.read(chunked(b"a", b"=", b"1&b", b"=2"), TYPE, ("Transfer-Encoding", "chunked"))

    assert found == (("a", "1"), ("b", "2"))


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "multipart/form-data; boundary=b", "text/plain", "application/x-www-form-urlencode"],
)
async def test_another_type_is_no_form(content_type: str) -> None:
    async with reading() as server:
        assert await server.read(b"a=1", ("Content-Type", content_type)) is BAD_REQUEST
        assert await server.read(b"a=1", ("X-No-Type", "at-all")) is BAD_REQUEST


@pytest.mark.parametrize(
    "body", [b"a=%ff", b"a=\xff", "a=é".encode(), b"&".join([b"a=1"] * 21), b"%e9=1", b"a=%ed%a0%80"]
)
async def test_what_is_no_text_or_has_too_many_fields_is_no_form(body: bytes) -> None:
    async with reading() as server:
        assert await server.read(body) is BAD_REQUEST


async def test_twenty_fields_are_a_form() -> None:
    async with reading() as server:
        assert await server.read(b"&".join([b"a=1"] * 20)) == (("a", "1"),) * 20


async def test_the_largest_form_is_read_and_one_byte_more_is_not() -> None:
    async with reading() as server:
        assert await server.read(b"a=" + b"x" * (LARGEST_FORM - 2)) == (("a", "x" * (LARGEST_FORM - 2)),)
        assert await server.read(b"a=" + b"x" * (LARGEST_FORM - 1)) is BODY_TOO_LARGE


async def test_a_form_that_says_that_it_is_too_large_is_not_waited_for() -> None:
    async with reading() as server, connected(server.port) as client:
        await begin(client, b"a=", LARGEST_FORM + 1)
        await until(lambda: server.found)

    assert server.found == [BODY_TOO_LARGE]


async def test_a_form_without_a_length_is_given_up_as_soon_as_it_is_too_large() -> None:
    head = request("POST", headers=[TYPE, ("Transfer-Encoding", "chunked")])
    piece = b"x" * 65_536
    async with reading() as server, connected(server.port) as client:
        await client.send(head)
        for _ in range(LARGEST_FORM // len(piece) + 1):
            client.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        await until(lambda: server.found)

    assert server.found == [BODY_TOO_LARGE]


async def test_a_form_that_does_not_come_in_time_is_given_up_and_held_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forms, "TIMEOUT_S", 0.2)
    async with reading() as server, connected(server.port) as client:
        await begin(client, b"a=", 100)
        await until(lambda: server.found)
        assert server.found == [REQUEST_TIMEOUT]
        assert server.forms._held == 0


async def test_a_form_that_trickles_is_given_up_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "TIMEOUT_S", 0.3)
    async with reading() as server, connected(server.port) as client:
        await begin(client, b"a=", 100_000)

        async def trickle() -> None:
            while not server.found:
                client.write(b"x")
                await asyncio.sleep(0.01)

        await asyncio.wait_for(trickle(), 10)

    assert server.found == [REQUEST_TIMEOUT]


async def test_more_than_may_be_held_at_once_is_told_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forms, "MOST_HELD", 10)
    async with reading() as server, connected(server.port) as one, connected(server.port) as other:
        for client in (one, other):
            await begin(client, b"a=12", 5)
        await until(lambda: server.forms._held == 8)
        assert await server.read(b"a=1") is LOGINS_BUSY
        assert await server.read(b"a=") == (("a", ""),)
        await one.send(b"3")
        await one.answer("POST")
        assert server.found[-1] == (("a", "123"),)
        assert server.forms._held == 4
        assert await server.read(b"a=1") == (("a", "1"),)


async def test_a_form_of_nothing_but_coded_octets_is_none_and_one_of_base64_is() -> None:
    base64 = b"a=" + b"".join(b"%2B%2F%3D" + b"A" * 61 for _ in range(4000))
    async with reading() as server:
        assert await server.read(b"a=" + b"%41" * 100_000) is BAD_REQUEST
        assert await server.read(b"a=" + b"%41" * 300) == (("a", "A" * 300),)
        found = await server.read(base64)

    assert isinstance(found, tuple)
    assert len(found[0][1]) == 4000 * 64


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_a_client_that_goes_away_leaves_nothing_held(how: str) -> None:
    async with reading() as server:
        async with connected(server.port) as client:
            await begin(client, b"a=", 100)
            await until(lambda: server.forms._held == 2)
            getattr(client, how)()
        await until(lambda: server.forms._held == 0)
        assert await server.read(b"a=1") == (("a", "1"),)


@given(st.binary(max_size=200))
def test_any_bytes_are_fields_or_none(body: bytes) -> None:
    found = forms._fields(body)

    assert found is BAD_REQUEST or (isinstance(found, tuple) and len(found) <= 20)
