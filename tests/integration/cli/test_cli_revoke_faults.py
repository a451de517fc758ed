"""``sessions revoke`` of many, where something goes wrong in the middle."""

from typing import Any

import pytest

from outerward.cli import ending
from tests.integration.cli.conftest import Run, Script
from tests.integration.cli.terminal import on_a_terminal

REVOKE = ("sessions", "revoke", "--filter", "f", "--yes")
AWAY = {"msg": "away", "details": {}}


def part(
    matched: int, *revoked: str, following: str | None = None, failed: tuple[str, ...] = ()
) -> dict[str, Any]:
    """An answer of the API to a part of a revocation."""
    return {
        "matched": matched,
        "users": 1,
        "yours": 0,
        "revoked": list(revoked),
        "failed": [{"id": each, "msg": "gone"} for each in failed],
        "next": following,
    }


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "PAUSES_S", (0.0, 0.0))


@pytest.fixture
def counted(script: Script) -> Script:
    """What is asked first: about how many there are."""
    script.will_answer(200, {"count": 5, "exact": True})
    return script


async def test_the_parts_follow_each_other_and_only_the_first_names_the_filter(
    counted: Script, run: Run
) -> None:
    counted.will_answer(200, part(2, "a", "b", following="n1"))
    counted.will_answer(200, part(4, "c", "d", following="n2"))
    counted.will_answer(200, part(5, "e"))
    ended = await run(*REVOKE, "--reason", "why")
    assert [row["id"] for row in ended.rows] == ["a", "b", "c", "d", "e"]
    assert counted.bodies == [{"filter": "f", "reason": "why"}, {"next": "n1"}, {"next": "n2"}]


async def test_a_part_that_was_not_confirmed_is_repeated_and_that_is_said(counted: Script, run: Run) -> None:
    counted.will_answer(200, part(2, "a", following="n1"))
    counted.will_answer(503, AWAY)
    counted.will_answer(200, part(3, "b"))
    ended = await run(*REVOKE)
    assert (ended.code, [row["id"] for row in ended.rows]) == (0, ["a", "b"])
    assert "more may be ended than are counted" in ended.err
    assert counted.bodies == [{"filter": "f"}, {"next": "n1"}, {"next": "n1"}]


async def test_a_store_that_stays_away_is_69_with_how_far_it_came(counted: Script, run: Run) -> None:
    counted.will_answer(200, part(2, "a", "b", following="n1"))
    counted.will_answer(503, AWAY)
    failed = await run(*REVOKE)
    assert (failed.code, len(failed.rows)) == (69, 2)
    assert failed.err.splitlines() == [
        "the API cannot serve this now (503): away",
        "At least 2 of 5 sessions are ended; the same command goes on with the rest.",
    ]
    assert len(counted.bodies) == 4


async def test_a_refusal_in_the_middle_is_1_with_how_far_it_came(counted: Script, run: Run) -> None:
    counted.will_answer(200, part(2, "a", "b", following="n1"))
    counted.will_answer(401, {"msg": "no", "details": {}})
    failed = await run(*REVOKE)
    assert failed.code == 1
    assert failed.err.startswith("the API does not accept the token (401): no\nAt least 2 of 5 ")


async def test_a_revocation_that_leads_in_a_circle_comes_to_an_end(counted: Script, run: Run) -> None:
    counted.will_answer(200, part(1, "a", following="n1"))
    ended = await run(*REVOKE)
    assert (ended.code, len(ended.rows)) == (0, 2)


async def test_an_interrupt_in_the_middle_is_130_with_how_far_it_came(counted: Script) -> None:
    counted.will_answer(200, part(2, "a", "b", following="n1"))
    counted.will_answer(200, b"{", **{"Content-Length": "1000", "X-Hang": "yes"})
    with on_a_terminal(*REVOKE, "--json") as command:
        await command.shows('{"id": "b"')
        assert await command.interrupted() == 130
        assert command.shown.strip().splitlines()[-1] == (
            "Interrupted. At least 2 of 5 sessions are ended; the same command goes on with the rest."
        )


@pytest.mark.parametrize(
    "answer",
    [{}, [], {**part(1), "revoked": "a"}, {**part(1), "failed": [{"id": 3}]}, {**part(1), "next": 3}],
    ids=["empty", "list", "text", "failure", "next"],
)
async def test_what_is_no_part_is_said_to_be_none(counted: Script, run: Run, answer: object) -> None:
    counted.will_answer(200, answer)
    refused = await run(*REVOKE)
    assert (refused.code, refused.err) == (1, f"what answers at {counted.url} is not the admin API\n")


async def test_a_thousand_ids_go_in_one_call_and_each_once(script: Script, run: Run) -> None:
    ids = [f"edgses_{number:027d}" for number in range(1500)]
    script.will_answer(200, part(1000, failed=("x\x1b[2J", *(str(number) for number in range(30)))))
    script.will_answer(200, part(500))
    failed = await run("sessions", "revoke", *ids, *ids)
    assert [body["ids"] for body in script.bodies] == [ids[:1000], ids[1000:]]
    assert failed.code == 1
    assert failed.err.splitlines()[0] == "there is no live session x\\x1b[2J"
    assert failed.err.splitlines()[-1] == "and 11 more"
