"""``config check --online``: what is there is ok, what is not fails in words, and nothing is disturbed."""

import asyncio
import fcntl
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from outerward.config import online, online_places
from tests.integration.cli.conftest import Run
from tests.support.certificates import Authority
from tests.support.hostile_oidc import HostileProvider
from tests.support.oidc_login import answer
from tests.support.redis_server import RedisServer
from tests.support.saml_metadata import Entity

DISCOVERY = "/.well-known/openid-configuration"


@pytest.fixture
async def hostile() -> AsyncIterator[HostileProvider]:
    async with HostileProvider.running() as provider:
        yield provider


@pytest.fixture
def listener() -> Iterator[int]:
    """A port where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def closed_port() -> int:
    with closing(socket.socket()) as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port


def oidc(issuer: str, more: str = "") -> str:
    return f"""
[provider.corp]
type = "oidc"
issuer = "{issuer}"
client_id = "canary-of-the-client"
client_secret = "canary-of-the-client"
allow_private_network = true
{more}
"""


def tunnel(upstream: str, more: str = "") -> str:
    return f'[[tunnel]]\nname = "app"\nupstream = "{upstream}"\n{more}\n'


def write(text: str) -> None:
    """The configuration of the folder that commands run in."""
    Path("outerward.toml").write_text(text)


async def lines(run: Run, text: str, code: int) -> dict[str, str]:
    """Each line of the check, what is asked to what is found; the exit code must be ``code``."""
    write(text)
    outcome = await run("config", "check", "--online")
    assert outcome.code == code, outcome
    assert "canary" not in outcome.out + outcome.err
    first, *rest = outcome.out.splitlines()
    assert first.startswith("outerward.toml: ok")
    return dict(line.split(": ", 1) for line in rest)


async def test_everything_that_is_there_is_ok(
    run: Run, hostile: HostileProvider, listener: int, tmp_path: Path
) -> None:
    found = await lines(run, oidc(hostile.issuer) + tunnel(f"http://127.0.0.1:{listener}"), 0)

    assert found == {
        "provider corp": "ok: metadata and keys",
        "store": f"ok: embedded, to be made in {tmp_path}/data/store",
        "upstream of app": f"ok: http://127.0.0.1:{listener}",
        "clock": "ok",
    }
    assert not (tmp_path / "data").exists()


async def test_discovery_that_names_another_issuer_fails(run: Run, hostile: HostileProvider) -> None:
    hostile.lies.metadata = lambda members: members | {"issuer": "https://elsewhere.example.com"}

    found = await lines(run, oidc(hostile.issuer), 1)
    assert found["provider corp"].startswith("failed: discovery names the issuer")


async def test_a_key_set_that_cannot_be_used_fails(run: Run, hostile: HostileProvider) -> None:
    hostile.lies.key_set = lambda _: {"keys": []}

    found = await lines(run, oidc(hostile.issuer), 1)
    assert found["provider corp"] == "failed: key set: no key that may verify signatures"


async def test_the_keys_are_asked_for_with_the_algorithm_that_is_configured(
    run: Run, hostile: HostileProvider
) -> None:
    hostile.lies.metadata = lambda members: members | {"id_token_signing_alg_values_supported": ["ES256"]}
    hostile.lies.key_set = lambda _: {"keys": []}

    found = await lines(run, oidc(hostile.issuer, 'id_token_algs = ["ES256"]'), 1)
    assert found["provider corp"] == "failed: key set: no key that may verify signatures"


async def test_a_provider_that_is_away_fails_and_what_it_says_stays_on_its_line(
    run: Run, hostile: HostileProvider
) -> None:
    away = oidc(f"http://127.0.0.1:{closed_port()}").replace("corp", "away")
    hostile.lies.metadata = lambda members: members | {"issuer": "a\nstore: ok\x1b[2J"}

    found = await lines(run, away + oidc(hostile.issuer), 1)
    assert found["provider away"].startswith("failed: http://127.0.0.1:")
    assert list(found) == ["provider away", "provider corp", "store", "clock"]
    assert "\x1b" not in found["provider corp"]


async def test_an_address_that_the_program_would_not_ask_is_not_asked_here(
    run: Run, hostile: HostileProvider
) -> None:
    hostile.lies.metadata = lambda members: members | {"jwks_uri": "http://127.0.0.2:1/keys"}

    found = await lines(run, oidc(hostile.issuer), 1)
    assert found["provider corp"].startswith("failed: jwks_uri is refused")


async def test_of_a_provider_without_metadata_the_server_is_asked(run: Run, hostile: HostileProvider) -> None:
    text = (
        '[provider.{0}]\ntype = "oauth"\nprovider = "github"\nbase_url = "{1}"\n'
        'client_id = "a"\nclient_secret = "b"\nallow_private_network = true\n'
    )
    away = f"http://127.0.0.1:{closed_port()}"

    found = await lines(run, text.format("hub", hostile.issuer) + text.format("away", away), 1)
    assert found["provider hub"] == "ok: its server answers"
    assert found["provider away"].startswith("failed: ")


async def test_saml_metadata_is_read_as_a_login_would(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.xml").write_text(Entity().xml())
    (tmp_path / "bad.xml").write_text("<EntityDescriptor/>")
    text = '[provider.{0}]\ntype = "saml"\nidp_metadata = "{0}.xml"\n'

    found = await lines(run, text.format("good") + text.format("bad"), 1)
    assert found["provider good"] == "ok: metadata"
    assert found["provider bad"].startswith("failed: metadata")


async def test_a_clock_that_is_off_is_a_warning_and_no_failure(run: Run, hostile: HostileProvider) -> None:
    fast = datetime.now(UTC) + timedelta(minutes=10)
    metadata = json.dumps(hostile.metadata()).encode()
    hostile.lies.answers[DISCOVERY] = answer(metadata, Date=format_datetime(fast, usegmt=True))

    found = await lines(run, oidc(hostile.issuer), 0)
    assert found["clock"].startswith("warning: this machine is ")
    assert "s behind provider corp" in found["clock"]


async def test_a_store_is_asked_and_one_that_is_away_fails(run: Run, store_server: RedisServer) -> None:
    text = f'[store]\nurl = "{store_server.url}"\nsecret = "a secret of the tests"\n'
    assert (await lines(run, text, 0))["store"] == "ok"

    store_server.kill()
    assert (await lines(run, text, 1))["store"].startswith("failed: ")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://canary:canary@127.0.0.1:9/3", "redis://127.0.0.1:9"),
        ("unix:///nowhere/at/all.sock?db=3", "unix:///nowhere/at/all.sock"),
    ],
    ids=["tcp", "unix"],
)
async def test_the_address_of_a_store_that_is_away_is_told_without_its_password(
    run: Run, url: str, shown: str
) -> None:
    found = await lines(run, f'[store]\nurl = "{url}"\nsecret = "a secret of the tests"\n', 1)

    assert found["store"].startswith(f"failed: {shown}: the store cannot be reached")


async def test_a_folder_that_a_running_server_holds_is_said_to_be_in_use(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data/store").mkdir(parents=True)
    lock = os.open(tmp_path / "data/store/lock", os.O_RDWR | os.O_CREAT)
    assert (await lines(run, "", 0))["store"] == f"ok: embedded in {tmp_path}/data/store"

    fcntl.flock(lock, fcntl.LOCK_EX)
    found = await lines(run, "", 0)
    os.close(lock)
    assert found["store"] == f"ok: embedded in {tmp_path}/data/store, in use by a running server"


async def test_a_folder_that_cannot_be_made_fails(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "file").chmod(0o755)

    found = await lines(run, 'state = "file/data"', 1)
    assert found["store"] == f"failed: {tmp_path}/file cannot be written to"


async def test_a_folder_that_the_system_refuses_fails(run: Run) -> None:
    found = await lines(run, f'state = "{"a" * 300}"', 1)

    assert found["store"] == "failed: File name too long"


async def test_an_upstream_that_refuses_fails(run: Run) -> None:
    url = f"http://127.0.0.1:{closed_port()}"

    assert (await lines(run, tunnel(url), 1))["upstream of app"] == f"failed: {url}: Connection refused"


async def test_what_is_silent_fails_in_time(run: Run, listener: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "PATIENCE_S", 0.5)
    monkeypatch.setattr(online_places, "HANDSHAKE_S", 0.4)
    silent = f"127.0.0.1:{listener}"

    found = await lines(run, oidc(f"http://{silent}") + tunnel(f"https://{silent}"), 1)
    assert found["provider corp"] == "failed: no answer within 0.5 s"
    assert found["upstream of app"] == f"failed: https://{silent}: no answer to a TLS handshake within 0.4 s"


async def test_a_localhost_name_is_this_machine(run: Run, listener: int) -> None:
    await lines(run, tunnel(f"http://app.localhost:{listener}"), 0)


async def test_a_socket_is_connected_to(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "s"
    found = await lines(run, tunnel(f"unix:{path}"), 1)
    assert found["upstream of app"].endswith("No such file or directory")

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        await lines(run, tunnel(f"unix:{path}"), 0)


async def test_an_upstream_with_tls_needs_a_certificate_that_is_trusted(run: Run, tmp_path: Path) -> None:
    authority = Authority()
    (tmp_path / "ca.pem").write_text(authority.pem)
    server = await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=authority.server(tmp_path, "127.0.0.1")
    )
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        trusted = await lines(run, tunnel(url, 'upstream_ca = "ca.pem"'), 0)
        untrusted = await lines(run, tunnel(url), 1)

    assert trusted["upstream of app"] == f"ok: {url}"
    assert "its certificate is not accepted" in untrusted["upstream of app"]


async def test_without_online_nothing_is_asked(run: Run, hostile: HostileProvider) -> None:
    write(oidc(hostile.issuer))

    assert (await run("config", "check")).code == 0
    assert hostile.hits == {}


async def test_a_bad_configuration_is_still_78(run: Run) -> None:
    write("edge.listn = 1")

    assert (await run("config", "check", "--online")).code == 78
