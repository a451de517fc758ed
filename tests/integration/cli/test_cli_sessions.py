"""Sessions found, counted and exported by the command line, over the real API."""

import csv
import os
import stat
from pathlib import Path

import pytest
from click import unstyle

from session_store import ApplicationSession, Context, Location, Store
from tests.integration.cli.conftest import Run, Script
from tests.support.admin_api import FIREFOX, WIKI, RunningApi, session_of, sign_in


async def session_from(store: Store, country: str, subject: str = "ada") -> ApplicationSession:
    """A session of ``subject`` whose address is in ``country``."""
    browser = await sign_in(store, subject)
    session = await store.start_application_session(
        browser,
        WIKI,
        expires_at=browser.expires_at,
        idle_timeout_s=0,
        context=Context(ip_address="192.0.2.9", user_agent=FIREFOX, location=Location(country_code=country)),
    )
    assert isinstance(session, ApplicationSession)
    return session


async def test_a_filter_and_a_search_say_what_is_listed_and_counted(
    api: RunningApi, store: Store, run: Run
) -> None:
    german, french = await session_from(store, "DE"), await session_from(store, "FR", "bob")
    german_filter = ("--filter", 'obj.country_code == "DE"')
    for choice, wanted in ((german_filter, german), (("-q", "bo"), french)):
        listed = await run("sessions", "ls", *choice)
        assert [row["id"] for row in listed.rows] == [wanted.id]
        assert (await run("sessions", "count", *choice)).rows == [{"count": 1, "exact": True}]
    assert (await run("sessions", "count")).rows == [{"count": 2, "exact": True}]
    assert [row["email"] for row in (await run("users", "ls", "-q", "ada")).rows] == ["ada@example.com"]


async def test_ended_sessions_are_listed_and_shown_where_they_are_asked_for(
    api: RunningApi, store: Store, run: Run
) -> None:
    ended, live = await session_of(store, "ada"), await session_of(store, "bob")
    assert (await run("sessions", "revoke", ended.id, "--reason", "left the firm")).code == 0
    listed = await run("sessions", "ls", "--state", "ended")
    assert [row["id"] for row in listed.rows] == [ended.id]
    assert listed.rows[0]["outerward"]["ended_reason"] == "revoked"
    shown = await run("sessions", "get", ended.id)
    assert (shown.code, shown.err) == (0, f"Session {ended.id} has ended.\n")
    assert shown.rows[0]["outerward"]["ended_reason"] == "revoked"
    assert (await run("sessions", "get", live.id)).err == ""
    unknown = "edgses_" + "0" * 27
    gone = await run("sessions", "get", unknown)
    assert (gone.code, gone.out, gone.err) == (1, "", f"there is no session {unknown} (404)\n")


async def test_a_person_sees_why_a_session_has_ended_and_its_accesses(
    api: RunningApi, store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await session_from(store, "DE")
    await run("sessions", "revoke", session.id)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    shown = (await run("sessions", "get", session.id)).out
    assert "Ended by" in shown
    assert "192.0.2.9" in shown.splitlines()[-1]


async def test_tables_fit_80_columns_with_whole_ids(
    api: RunningApi, store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await session_from(store, "DE", "a-rather-long-name")
    ended = await session_from(store, "DE", "somebody-else")
    await run("users", "block", ended.user_id, "--reason", "a reason of some length", "--until", "30d")
    await run("tokens", "create", "--name", "a token with quite a long name", "--scope", "revoke")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    tables = {
        "sessions ls": session.id,
        "sessions ls --state ended": ended.id,
        "users ls": session.user_id,
        f"users sessions {session.user_id}": session.id,
        "users blocks": ended.user_id,
        "tokens ls": "owtok_",
        "events ls": "blocked",
    }
    for command, whole in tables.items():
        shown = unstyle((await run(*command.split())).out)
        assert whole in shown
        assert [line for line in shown.splitlines() if len(line.rstrip()) > 80] == []
    headings, *_ = unstyle((await run("sessions", "ls")).out).splitlines()
    assert headings.split()[:6] == ["Session", "User", "Tunnel", "IP", "address", "Last"]


async def test_a_person_is_told_what_there_is_none_of(
    api: RunningApi, store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert (await run("sessions", "ls")).err == "There is no live session.\n"
    assert (await run("sessions", "ls", "-q", "x")).err == "There is no such live session.\n"
    assert (await run("sessions", "ls", "--state", "ended")).err == "There is no ended session.\n"
    user_id = (await session_of(store)).user_id
    none = await run("users", "sessions", user_id, "--state", "ended")
    assert none.err == "The user has no ended session.\n"


async def test_a_person_sees_names_and_accesses(
    api: RunningApi, store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await session_from(store, "DE")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "ada@example.com" in (await run("sessions", "ls")).out
    shown = (await run("sessions", "get", session.id)).out
    assert "User id" in shown
    assert shown.splitlines()[-1].split() == ["now", "now", "0", "192.0.2.9", "DE", "Firefox", "Linux", "-"]
    assert (await run("sessions", "count")).out == "1 live session\n"


@pytest.mark.parametrize(
    "command", ["ls", "count", "export", "export --format json", "revoke --dry-run", "watch"]
)
async def test_a_wrong_filter_is_2_and_points_at_the_place(api: RunningApi, run: Run, command: str) -> None:
    refused = await run("sessions", *command.split(), "--filter", 'obj.country_code = "XX"')
    assert (refused.code, refused.out) == (2, "")
    told, shown, caret = refused.err.splitlines()
    assert told.startswith("the filter is wrong: ")
    assert shown == '  obj.country_code = "XX"'
    assert caret.index("^") == shown.index("= ")


@pytest.mark.parametrize("command", ["ls", "count", "export", "watch", "revoke"])
async def test_an_empty_filter_is_not_taken_for_everything(api: RunningApi, run: Run, command: str) -> None:
    refused = await run("sessions", command, "--filter", " ")
    assert (refused.code, refused.out) == (2, "")
    assert "must not be empty" in refused.err


async def test_too_broad_a_filter_names_the_fields_that_would_help(script: Script, run: Run) -> None:
    script.will_answer(400, {"msg": "Too many.", "details": {"fields": "ip_address, tunnel"}})
    refused = await run("sessions", "ls", "--filter", 'obj.os_name == "Linux"')
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.endswith("by a condition on one of ip_address, tunnel\n")


async def test_an_export_is_a_table_or_lines_in_a_file_that_its_owner_alone_reads(
    api: RunningApi, store: Store, run: Run, tmp_path: Path
) -> None:
    ids = [(await session_of(store, f"user{number}")).id for number in range(3)]
    exported = await run("sessions", "export", "-o", "all.csv")
    assert (exported.code, exported.out) == (0, "")
    with (tmp_path / "all.csv").open(newline="") as file:
        assert [row["id"] for row in csv.DictReader(file)] == ids[::-1]
    assert (tmp_path / "all.csv").stat().st_mode & 0o777 == 0o600
    lines = await run("sessions", "export", "--format", "json", "--filter", f'obj.id == "{ids[0]}"')
    assert [row["id"] for row in lines.rows] == [ids[0]]
    assert (await run("sessions", "export")).out.encode().replace(b"\n", b"\r\n").startswith(b"id,")
    assert os.listdir(tmp_path) == ["all.csv"]


async def test_json_is_the_format_of_an_export_too(api: RunningApi, store: Store, run: Run) -> None:
    session = await session_of(store)
    assert [row["id"] for row in (await run("sessions", "export", "--json")).rows] == [session.id]
    both = await run("sessions", "export", "--json", "--format", "csv")
    assert (both.code, both.out) == (2, "")


async def test_a_person_is_told_how_many_sessions_are_in_the_file(
    api: RunningApi, store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await session_of(store, f'a "b"\n{number}')
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for file_format, name in (("csv", "all.csv"), ("json", "all.jsonl")):
        exported = await run("sessions", "export", "--format", file_format, "-o", name)
        assert exported.out == f"3 live sessions in {name}\n"
    none = await run("sessions", "export", "-q", "nobody", "-o", "none.csv")
    assert none.out == "0 live sessions in none.csv\n"


async def test_an_export_that_breaks_off_is_69_and_leaves_the_file_that_was_there(
    script: Script, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "all.csv").write_text("yesterday's")
    script.will_answer(200, b"id,public_url\r\n", **{"Content-Length": "1000"})
    broken = await run("sessions", "export", "-o", "all.csv")
    assert broken.code == 69
    assert (tmp_path / "all.csv").read_text() == "yesterday's"
    assert os.listdir(tmp_path) == ["all.csv"]


async def test_a_place_that_cannot_be_written_is_1_in_words(script: Script, run: Run) -> None:
    script.will_answer(200, b"id\r\n")
    refused = await run("sessions", "export", "-o", "no-such-folder/all.csv")
    assert (refused.code, refused.err) == (1, "no-such-folder/all.csv: No such file or directory\n")
    full = await run("sessions", "export", "-o", "/dev/full")
    assert (full.code, full.err) == (1, "/dev/full: No space left on device\n")
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


async def test_an_export_to_a_terminal_does_not_act_on_it(
    script: Script, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.will_answer(200, "id\r\na\x1b[2Jb\u202e\r\n".encode())
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert (await run("sessions", "export")).out == "id\na\\x1b[2Jb\\u202e\n"


async def test_a_count_that_is_none_is_not_the_apis(script: Script, run: Run) -> None:
    script.will_answer(200, {"count": "many"})
    refused = await run("sessions", "count")
    assert (refused.code, refused.err) == (1, f"what answers at {script.url} is not the admin API\n")


async def test_tunnels_are_listed_by_name_with_their_sessions(script: Script, run: Run) -> None:
    listed = [{"id": f"tn_{name}", "name": name, "sessions": 3} for name in ("wiki", "app", "notes")]
    script.will_answer(200, {"tunnels": listed, "uri": "", "next_page_uri": None})
    assert [row["name"] for row in (await run("tunnels", "ls")).rows] == ["app", "notes", "wiki"]
    assert (await run("tunnels", "ls", "--limit", "1")).rows == [listed[1]]
