"""The demo as its users start it: everything up, everything shown, everything gone again."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from outerward.listeners import bind, is_free
from tests.support.program import Program, lives, request, until


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the demo makes its temporary folder."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "t"))
    monkeypatch.delenv("DISPLAY", raising=False)
    (tmp_path / "t").mkdir()
    return tmp_path


@pytest.fixture
def demo(folder: Path) -> Iterator[Program]:
    """A demo that told that it is ready."""
    program = Program(folder, "demo", "--json", "--no-browser", "--ready-file", str(folder / "ready"))
    try:
        yield program.ready()
    finally:
        program.stop()


def state_in(folder: Path) -> Path:
    (state,) = (folder / "t").glob("outerward-demo-*")
    return state


def left_in(folder: Path) -> list[Path]:
    return list((folder / "t").glob("outerward-*"))


def test_check_goes_through_by_itself(folder: Path) -> None:
    program = Program(folder, "demo", "--check", "--no-browser")
    out, _ = program.process.communicate(timeout=110)
    assert program.process.returncode == 0, program.log
    lines = out.decode().splitlines()
    steps = [
        *("sign in", "request", "inspect", "revoke", "refused", "login again"),
        *("saml sign in", "saml sign out", "saml refused"),
    ]
    assert [line.partition(":")[0] for line in lines] == [f"✓ {step}" for step in steps]
    assert not left_in(folder)


def test_ready_it_prints_one_line_and_its_lists_are_not_empty(demo: Program, folder: Path) -> None:
    assert demo.process.stdout is not None
    told = json.loads(demo.process.stdout.readline())
    assert set(told) == {"edge", "admin", "admin_token", "tunnels", "providers", "users"}
    assert (told["edge"], told["admin"]) == (demo.edge, demo.admin)
    assert [tunnel["name"] for tunnel in told["tunnels"]] == ["app", "clock", "wiki"]
    assert [provider["type"] for provider in told["providers"]] == ["oidc", "saml"]
    assert len(told["users"]) == 3
    token = told["admin_token"]
    listed = json.loads(demo.ask_admin("/app/sessions", token).body)["application_sessions"]
    users = json.loads(demo.ask_admin("/app/users", token).body)["application_users"]
    assert len(listed) >= 6
    assert len(users) >= 5
    documentation = ("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:")
    assert all(each["browser_session"]["ip_address"].startswith(documentation) for each in listed)
    assert len({each["created_at"] for each in listed}) == len(listed)
    assert all(each["created_at"] <= each["last_active"] for each in listed)
    issuer, entity_id = (provider["issuer"] for provider in told["providers"])
    assert request(issuer, "/.well-known/openid-configuration", {}).status == 200
    assert f'entityID="{entity_id}"'.encode() in request(issuer, "/saml/metadata", {}).body
    assert {user["identity_provider"]["url"] for user in users} == {issuer, entity_id}
    wiki = told["tunnels"][2]["url"]
    assert len([each for each in listed if each["public_url"] == wiki]) == 2
    for each in listed:
        path = f"/app/sessions/{each['id']}/accesses"
        (access,) = json.loads(demo.ask_admin(path, token).body)["accesses"]
        assert (access["last_seen"], access["ip_address"]) == (
            each["last_active"],
            each["browser_session"]["ip_address"],
        )

    children = demo.children()
    demo.process.send_signal(signal.SIGINT)
    rest, _ = demo.process.communicate(timeout=60)
    assert rest == b""
    assert demo.process.returncode == 130
    assert not [pid for pid in children if lives(pid)]
    assert not left_in(folder)


def test_the_command_that_it_prints_works_and_killed_it_leaves_no_process(
    demo: Program, folder: Path
) -> None:
    state = state_in(folder)
    token_file = str(state / "admin-token")
    command = Program(folder, "sessions", "ls", "--admin", demo.admin, "--token-file", token_file)
    listed, _ = command.process.communicate(timeout=60)
    assert len(listed.splitlines()) >= 6
    children = demo.children()
    demo.process.kill()
    demo.end()
    until(lambda: not any(lives(pid) for pid in children))


def test_a_port_asked_for_that_is_taken_is_told_in_words(folder: Path) -> None:
    first = next(
        port for port in range(20000, 60000, 7) if all(is_free("127.0.0.1", port + i) for i in range(3))
    )
    with bind(f"127.0.0.1:{first + 1}").sockets[0]:
        program = Program(folder, "demo", "--check", "--port", str(first))
        said = program.end()
    assert program.process.returncode == 1
    assert f"cannot listen on 127.0.0.1:{first + 1}: the port is in use" in said
    assert not left_in(folder)


def test_its_text_holds_no_token_and_the_end_of_its_terminal_ends_it(folder: Path) -> None:
    program = Program(folder, "demo", "--no-browser", "--ready-file", str(folder / "ready"))
    try:
        program.ready()
        assert program.process.stdout is not None
        text = ""
        while "nothing behind" not in text:
            text += program.process.stdout.readline().decode()
        state = state_in(folder)
        token = (state / "admin-token").read_text().strip()
        children = program.children()
        program.process.send_signal(signal.SIGHUP)
        program.end()
    finally:
        program.stop()
    assert token not in text + program.log
    for shown in (
        f"Open the dashboard: {program.admin}/dashboard/login?code=",
        "http://app.localhost",
        "mira@example.com      admin",
        "curl",
        "outerward sessions revoke",
        "admin-token",
    ):
        assert shown in text
    assert not [pid for pid in children if lives(pid)]
    assert not left_in(folder)
