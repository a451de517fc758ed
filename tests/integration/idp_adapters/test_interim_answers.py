"""Heads without end from a provider, over real sockets: broken off before they cost more than a moment."""

import asyncio
import itertools

import pytest

from idp_adapters.transport import Request
from tests.integration.idp_adapters.test_transport import OK, Server, refused, says, transport

INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"


async def test_interim_answers_without_end_are_broken_off() -> None:
    ended = asyncio.Event()

    async def floods(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(INTERIM * 1000)
                await writer.drain()
        finally:
            ended.set()

    server = Server(floods)
    async with server.running(), transport(deadline_s=40) as wire:
        error = await refused(wire, f"http://127.0.0.1:{server.port}/")
        async with asyncio.timeout(40):
            await ended.wait()

    assert error.reason == "provider_unreachable"
    assert error.detail == f"http://127.0.0.1:{server.port}/: more than 10 interim answers"


async def test_early_hints_without_end_are_broken_off_also_when_they_come_one_by_one() -> None:
    async def drips(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in itertools.count():
            writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </%d>\r\n\r\n" % number)
            await writer.drain()
            await asyncio.sleep(0)

    server = Server(drips)
    async with server.running(), transport(deadline_s=40) as wire:
        error = await refused(wire, f"http://127.0.0.1:{server.port}/")

    assert (error.reason, "10 interim" in error.detail) == ("provider_unreachable", True)


async def test_ten_interim_answers_to_each_request_of_a_connection_are_as_many_as_may_be() -> None:
    server = Server(says(INTERIM * 10 + OK, keeps=True))
    async with server.running(), transport(deadline_s=40) as wire:
        url = f"http://127.0.0.1:{server.port}/"
        answers = [await wire(Request("GET", url)) for _ in range(3)]

    assert [answer.body for answer in answers] == [b"{}"] * 3
    assert server.connections == 1


async def test_heads_without_end_after_the_answer_end_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("idp_adapters.transport.KEPT_S", 60)
    ended = asyncio.Event()

    async def babbles(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        await writer.drain()
        await answered.wait()
        try:
            while True:
                writer.write(OK * 1000)
                await writer.drain()
        finally:
            ended.set()

    answered = asyncio.Event()
    server = Server(babbles)
    async with server.running(), transport(deadline_s=40) as wire:
        answer = await wire(Request("GET", f"http://127.0.0.1:{server.port}/"))
        answered.set()
        async with asyncio.timeout(20):
            await ended.wait()

    assert answer.body == b"{}"
