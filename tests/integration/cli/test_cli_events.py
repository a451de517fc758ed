"""``events`` and ``sessions watch``: what happened and what happens, over the real API and its stream."""

import asyncio
import json
from typing import Any

import pytest

from outerward.cli import following
from session_store import EndReason, SessionId, Store
from tests.integration.cli.conftest import Run, Script
from tests.integration.cli.terminal import Started, in_a_pipe, on_a_terminal
from tests.support.admin_api import RunningApi, session_of

STREAM = {"Content-Type": "text/event-stream"}


def rows(command: Started) -> list[Any]:
    """The whole lines of JSON that a command has written."""
    return [json.loads(line) for line in command.shown.split("\n")[:-1]]


async def test_events_are_listed_newest_first_and_chosen(api: RunningApi, store: Store, run: Run) -> None:
    ada, bob = await session_of(store, "ada"), await session_of(store, "bob")
    await run("users", "block", ada.user_id, "--reason", "left")
    await run("sessions", "revoke", bob.id)
    assert [row["type"] for row in (await run("events", "ls", "--type", "block,revoke")).rows] == [
        "revoke", "block", "revoke",
    ]  # fmt: skip
    only_bobs = (await run("events", "ls", "--user", bob.user_id, "--limit", "1")).rows
    assert [row["sessions"] for row in only_bobs] == [[bob.id]]


async def test_a_person_reads_what_happened(
    api: RunningApi, store: Store, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await session_of(store)
    await run("sessions", "revoke", session.id, "--reason", "lost phone")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    listed = (await run("events", "ls")).out.splitlines()
    shown = listed[-1].split(maxsplit=3)
    assert shown[:3] == ["now", "revoked", "ada@example.com"]
    assert shown[3].strip() == f'wiki, "lost phone", {session.id}, by bootstrap'


async def test_a_type_or_a_user_that_there_cannot_be_is_2_and_says_what_there_is(
    api: RunningApi, run: Run
) -> None:
    for command in ("ls", "tail"):
        refused = await run("events", command, "--type", "login,logn")
        assert (refused.code, refused.out) == (2, "")
        assert '"logn" is no type of event; there are access_changed, block, ' in refused.err
    assert (await run("events", "ls", "--type", "")).code == 2
    refused = await run("events", "ls", "--user", "nonsense")
    assert (refused.code, refused.out) == (2, "")
    assert "nonsense is no user's id; find it by `outerward users ls -q nonsense`" in refused.err


async def test_what_happens_is_told_as_it_happens_until_an_interrupt(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    begin = await store.last_event()
    with in_a_pipe("events", "tail", "--since", begin) as command:
        await store.end_application_session(session.id, EndReason.REVOKED, "bootstrap")
        await command.shows(session.id)
        await store.end_application_session((await session_of(store)).id, EndReason.LOGOUT, "ada")
        await command.shows('"logout"')
        assert await command.interrupted() == 130
    assert [row["type"] for row in rows(command)] == ["revoke", "logout"]


async def test_a_person_sees_what_happens_on_lines(api: RunningApi, store: Store) -> None:
    session = await session_of(store)
    with on_a_terminal("events", "tail", "--since", await store.last_event()) as command:
        await store.end_application_session(session.id, EndReason.REVOKED, "bootstrap")
        await command.shows(session.id)
    assert "revoked        ada@example.com" in command.shown


@pytest.mark.parametrize("since", ["a\r\nX: y", "", "é"], ids=["header", "empty", "letter"])
async def test_what_is_no_position_is_2(api: RunningApi, run: Run, since: str) -> None:
    assert (await run("events", "tail", "--since", since)).code == 2


async def test_a_position_that_the_api_refuses_is_1(api: RunningApi, run: Run) -> None:
    refused = await run("events", "tail", "--since", "edgses_1")
    assert (refused.code, refused.out) == (1, "")


async def test_new_sessions_and_ends_are_watched(api: RunningApi, store: Store) -> None:
    old = await session_of(store, "ada")
    with on_a_terminal("sessions", "watch", "--json") as command:
        await command.shows("")
        new = await appears(store, command, "bob")
        await store.end_application_session(old.id, EndReason.REVOKED, "bootstrap")
        await command.shows('"revoke"')
        assert await command.interrupted() == 130
    told = [json.loads(line) for line in command.shown.splitlines() if line.startswith("{")]
    assert {row["session"]["id"] for row in told if row["type"] == "session"} >= {new}
    assert [row["sessions"] for row in told if row["type"] == "revoke"] == [[old.id]]
    assert old.id not in [row["session"]["id"] for row in told if row["type"] == "session"]


async def appears(store: Store, command: Started, subject: str) -> SessionId:
    """A new session of ``subject`` that the command has shown.

    Those that begin while the command looks for the first time may be old to it, so another one follows.
    """
    while True:
        session = await session_of(store, subject)
        for _ in range(30):
            await asyncio.sleep(0.1)
            command.take()
            if session.id in command.shown:
                return session.id


async def test_a_filter_says_which_sessions_are_watched(api: RunningApi, store: Store) -> None:
    ada, bob = await session_of(store, "ada"), await session_of(store, "bob")
    with in_a_pipe("sessions", "watch", "--filter", 'obj.email == "ada@example.com"') as command:
        new = await appears(store, command, "ada")
        await session_of(store, "bob")
        await store.end_application_session(bob.id, EndReason.REVOKED, "bootstrap")
        await store.end_application_session(ada.id, EndReason.REVOKED, "bootstrap")
        await command.shows('"revoke"')
        await store.end_application_session(new, EndReason.LOGOUT, "ada")
        await command.shows('"logout"')
    told = rows(command)
    assert [row["sessions"] for row in told if row["type"] != "session"] == [[ada.id], [new]]
    users = {row["session"]["application_user"]["id"] for row in told if row["type"] == "session"}
    assert users == {ada.user_id}


async def test_a_person_sees_who_comes(api: RunningApi, store: Store) -> None:
    with on_a_terminal("sessions", "watch") as command:
        await command.shows("Watching")
        await appears(store, command, "ada")
    assert (
        "new session    ada@example.com           wiki, 192.0.2.7, Firefox on Linux, edgses_" in command.shown
    )


def told(number: int) -> bytes:
    """An event of the stream."""
    return f'id: evt_{number}\nevent: login\ndata: {{"number": {number}}}\n\n'.encode()


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PAUSES_S", (0.0,))


async def test_a_connection_that_breaks_is_opened_again_behind_the_last_event(
    script: Script, run: Run, no_pauses: None
) -> None:
    script.will_answer(200, b"id: evt_0\n\n" + told(1) + b"id: evt_2\ndata: cut", **STREAM)
    script.will_answer(503, {"msg": "away", "details": {}})
    script.will_answer(200, told(2), **STREAM)
    script.will_answer(401, {"msg": "revoked", "details": {}})
    followed = await run("events", "tail", "--type", "login")
    assert followed.rows == [{"number": 1}, {"number": 2}]
    assert followed.code == 1
    assert followed.err.splitlines() == [
        "The connection is lost; it is tried again.",
        "The connection is lost; it is tried again.",
        "the API does not accept the token (401): revoked",
    ]
    assert {path for path, _ in script.requests} == {"/events/stream?type=login"}
    assert script.positions == [None, "evt_1", "evt_1", "evt_2"]


async def test_events_that_were_missed_are_said_to_be_missed(
    script: Script, run: Run, no_pauses: None
) -> None:
    script.will_answer(200, b'event: gap\ndata: {"after": "evt_0"}\n\n' + told(9), **STREAM)
    script.will_answer(401, {"msg": "", "details": {}})
    followed = await run("events", "tail", "--since", "evt_0")
    assert followed.rows == [{"number": 9}]
    assert followed.err.startswith("Some events were missed")


async def test_where_nothing_can_be_followed_at_first_it_is_69(
    script: Script, run: Run, no_pauses: None
) -> None:
    for _ in range(8):
        script.will_answer(503, {"msg": "too many streams", "details": {}})
    script.will_answer(401, {"msg": "", "details": {}})
    for command in (("events", "tail"), ("sessions", "watch")):
        refused = await run(*command)
        assert (refused.code, refused.out) == (69, "")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{}", {}),
        (b"data: x\n\n", STREAM),
        (b"data: []\n\n", STREAM),
        (b"data: " + b"[" * 100_000 + b"\n\n", STREAM),
        (b"data: " + b"x" * 1_100_000, STREAM),
        (b"data: x\n" * 200_000, STREAM),
    ],
    ids=["no-stream", "no-json", "no-object", "deep", "long-line", "long-event"],
)
async def test_what_is_no_stream_of_events_is_said_to_be_none(
    script: Script, run: Run, no_pauses: None, body: bytes, headers: dict[str, str]
) -> None:
    script.will_answer(200, body, **headers)
    script.will_answer(401, {"msg": "", "details": {}})
    refused = await run("events", "tail")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == f"what answers at {script.url} is not the admin API\n"


async def test_a_long_filter_is_watched_too(api: RunningApi, store: Store) -> None:
    ada = await session_of(store, "ada")
    wanted = 'obj.email == "ada@example.com"'
    long = " || ".join([wanted] * (1900 // (len(wanted) + 4)))
    with in_a_pipe("sessions", "watch", "--filter", long) as command:
        await appears(store, command, "ada")
        await store.end_application_session(ada.id, EndReason.REVOKED, "bootstrap")
        await command.shows('"revoke"')
    assert [row["sessions"] for row in rows(command) if row["type"] == "revoke"] == [[ada.id]]
