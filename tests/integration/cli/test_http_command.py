"""``outerward http``: one application, one line, a whole login through the program as its user runs it."""

import os
import re
import select
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.oidc_provider import OidcServer, RegisteredClient, browser, sign_in
from tests.support.program import PATIENCE_S, Program, Upstream, lasting_port, lives, upstream

SECRET = "canary-of-the-client"
USERS = {
    "ada": {"email": "ada@example.com", "email_verified": True},
    "eve": {"email": "eve@elsewhere.example", "email_verified": True},
}


@dataclass(frozen=True)
class Running:
    """The program, what it has printed, what stands behind it, and where its temporary files are."""

    program: Program
    printed: str
    behind: Upstream
    origin: str
    temporary: Path


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder, temporary = tmp_path_factory.mktemp("http"), tmp_path_factory.mktemp("t")
    (folder / "secret").write_text(f"{SECRET}\n")
    port = lasting_port()
    origin = f"http://localhost:{port}"
    client = RegisteredClient("outerward", SECRET, (f"{origin}/.outerward/callback/oidc",))
    with (
        OidcServer(users=USERS, clients=[client]) as provider,
        upstream() as behind,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("TMPDIR", str(temporary))
        program = Program(folder, *_arguments(behind.port, provider.issuer, port))
        try:
            program.ready()
            yield Running(program, _printed(program), behind, origin, temporary)
        finally:
            program.stop()


def _arguments(upstream_port: int, issuer: str, port: int) -> list[str]:
    return [
        "http",
        str(upstream_port),
        *("--oidc", issuer, "--allow-private-network"),
        *("--client-id", "outerward", "--client-secret-file", "secret"),
        *("--allow", "@example.com"),
        *("--listen", f"127.0.0.1:{port}", "--admin-listen", "127.0.0.1:0"),
        *("--ready-file", "ready"),
    ]


def _printed(program: Program) -> str:
    """What is on stdout by now; it was printed before the ready file."""
    assert program.process.stdout is not None
    assert select.select([program.process.stdout], [], [], PATIENCE_S)[0]
    return os.read(program.process.stdout.fileno(), 1 << 16).decode()


async def test_a_person_signs_in_and_is_led_to_the_application(running: Running) -> None:
    async with browser() as client:
        landing = await sign_in(client, f"{running.origin}/report", "ada")

    assert (landing.url, landing.status, landing.text) == (f"{running.origin}/report", 200, "hello")
    assert "/report" in running.behind.paths


async def test_a_person_whom_no_entry_allows_is_refused(running: Running) -> None:
    async with browser() as client:
        landing = await sign_in(client, f"{running.origin}/secrets", "eve")

    assert landing.status == 403
    assert "/secrets" not in running.behind.paths


def test_it_prints_where_everything_is_and_what_to_register(running: Running) -> None:
    assert f"{running.origin}/.outerward/callback/oidc" in running.printed
    assert re.search(rf"^Application +{running.origin}$", running.printed, re.MULTILINE)
    assert running.program.admin in running.printed
    (state,) = running.temporary.glob("outerward-http-*")
    assert f"{state}/admin-token" in running.printed
    assert SECRET not in running.printed + running.program.log


def test_the_token_that_it_names_opens_the_api(running: Running) -> None:
    (state,) = running.temporary.glob("outerward-http-*")
    token = (state / "admin-token").read_text().strip()

    assert running.program.ask_admin("/app/sessions", token).status == 200


def test_it_leaves_nothing_behind_when_it_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    program = Program(tmp_path, *_arguments(9, "http://127.0.0.1:9", 0)).ready()
    children = program.children()
    program.process.terminate()
    program.end()

    assert program.process.returncode == 0
    assert list((tmp_path / "temporary").glob("outerward-http-*")) == []
    assert [pid for pid in children if lives(pid)] == []
