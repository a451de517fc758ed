"""What is configured to be kept of people reaches the parts that keep it."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from outerward.config import Settings, load_settings
from outerward.wiring import Edge, open_store
from session_store import Retention, Store
from tests.support.http_client import exchange, request

SECRET = 'secret = "0123456789abcdef"\n'
AWAY = f'url = "redis://127.0.0.1:1"\n{SECRET}'
TUNNEL = """
[provider.corp]
type = "oidc"
issuer = "https://id.example.com"
client_id = "a"
client_secret = "b"
[[tunnel]]
name = "app"
hostname = "app.localhost"
upstream = "http://127.0.0.1:1"
provider = "corp"
allow = ["*"]
"""
DAY_MS = 86_400_000


def settings(folder: Path, text: str) -> Settings:
    (folder / "outerward.toml").write_text(text)
    return load_settings(folder / "outerward.toml", {}).settings


@pytest.mark.parametrize(
    ("ip", "client"), [("truncated", "127.0.0.0"), ("full", "127.0.0.1")], ids=["truncated", "full"]
)
async def test_the_edge_and_its_login_pages_log_as_much_of_an_address_as_is_configured(
    tmp_path: Path, store_url: str, ip: str, client: str
) -> None:
    lines = bytearray()
    text = f'[privacy]\nip = "{ip}"\n[store]\nurl = "{store_url}"\n{SECRET}{TUNNEL}'
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    edge = Edge(settings(tmp_path, text), port, lines.extend, lambda: None)
    with capture_logs() as logged:
        await edge.start([listener])
        (answer,) = await exchange(port, request(target="/.outerward/callback/corp?code=a&state=b"))
        await edge.stop(1.0)

    assert answer.problem == (400, "2011")
    assert json.loads(lines)["client"] == client
    assert [entry["client_address"] for entry in logged if entry["event"] == "login_failed"] == [client]


def test_the_store_is_told_how_long_to_keep_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Retention] = []

    def noted(*_: object, retention: Retention, **__: Any) -> None:
        told.append(retention)

    monkeypatch.setattr(Store, "open", noted)
    open_store(settings(tmp_path, f"[store]\n{AWAY}"))
    kept = '[privacy]\nhistory = "0"\nended = "36h"\n'
    open_store(settings(tmp_path, f'{kept}[store]\nuser_retention = "1d"\n{AWAY}'))

    assert told == [
        Retention(history=30 * DAY_MS, ended=30 * DAY_MS, user=90 * DAY_MS),
        Retention(history=0, ended=DAY_MS * 3 // 2, user=DAY_MS),
    ]
