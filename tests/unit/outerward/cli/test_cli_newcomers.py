"""Sessions that are new since the last look, told by the head of a list that the test writes."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from outerward.cli.client import AdminClient, Row
from outerward.cli.moments import rfc3339
from outerward.cli.newcomers import Newcomers
from outerward.cli.selection import Selection
from outerward.errors import OuterwardError

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


class Listed:
    """A client whose list is ``rows``, the newest first; ``read`` counts how many were read."""

    def __init__(self) -> None:
        self.rows_: list[Row] = []
        self.read = 0
        self.queries: list[Any] = []

    def add(self, session_id: str, seconds: float) -> None:
        """A session that began so many seconds after noon."""
        row = {"id": session_id, "created_at": rfc3339(NOON + timedelta(seconds=seconds))}
        self.rows_ = sorted([row, *self.rows_], key=lambda each: str(each["created_at"]), reverse=True)

    def rows(self, _path: str, _member: str, _limit: None, query: Mapping[str, str]) -> Iterator[Row]:
        self.queries.append(query)
        for row in self.rows_:
            self.read += 1
            yield row

    def not_the_api(self) -> OuterwardError:
        return OuterwardError("not the API")


@pytest.fixture
def listed() -> Listed:
    return Listed()


def looking(listed: Listed) -> Newcomers:
    return Newcomers(cast("AdminClient", listed), Selection("f"))


def ids(rows: list[Row]) -> list[str]:
    return [row["id"] for row in rows]


def test_what_is_there_at_first_is_not_new_and_what_comes_is_new_once(listed: Listed) -> None:
    listed.add("a", 0)
    newcomers = looking(listed)
    assert newcomers.look() == []
    listed.add("b", 1)
    listed.add("c", 2)
    assert ids(newcomers.look()) == ["b", "c"]
    assert newcomers.look() == []
    assert listed.queries == [{"filter": "f"}] * 3


def test_after_an_empty_list_everything_is_new(listed: Listed) -> None:
    newcomers = looking(listed)
    assert newcomers.look() == []
    listed.add("a", 0)
    listed.add("b", 100)
    assert ids(newcomers.look()) == ["a", "b"]
    assert newcomers.look() == []


def test_one_that_is_listed_behind_a_newer_one_is_found_too(listed: Listed) -> None:
    listed.add("a", 0)
    newcomers = looking(listed)
    newcomers.look()
    listed.add("late", -5)
    assert ids(newcomers.look()) == ["late"]
    assert newcomers.look() == []


def test_a_look_reads_no_further_than_a_little_behind_the_newest(listed: Listed) -> None:
    for number in range(1000):
        listed.add(f"old{number}", -1000 - number)
    listed.add("a", 0)
    newcomers = looking(listed)
    newcomers.look()
    listed.add("b", 1)
    newcomers.look()
    assert listed.read <= 5


def test_when_the_newest_have_ended_the_older_ones_are_not_new(listed: Listed) -> None:
    listed.add("old", -100)
    listed.add("a", 0)
    newcomers = looking(listed)
    newcomers.look()
    listed.rows_ = listed.rows_[1:]
    assert newcomers.look() == []
    assert newcomers.look() == []


@pytest.mark.parametrize(
    "row", [{}, {"id": "a", "created_at": "x"}, {"id": 3, "created_at": rfc3339(NOON)}], ids=str
)
def test_what_is_no_session_is_not_the_apis(listed: Listed, row: Row) -> None:
    listed.rows_ = [row]
    with pytest.raises(OuterwardError, match="not the API"):
        looking(listed).look()
