"""``sessions revoke`` of many, over the real API, in a pipe and before a person."""

import asyncio

import pytest

from session_store import Store
from tests.integration.cli.conftest import Run
from tests.integration.cli.terminal import on_a_terminal
from tests.support.admin_api import RunningApi, session_of

FILTER = ("--filter", 'obj.email == "ada@example.com"')


async def live(store: Store) -> set[str]:
    """The ids of all live sessions."""
    return {view.session.id for view in (await store.sessions(limit=100, before=None)).items}


async def test_several_sessions_are_ended_by_their_ids(api: RunningApi, store: Store, run: Run) -> None:
    first, second, stays = [(await session_of(store, name)).id for name in ("ada", "bob", "eve")]
    ended = await run("sessions", "revoke", first, second, first)
    assert (ended.code, ended.err) == (0, "")
    assert {row["id"] for row in ended.rows} == {first, second}
    assert await live(store) == {stays}


async def test_what_cannot_be_ended_is_named_and_the_others_are_ended(
    api: RunningApi, store: Store, run: Run
) -> None:
    session, unknown = (await session_of(store)).id, "edgses_" + "0" * 27
    ended = await run("sessions", "revoke", session, unknown, "nonsense")
    assert (ended.code, ended.rows) == (1, [{"id": session, "revoked": True}])
    assert ended.err.splitlines() == [
        "nonsense is no session's id; find it by `outerward sessions ls -q nonsense`",
        f"there is no live session {unknown}",
    ]
    assert await live(store) == set()


async def test_a_users_id_ends_no_session_and_a_malformed_one_is_none(
    api: RunningApi, store: Store, run: Run
) -> None:
    session = await session_of(store)
    refused = await run("sessions", "revoke", session.user_id, "edgses_1")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.splitlines() == [
        f"{session.user_id} is a user's id; here a session's is wanted",
        "there is no live session edgses_1",
    ]
    assert await live(store) == {session.id}


async def test_a_filter_ends_what_it_finds_and_the_reason_is_kept(
    api: RunningApi, store: Store, run: Run
) -> None:
    found = {(await session_of(store, "ada")).id for _ in range(3)}
    stays = (await session_of(store, "bob")).id
    ended = await run("sessions", "revoke", *FILTER, "--yes", "--reason", "stolen laptop")
    assert (ended.code, ended.err) == (0, "")
    assert {row["id"] for row in ended.rows} == found
    assert await live(store) == {stays}
    told = (await run("events", "ls", "--type", "revoke")).rows
    assert {row["details"]["note"] for row in told} == {"stolen laptop"}


async def test_a_dry_run_counts_and_ends_nothing(api: RunningApi, store: Store, run: Run) -> None:
    ids = [(await session_of(store, "ada")).id for _ in range(3)]
    counted = {"matched": 3, "users": 1, "yours": 0}
    assert (await run("sessions", "revoke", *FILTER, "--dry-run")).rows == [counted]
    assert (await run("sessions", "revoke", *ids, "--dry-run")).rows == [counted]
    assert await live(store) == set(ids)


async def test_nobody_is_asked_where_nobody_sits(api: RunningApi, store: Store, run: Run) -> None:
    session = await session_of(store)
    refused = await run("sessions", "revoke", *FILTER)
    assert (refused.code, refused.out) == (2, "")
    assert "add --yes" in refused.err
    assert await live(store) == {session.id}


async def test_a_filter_that_the_shell_took_apart_is_said_to_need_quotes(
    api: RunningApi, store: Store, run: Run
) -> None:
    session = await session_of(store)
    apart = ("--filter", "obj.country_code", "==", "XX")
    for command in ("sessions ls", "sessions count", "sessions export", "sessions watch", "users ls"):
        refused = await run(*command.split(), *apart)
        assert refused.code == 2
        assert "(== XX); a filter is one argument, in quotes." in refused.err
    refused = await run("sessions", "revoke", "--yes", *apart)
    assert refused.code == 2
    assert "one of the two; a filter is one argument, in quotes." in refused.err
    assert await live(store) == {session.id}
    for plain in (("sessions", "ls", "extra"), ("sessions", "ls", *apart[:2], "--limit", "x")):
        assert "quotes" not in (await run(*plain)).err


WRONG = {
    "nothing is named": [],
    "named and found": [*FILTER, "edgses_1"],
    "empty reason": [*FILTER, "--reason", ""],
    "long reason": [*FILTER, "--reason", "x" * 201],
    "reason of two lines": [*FILTER, "--reason", "a\nb"],
}


@pytest.mark.parametrize("arguments", WRONG.values(), ids=WRONG)
async def test_a_wrong_command_line_ends_nothing(
    api: RunningApi, store: Store, run: Run, arguments: list[str]
) -> None:
    session = await session_of(store)
    assert (await run("sessions", "revoke", "--yes", *arguments)).code == 2
    assert await live(store) == {session.id}


@pytest.mark.parametrize(
    ("answer", "code", "closing"),
    [
        ("yes\n", 0, "7 sessions of 1 user are ended."),
        ("\n", 1, "nothing is ended"),
        ("y\n", 1, "nothing is ended"),
    ],
    ids=["yes", "enter", "y"],
)
async def test_a_person_sees_what_is_found_and_only_yes_ends_it(
    api: RunningApi, store: Store, answer: str, code: int, closing: str
) -> None:
    for _ in range(7):
        await session_of(store, "ada")
    bob = await session_of(store, "bob")
    with on_a_terminal("sessions", "revoke", *FILTER) as command:
        await command.shows("Type yes to go on")
        assert "7 sessions of 1 user." in command.shown
        assert command.shown.count("ada@example.com") == 5
        assert "… and 2 more" in command.shown
        assert len(await live(store)) == 8
        await command.types(answer)
        assert await command.ended() == code
        assert command.shown.splitlines()[-1] == closing
    assert (await live(store) == {bob.id}) == (code == 0)


async def test_an_interrupt_at_the_question_ends_nothing(api: RunningApi, store: Store) -> None:
    session = await session_of(store, "ada")
    with on_a_terminal("sessions", "revoke", *FILTER) as command:
        await command.shows("Type yes to go on")
        assert await command.interrupted() == 130
    assert await live(store) == {session.id}


async def test_where_nothing_is_found_nobody_is_asked(api: RunningApi) -> None:
    with on_a_terminal("sessions", "revoke", *FILTER) as command:
        assert await command.ended() == 0
        assert command.shown.splitlines()[-1] == "The filter finds no live session."


async def test_a_person_is_told_what_a_dry_run_counts(api: RunningApi, store: Store) -> None:
    await asyncio.gather(session_of(store, "ada"), session_of(store, "ada"))
    with on_a_terminal("sessions", "revoke", *FILTER, "--dry-run") as command:
        assert await command.ended() == 0
        assert command.shown.splitlines()[-1] == "2 sessions of 1 user. Nothing is ended."
