from pathlib import Path

import pytest

from session_store import Store
from tests.integration.cli.conftest import Run
from tests.support.admin_api import BOOTSTRAP, NOTES, RunningApi, running_api, session_of, sign_in, visit
from tests.support.redis_server import RedisServer


async def test_a_created_token_is_all_that_stdout_holds_and_it_works(api: RunningApi, run: Run) -> None:
    made = await run("tokens", "create", "--name", "ci", "--scope", "read", "--expires", "90d")
    assert (made.code, made.err) == (0, "")
    assert made.out.endswith("\n")
    token = made.out.strip()
    assert (await api.get("/app/users", token)).status == 200
    assert (await api.delete("/app/users/edgusr_x", token)).status == 403

    listed = await run("tokens", "ls")
    (row,) = listed.rows
    assert (row["name"], row["scope"]) == ("ci", "read")
    assert row["expires_at"] > row["created_at"]
    assert token not in listed.out


async def test_a_created_token_is_one_object_with_json(api: RunningApi, run: Run) -> None:
    made = await run("tokens", "create", "--name", "ci", "--scope", "admin", "--json")
    (row,) = made.rows
    assert row["token"].startswith("owt_")
    assert row["expires_at"] is None


async def test_a_revoked_token_is_refused_and_cannot_be_revoked_again(
    api: RunningApi, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = (await run("tokens", "create", "--name", "ci", "--scope", "admin", "--json")).rows[0]
    revoked = await run("tokens", "revoke", row["id"])
    assert (revoked.code, revoked.rows) == (0, [{"id": row["id"], "revoked": True}])
    again = await run("tokens", "revoke", row["id"])
    assert (again.code, again.out) == (1, "")
    assert again.err == f"there is no token {row['id']} (404)\n"
    monkeypatch.setenv("OUTERWARD_ADMIN_TOKEN", row["token"])
    refused = await run("tokens", "ls")
    assert refused.code == 1
    assert refused.err.startswith("the API does not accept the token (401): ")


async def test_too_small_a_scope_is_named(api: RunningApi, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    token = (await run("tokens", "create", "--name", "r", "--scope", "read")).out.strip()
    monkeypatch.setenv("OUTERWARD_ADMIN_TOKEN", token)
    for arguments in (["tokens", "ls"], ["sessions", "revoke", "edgses_" + "0" * 27]):
        refused = await run(*arguments)
        assert refused.code == 1
        assert refused.err.startswith("the token may not do this (403): ")
    assert (await run("sessions", "ls")).code == 0


async def test_all_pages_are_listed_and_limit_cuts(api: RunningApi, store: Store, run: Run) -> None:
    ids = [(await session_of(store, f"user{number}")).id for number in range(230)]
    everything = await run("sessions", "ls")
    assert everything.code == 0
    assert [row["id"] for row in everything.rows] == ids[::-1]
    for limit in (1, 100, 101, 229):
        cut = await run("sessions", "ls", "--limit", str(limit))
        assert [row["id"] for row in cut.rows] == ids[::-1][:limit]
    assert len((await run("sessions", "ls", "--limit", "1000")).rows) == 230


async def test_no_sessions_are_no_lines(api: RunningApi, run: Run) -> None:
    assert (await run("sessions", "ls")).out == ""


async def test_a_revoked_session_is_gone_and_its_sibling_is_not(
    api: RunningApi, store: Store, run: Run
) -> None:
    browser = await sign_in(store)
    first, second = await visit(store, browser), await visit(store, browser, NOTES)
    shown = await run("sessions", "get", first.id)
    assert shown.rows[0]["public_url"] == "https://wiki.example.com"
    assert (await run("sessions", "revoke", first.id)).rows == [{"id": first.id, "revoked": True}]
    assert [row["id"] for row in (await run("sessions", "ls")).rows] == [second.id]
    again = await run("sessions", "revoke", first.id)
    assert (again.code, again.out) == (1, "")
    assert again.err == f"there is no live session {first.id}\n"


@pytest.mark.parametrize(
    "wanted", ["..", "a/b", "%2e%2e", "x y", "", "edgses_é", "a?b", "x" * 200, "\x1b[2J"]
)
async def test_what_cannot_be_an_id_is_said_to_be_none(api: RunningApi, run: Run, wanted: str) -> None:
    for noun in ("sessions", "tokens"):
        unknown = await run(noun, "revoke", "--", wanted)
        assert (unknown.code, unknown.out) == (1, "")
        assert f" is no {noun[:-1]}'s id; find it by `outerward {noun} ls" in unknown.err
        assert unknown.err.strip().isprintable()


async def test_a_terminal_gets_tables(
    api: RunningApi, store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await session_of(store)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    listed = await run("sessions", "ls")
    assert "Last active" in listed.out
    assert session.id in listed.out
    assert "192.0.2.7" in listed.out
    shown = await run("sessions", "get", session.id)
    assert "Gecko/20100101 Firefox/133.0" in shown.out
    assert (await run("sessions", "ls", "--json")).rows[0]["id"] == session.id
    made = await run("tokens", "create", "--name", "ci", "--scope", "read")
    assert made.out.startswith("owt_")
    assert "shown only now" in made.err
    tokens = await run("tokens", "ls")
    assert "read" in tokens.out
    revoked = await run("sessions", "revoke", session.id)
    assert revoked.out == f"Session {session.id} is ended.\n"


async def test_address_and_token_come_from_the_configuration_too(
    api: RunningApi, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OUTERWARD_ADMIN_URL")
    monkeypatch.delenv("OUTERWARD_ADMIN_TOKEN")
    (tmp_path / "outerward.toml").write_text(f'state = "s"\nadmin.listen = "127.0.0.1:{api.port}"\n')
    missing = await run("sessions", "ls")
    assert missing.code == 1
    assert "s/admin-token does not exist" in missing.err
    (tmp_path / "s").mkdir()
    (tmp_path / "s/admin-token").write_text(BOOTSTRAP + "\n")
    assert (await run("sessions", "ls")).code == 0
    assert (await run("healthcheck")).code == 0


async def test_names_under_localhost_are_this_machine(api: RunningApi, run: Run) -> None:
    for host in ("localhost", "admin.localhost"):
        assert (await run("sessions", "ls", "--admin", f"http://{host}:{api.port}")).code == 0


async def test_a_store_that_is_away_is_69(
    store_server: RedisServer, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store.open(store_server.url, secrets=["a secret of the tests, 32 long.."])
    await store.start()
    try:
        await store.ping()
        async with running_api(store) as running:
            monkeypatch.setenv("OUTERWARD_ADMIN_URL", running.url)
            monkeypatch.setenv("OUTERWARD_ADMIN_TOKEN", BOOTSTRAP)
            assert (await run("healthcheck")).code == 0
            store_server.stop()
            refused = await run("sessions", "ls")
            assert refused.code == 69
            assert refused.err.startswith("the API cannot serve this now (503): ")
            unready = await run("healthcheck")
            assert unready.code == 69
            assert unready.err == f"{running.url} is not ready: store down\n"
    finally:
        await store.close()
