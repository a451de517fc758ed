"""The admin process as it is put together: what is configured is shown, and events go out to webhooks."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from outerward.config import load_settings
from outerward.wiring import Admin
from proxy import Counted
from session_store import Event, IdSource, Store, endpoint_id, tunnel_id
from tests.support.webhook_receiver import WebhookReceiver

GUARD_S = 40
SECRET = "a-secret-of-the-tests-32-long..."
EDGE_PORT = 4180

CONFIGURATION = """
[store]
url = "{store}"
secret = ["{secret}"]
[admin]
public_url = "https://admin.example.com"
bootstrap_token = "{secret}"
[provider.corp]
type = "oidc"
issuer = "https://id.example.com"
client_id = "outerward"
client_secret = "0123456789"
[[tunnel]]
name = "wiki"
upstream = "http://127.0.0.1:8000"
hostname = "wiki.example.com"
provider = ["corp"]
allow = ["*"]
[[tunnel]]
name = "notes"
upstream = "http://127.0.0.1:8001"
[[edge_route]]
edge = "apps"
hostname = "apps.localhost"
path_prefix = "/notes"
tunnel = "notes"
provider = ["corp"]
allow = ["*"]
[[webhook]]
url = "{webhook}"
secret = "{secret}"
events = ["login"]
allow_private_network = true
"""


async def _nothing_counted() -> Counted:
    return Counted()


@asynccontextmanager
async def admin_process(folder: Path, store_url: str, webhook: str) -> AsyncIterator[str]:
    """The admin process within this one; where it listens."""
    file = folder / "outerward.toml"
    file.write_text(CONFIGURATION.format(store=store_url, webhook=webhook, secret=SECRET))
    admin = Admin(load_settings(file, {}).settings, EDGE_PORT, lambda: "up", _nothing_counted, lambda: None)
    listener = socket.create_server(("127.0.0.1", 0))
    await admin.start([listener])
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        await admin.stop(2.0)


@asynccontextmanager
async def asking(url: str) -> AsyncIterator[Callable[[str], Awaitable[Any]]]:
    """What is at a path, in JSON."""
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {SECRET}"}) as http:

        async def get(path: str) -> Any:
            async with http.get(url + path) as answer:
                assert answer.status == 200
                return await answer.json()

        yield get


async def test_everything_that_is_configured_is_shown(tmp_path: Path, store: Store, store_url: str) -> None:
    async with (
        WebhookReceiver.running() as receiver,
        admin_process(tmp_path, store_url, receiver.url) as url,
        asking(url) as get,
    ):
        tunnels = (await get("/tunnels"))["tunnels"]
        endpoints = (await get("/endpoints"))["endpoints"]
    assert {each["id"]: each["name"] for each in tunnels} == {
        tunnel_id(name): name for name in ("wiki", "notes")
    }
    assert {each["id"]: each["public_url"] for each in endpoints} == {
        endpoint_id("wiki"): "https://wiki.example.com",
        endpoint_id("apps/notes"): f"http://apps.localhost:{EDGE_PORT}/notes",
    }


async def test_events_go_out_to_webhooks_as_the_list_has_them(
    tmp_path: Path, store: Store, store_url: str
) -> None:
    user = IdSource().user()
    async with (
        asyncio.timeout(GUARD_S),
        WebhookReceiver.running() as receiver,
        admin_process(tmp_path, store_url, receiver.url) as url,
        asking(url) as get,
    ):
        # A webhook begins with what comes from when it is first known on.
        while not receiver.received:
            await store.record_events([Event(type="login", at=0, actor=user, user_id=user)])
            await asyncio.sleep(0.05)
        listed = {event["id"]: event for event in (await get("/events"))["events"]}
    sent = receiver.received[0]
    assert sent.is_signed_with(SECRET.encode())
    assert json.loads(sent.body) == listed[sent.id]
    assert listed[sent.id]["user"]["uri"] == f"https://admin.example.com/app/users/{user}"
