from datetime import UTC, datetime, timedelta, timezone

import click
import pytest

from outerward.cli.deadline import Deadline
from outerward.cli.moments import moment, relative, rfc3339

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("apart", "words"),
    [
        (timedelta(0), "now"),
        (timedelta(seconds=-4), "now"),
        (timedelta(seconds=4), "now"),
        (timedelta(seconds=-59), "59 s ago"),
        (timedelta(seconds=-60), "1 min ago"),
        (timedelta(minutes=-59, seconds=-59), "59 min ago"),
        (timedelta(hours=-1), "1 h ago"),
        (timedelta(hours=-23), "23 h ago"),
        (timedelta(days=-1), "1 day ago"),
        (timedelta(days=-59), "59 days ago"),
        (timedelta(days=-61), "2026-03-04"),
        (timedelta(seconds=20), "in 20 s"),
        (timedelta(minutes=5), "in 5 min"),
        (timedelta(days=7, seconds=-2), "in 7 days"),
        (timedelta(hours=24), "in 1 day"),
        (timedelta(days=365), "2027-05-04"),
    ],
    ids=str,
)
def test_a_time_is_told_as_seen_from_now(apart: timedelta, words: str) -> None:
    assert relative(NOW + apart, NOW) == words


@pytest.mark.parametrize(
    "text", ["", "x", None, 3, {}, "2026-05-04T12:00:00", "2026-05-04", "99999999999999"], ids=repr
)
def test_what_is_no_moment_is_none(text: object) -> None:
    assert moment(text) is None


def test_a_moment_is_written_in_utc_and_whole_seconds() -> None:
    at = moment("2026-05-04T14:00:00.9+02:00")
    assert at is not None
    assert rfc3339(at) == "2026-05-04T12:00:00Z"
    assert rfc3339(NOW.astimezone(timezone(timedelta(hours=-3)))) == "2026-05-04T12:00:00Z"


@pytest.mark.parametrize(
    "text", ["", "soon", "0", "1ms", "7", "2020-01-01T00:00:00Z", "2099-01-01", "99999999d"], ids=repr
)
def test_what_is_no_deadline_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Deadline().convert(text, None, None)


def test_a_deadline_is_a_duration_from_now_or_a_time() -> None:
    before = datetime.now(UTC)
    assert before <= Deadline().convert("7d", None, None) - timedelta(days=7) <= datetime.now(UTC)
    assert rfc3339(Deadline().convert("2099-01-01T00:00:00+01:00", None, None)) == "2098-12-31T23:00:00Z"
