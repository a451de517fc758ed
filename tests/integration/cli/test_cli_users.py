"""``users``: what can be done about a person, over the real API."""

import json
import os
from pathlib import Path

import pytest

from session_store import Store, UserView
from tests.integration.cli.conftest import Run, Script
from tests.integration.cli.terminal import on_a_terminal
from tests.support.admin_api import RunningApi, session_of

UNKNOWN = "edgusr_" + "0" * 27


async def user(store: Store, subject: str = "ada") -> UserView:
    """The user ``subject``, with a session."""
    view = await store.user((await session_of(store, subject)).user_id)
    assert view is not None
    return view


async def live(store: Store) -> int:
    """How many sessions are live."""
    return (await store.count("sessions")).count


async def test_a_user_is_shown_and_so_are_the_users_sessions(api: RunningApi, store: Store, run: Run) -> None:
    ada = await user(store)
    await session_of(store, "bob")
    assert (await run("users", "get", ada.user.id)).rows[0]["email"] == "ada@example.com"
    listed = await run("users", "sessions", ada.user.id)
    assert [row["application_user"]["id"] for row in listed.rows] == [ada.user.id]
    assert (await run("users", "sessions", ada.user.id, "--state", "ended")).rows == []


async def test_a_user_who_is_signed_out_stays_and_the_others_too(
    api: RunningApi, store: Store, run: Run
) -> None:
    ada, _ = await user(store), await session_of(store, "ada")
    await session_of(store, "bob")
    ended = await run("users", "signout", ada.user.id, "--reason", "moved")
    assert (ended.code, len(ended.rows)) == (0, 2)
    assert await live(store) == 1
    assert (await run("users", "get", ada.user.id)).rows[0]["outerward"]["sessions"] == 0


async def test_a_blocked_user_is_listed_until_unblocked(api: RunningApi, store: Store, run: Run) -> None:
    ada = await user(store)
    made = await run("users", "block", ada.user.id, "--until", "2099-01-01T00:00:00Z", "--reason", "left")
    assert (made.rows[0]["until"], made.rows[0]["reason"]) == ("2099-01-01T00:00:00Z", "left")
    assert await live(store) == 0
    assert [row["user_id"] for row in (await run("users", "blocks")).rows] == [ada.user.id]
    assert (await run("users", "unblock", ada.user.id)).rows == [{"id": ada.user.id, "blocked": False}]
    again = await run("users", "unblock", ada.user.id)
    assert (again.code, again.err) == (1, f"there is no block of user {ada.user.id} (404)\n")
    forever = await run("users", "block", ada.user.id)
    assert (forever.rows[0]["until"], forever.rows[0]["reason"]) == (None, "")


@pytest.mark.parametrize("until", ["yesterday", "2020-01-01T00:00:00Z", "0", ""])
async def test_a_block_that_never_was_is_a_wrong_command_line(api: RunningApi, run: Run, until: str) -> None:
    assert (await run("users", "block", UNKNOWN, "--until", until)).code == 2


async def test_a_deleted_user_is_gone_and_erased_one_leaves_nothing(
    api: RunningApi, store: Store, run: Run
) -> None:
    ada, bob = await user(store, "ada"), await user(store, "bob")
    deleted = await run("users", "delete", ada.user.id, "--yes")
    assert (deleted.code, deleted.rows) == (0, [{"id": ada.user.id, "deleted": True}])
    assert (await run("sessions", "count", "--state", "ended")).rows[0]["count"] == 1
    assert (await run("users", "delete", bob.user.id, "--yes", "--erase")).code == 0
    assert await live(store) == 0
    assert (await run("sessions", "count", "--state", "ended")).rows[0]["count"] == 1
    assert (await run("users", "delete", ada.user.id, "--yes", "--erase")).code == 0
    assert (await run("sessions", "count", "--state", "ended")).rows[0]["count"] == 0


async def test_nobody_is_deleted_without_a_yes(api: RunningApi, store: Store, run: Run) -> None:
    ada = await user(store)
    refused = await run("users", "delete", ada.user.id)
    assert refused.code == 2
    assert "add --yes" in refused.err
    with on_a_terminal("users", "delete", ada.user.id) as command:
        await command.shows("Delete ada@example.com, who has 1 live session? Type yes")
        await command.types("no\n")
        assert await command.ended() == 1
        assert command.shown.splitlines()[-1] == "nothing is deleted"
    assert await live(store) == 1


async def test_a_person_erases_also_what_is_left_of_a_deleted_user(
    api: RunningApi, store: Store, run: Run
) -> None:
    ada = await user(store)
    await run("users", "delete", ada.user.id, "--yes")
    with on_a_terminal("users", "delete", ada.user.id) as command:
        assert await command.ended() == 1
        assert command.shown == f"there is no user {ada.user.id} (404)\n"
    with on_a_terminal("users", "delete", ada.user.id, "--erase") as command:
        await command.shows("Type yes")
        await command.types("yes\n")
        assert await command.ended() == 0
        assert command.shown.splitlines()[-1] == f"User {ada.user.id} is erased."


async def test_all_that_is_kept_of_a_person_goes_into_one_file(
    api: RunningApi, store: Store, run: Run, tmp_path: Path
) -> None:
    ada = await user(store)
    await run("users", "signout", ada.user.id)
    exported = await run("users", "export", ada.user.id, "-o", "ada.json")
    assert (exported.code, exported.out) == (0, "")
    kept = json.loads((tmp_path / "ada.json").read_text())
    assert kept["application_user"]["email"] == "ada@example.com"
    assert len(kept["ended_sessions"]) == 1
    assert (await run("users", "export", ada.user.id)).out.endswith("}\n")
    assert os.listdir(tmp_path) == ["ada.json"]


@pytest.mark.parametrize(
    "command", ["get", "sessions", "signout", "block", "unblock", "export", "delete --yes"], ids=str
)
async def test_what_names_no_user_is_1_and_says_why(
    api: RunningApi, store: Store, run: Run, command: str
) -> None:
    unknown = await run("users", *command.split(), UNKNOWN)
    assert (unknown.code, unknown.out) == (1, "")
    of = "block of " if command == "unblock" else ""
    assert unknown.err == f"there is no {of}user {UNKNOWN} (404)\n"
    for wanted in ("tobias@example.com", "../tokens", 'x" || true || "'):
        nobody = await run("users", *command.split(), wanted)
        assert (nobody.code, nobody.out) == (1, "")
        assert nobody.err.startswith(f"{wanted} is no user's id; find it by `outerward users ls -q ")
    session = await session_of(store)
    other = await run("users", *command.split(), session.id)
    assert (other.code, other.err) == (1, f"{session.id} is a session's id; here a user's is wanted\n")
    assert await live(store) == 1


async def test_a_person_is_told_in_words(
    api: RunningApi, store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = (await user(store)).user.id
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    assert (await run("users", "signout", ada)).out == "ada@example.com is signed out: 1 session ended.\n"
    assert (await run("users", "block", ada)).out == "ada@example.com is blocked until `users unblock`.\n"
    assert "ada@example.com" in (await run("users", "blocks")).out
    assert (await run("users", "unblock", ada)).out == f"User {ada} may sign in again.\n"
    assert "Example Corp" in (await run("users", "ls")).out
    assert "E-mail verified" in (await run("users", "get", ada)).out
    assert (await run("users", "blocks")).err == "Nobody is blocked.\n"
    assert (await run("users", "delete", ada, "--yes")).out == f"User {ada} is deleted.\n"


async def test_a_user_without_any_name_is_shown_by_id(
    script: Script, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = {"id": "edgses_1", "application_user": {"id": "edgusr_1"}}
    script.will_answer(200, {"application_sessions": [row], "uri": "", "next_page_uri": None})
    script.will_answer(200, {"application_users": [], "uri": "", "next_page_uri": None})
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    assert "edgusr_1" in (await run("sessions", "ls")).out
