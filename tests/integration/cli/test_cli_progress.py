"""A long revocation before a person: how far it has come, while it goes on."""

from tests.integration.cli.conftest import Script
from tests.integration.cli.terminal import in_a_pipe, on_a_terminal

ARGUMENTS = ("sessions", "revoke", "--filter", "f", "--yes")


def begun(script: Script) -> None:
    """A revocation of three thousand, of which a thousand are ended and the rest takes its time."""
    ids = [f"edgses_{number}" for number in range(1000)]
    part = {"matched": 1000, "users": 7, "yours": 0, "revoked": ids, "failed": [], "next": "n"}
    script.will_answer(200, {"count": 3000, "exact": True})
    script.will_answer(200, part)
    script.will_answer(200, b"{", **{"Content-Length": "1000", "X-Hang": "yes"})


async def test_a_person_sees_how_far_a_long_revocation_has_come(script: Script) -> None:
    begun(script)
    with on_a_terminal(*ARGUMENTS) as command:
        await command.shows("1,000 of 3,000")
        assert "sessions/s" in command.shown
        assert await command.interrupted() == 130
        assert "At least 1,000 of 3,000 sessions are ended" in command.shown


async def test_a_program_reads_ids_and_nothing_of_progress(script: Script) -> None:
    begun(script)
    with in_a_pipe(*ARGUMENTS) as command:
        await command.shows('"edgses_999"')
        assert await command.interrupted() == 130
        assert len(command.shown.splitlines()) == 1000


async def test_what_is_done_in_one_call_shows_no_bar(script: Script) -> None:
    script.will_answer(200, {"count": 1, "exact": True})
    script.will_answer(
        200, {"matched": 1, "users": 1, "yours": 1, "revoked": ["a"], "failed": [], "next": None}
    )
    with on_a_terminal(*ARGUMENTS) as command:
        assert await command.ended() == 0
        assert command.shown == "1 session of 1 user is ended.\n"


def counted(matched: int, following: str | None) -> dict[str, object]:
    """An answer of the API to a part of a dry run."""
    return {"matched": matched, "users": 7, "yours": 0, "revoked": [], "failed": [], "next": following}


async def test_counting_shows_how_far_it_has_come_from_the_second_part_on(script: Script) -> None:
    script.will_answer(200, counted(1000, "n1"))
    script.will_answer(200, counted(2000, "n2"))
    script.will_answer(200, b"{", **{"Content-Length": "1000", "X-Hang": "yes"})
    with on_a_terminal("sessions", "revoke", "--filter", "f", "--dry-run") as command:
        await command.shows("2,000  ")
        assert "1,000  " not in command.shown
        assert await command.interrupted() == 130


async def test_what_is_counted_in_one_call_shows_no_bar(script: Script) -> None:
    script.will_answer(200, counted(1000, None))
    with on_a_terminal("sessions", "revoke", "--filter", "f", "--dry-run") as command:
        assert await command.ended() == 0
        assert command.shown == "1,000 sessions of 7 users. Nothing is ended.\n"
