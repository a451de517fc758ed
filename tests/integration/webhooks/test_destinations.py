"""Where webhooks may lead, over real sockets: what is refused is not reached, and no secret is logged."""

import asyncio
import contextlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiohttp import web
from structlog.testing import capture_logs
from structlog.typing import EventDict

from outerward.webhooks import WebhookSettings
from tests.integration.webhooks.machine import SECRET, Machine, named, to, until
from tests.support.certificates import Authority
from tests.support.webhook_receiver import WebhookReceiver


async def failure(lines: Sequence[EventDict]) -> str:
    """Why the first event was not taken."""
    await until(lambda: bool(named(lines, "webhook_failed")))
    return str(named(lines, "webhook_failed")[0]["why"])


async def loopback(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1", "::1"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(machine: Machine, receiver: WebhookReceiver, status: int) -> None:
    async with WebhookReceiver.running() as inside:

        async def leads_inside(_: web.Request) -> web.StreamResponse:
            return web.Response(status=status, headers={"Location": inside.url})

        receiver.answers = [leads_inside]
        await machine.deliver(to(receiver))
        with capture_logs() as lines:
            await machine.tell(1)
            assert "a redirect, which is not followed" in await failure(lines)
            await receiver.until_taken(1)
        assert inside.received == []


async def test_a_name_that_leads_inside_is_not_reached(machine: Machine, receiver: WebhookReceiver) -> None:
    settings = WebhookSettings(url=f"https://hooks.example.com:{receiver.port}/hook", secret=SECRET)
    await machine.deliver(settings, resolve=loopback)
    with capture_logs() as lines:
        await machine.tell(1)
        assert await failure(lines) == "its host has a private address, or none"
    assert receiver.received == []


async def test_a_name_is_judged_at_every_attempt_anew(machine: Machine, receiver: WebhookReceiver) -> None:
    """A name that was public a moment ago (DNS rebinding)."""
    asked: list[str] = []

    async def rebinds(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) > 1 else []

    settings = WebhookSettings(url=f"https://hooks.example.com:{receiver.port}/", secret=SECRET)
    await machine.deliver(settings, resolve=rebinds)
    with capture_logs() as lines:
        await machine.tell(1)
        await until(lambda: len(named(lines, "webhook_failed")) >= 3)
    assert len(asked) >= 3
    assert receiver.received == []


async def test_a_private_network_is_allowed_for_the_own_host_alone(
    machine: Machine, receiver: WebhookReceiver
) -> None:
    url = f"http://hooks.internal:{receiver.port}/hook?key=1"
    settings = to(receiver, url=url)
    await machine.deliver(settings, resolve=loopback)
    await machine.tell(1)
    (got,) = await receiver.until(1)
    assert (got.path, got.headers["host"]) == ("/hook?key=1", f"hooks.internal:{receiver.port}")


async def test_interim_answers_without_end_are_broken_off(machine: Machine) -> None:
    async def floods(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)
                await writer.drain()

    server = await asyncio.start_server(floods, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        await machine.deliver(WebhookSettings(url=url, secret=SECRET, allow_private_network=True))
        with capture_logs() as lines:
            await machine.tell(1)
            assert await failure(lines) == "more than 10 interim answers"


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://127.0.0.1/",
        "https://a:b@hooks.example.com/",
        "https://localhost/",
    ],
    ids=["http", "private", "user", "localhost"],
)
def test_settings_with_problems_are_refused(url: str, store_url: str) -> None:
    with pytest.raises(ValueError, match="it "):
        Machine(store_url).start(WebhookSettings(url=url, secret=SECRET))


async def test_a_certificate_that_is_not_the_hosts_keeps_everything_back(
    machine: Machine, tmp_path: Path
) -> None:
    heads: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.read(65536))
        writer.close()

    context = Authority().server(tmp_path, "hooks.internal")
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        settings = WebhookSettings(
            url=f"https://hooks.internal:{port}/", secret=SECRET, allow_private_network=True
        )
        await machine.deliver(settings, resolve=loopback)
        with capture_logs() as lines:
            await machine.tell(1)
            assert (await failure(lines)).startswith("TLS: ")
        assert heads == []


async def test_no_line_of_the_log_has_the_secret_or_what_follows_the_host(
    machine: Machine, receiver: WebhookReceiver
) -> None:
    async def hostile(_: web.Request) -> web.StreamResponse:
        return web.Response(status=500, reason="canary", text="canary", headers={"X-Canary": "canary"})

    receiver.answers = [hostile, 302]
    url = f"{receiver.url}/canary?key=canary"
    with capture_logs() as lines:
        await machine.deliver(to(receiver, url=url, secret="canary" * 8))
        await machine.tell(1)
        await receiver.until_taken(1)
        await receiver.stop()
        await machine.tell(1)
        await until(lambda: len(named(lines, "webhook_failed")) >= 4)
    failed = named(lines, "webhook_failed")
    assert {(line["webhook"], line["host"]) for line in failed} == {(1, f"127.0.0.1:{receiver.port}")}
    assert "canary" not in json.dumps(lines, default=repr)
