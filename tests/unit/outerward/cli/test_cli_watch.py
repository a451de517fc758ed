"""In which order what arrives and what is found in the list is shown."""

import json
import queue
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outerward.cli import main
from outerward.cli.api_command import Api
from outerward.cli.client import AdminClient, Row
from outerward.cli.newcomers import Newcomers
from outerward.cli.selection import Selection
from outerward.cli.watch import LONGEST_FILTER, Arrived, Display, asked_at_once
from outerward.errors import OuterwardError, Unreachable
from session_store.query import syntax


class Looks:
    """Newcomers as the test has them; an error is raised."""

    def __init__(self, *found: list[Row] | OuterwardError) -> None:
        self.left = list(found)

    def look(self) -> list[Row]:
        found = self.left.pop(0)
        if isinstance(found, OuterwardError):
            raise found
        return found


def shown(capsys: pytest.CaptureFixture[str], looks: Looks, *arrives: Row | OuterwardError) -> list[Any]:
    """What is shown until the last of ``arrives``, which is an error."""
    arrived: Arrived = queue.SimpleQueue()
    for each in arrives:
        arrived.put(each)
    display = Display(Api(cast("AdminClient", None), True), Selection())
    with pytest.raises(OuterwardError, match="the end"):
        display.show(arrived, cast("Newcomers", looks))
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_session_is_shown_before_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    session = {"id": "edgses_1", "created_at": "2026-05-04T12:00:00Z"}
    told = shown(
        capsys, Looks([session]), {"type": "revoke", "sessions": ["edgses_1"]}, OuterwardError("the end")
    )
    assert told == [
        {"type": "session", "at": "2026-05-04T12:00:00Z", "session": session},
        {"type": "revoke", "sessions": ["edgses_1"]},
    ]


def test_an_event_is_shown_also_where_the_list_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    told = shown(capsys, Looks(Unreachable("away")), {"type": "login"}, OuterwardError("the end"))
    assert told == [{"type": "login"}]


class Matching:
    """A client that notes the filters it is asked by, and finds nothing."""

    def __init__(self) -> None:
        self.filters: list[str] = []

    def rows(self, _path: str, _member: str, _limit: int, query: dict[str, str]) -> list[Row]:
        self.filters.append(query["filter"])
        return []


IDS = [f"edgses_{number:027d}" for number in range(45)]


@given(st.integers(1, 1944))
def test_a_filter_and_the_ids_it_is_asked_about_are_what_the_api_reads(length: int) -> None:
    client = Matching()
    display = Display(Api(cast("AdminClient", client), True), Selection("f" * length))
    arrived: Arrived = queue.SimpleQueue()
    arrived.put({"type": "revoke", "sessions": IDS})
    arrived.put(OuterwardError("the end"))
    with pytest.raises(OuterwardError, match="the end"):
        display.show(arrived, cast("Newcomers", Looks([])))
    assert max(map(len, client.filters)) <= syntax.LONGEST_FILTER == LONGEST_FILTER
    asked = [each for part in client.filters for each in json.loads(part.partition("obj.id in ")[2])]
    assert asked == IDS


def test_a_short_filter_asks_about_twenty_and_one_too_long_about_none() -> None:
    assert [asked_at_once("f" * length) for length in (1, 1900, 1944, 1945)] == [20, 2, 1, 0]


def test_a_filter_that_leaves_no_room_is_a_wrong_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OUTERWARD_ADMIN_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("OUTERWARD_ADMIN_TOKEN", "t")
    assert main(["sessions", "watch", "--filter", "f" * 1945]) == 2
    assert "is too long to watch: at most 1,944 characters" in capsys.readouterr().err
