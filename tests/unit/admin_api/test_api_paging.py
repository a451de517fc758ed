"""Which page a caller asks for, and the link to the next."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_api.paging import Slice, next_page_uri, requested_slice
from admin_api.problems import Code, Problem
from session_store import IdSource

USER = IdSource(lambda: 1_790_000_000, bytes).user()


def code_of(query: dict[str, str]) -> Code:
    with pytest.raises(Problem) as caught:
        requested_slice(query, "edgusr_")
    return caught.value.code


def test_without_parameters_the_first_hundred_are_meant() -> None:
    assert requested_slice({}, "edgusr_") == Slice(100, None)


@pytest.mark.parametrize("limit", range(1, 101))
def test_every_limit_from_1_to_100_is_taken(limit: int) -> None:
    assert requested_slice({"limit": str(limit)}, "edgusr_").limit == limit


@pytest.mark.parametrize(
    "limit",
    [
        *["", "0", "00", "01", "101", "1000", "-1", "+1", "1.0", "1e1", "1e9", "x", " 1", "1 ", "1\n", "0x1"],
        *["²", "٣", "１", "1_0", "None", "true", "9" * 5000],
    ],
)
def test_any_other_limit_is_refused(limit: str) -> None:
    assert code_of({"limit": limit}) is Code.BAD_LIMIT


@given(st.text(max_size=8) | st.integers(-200, 200).map(str))
def test_a_limit_is_a_plain_number_within_bounds_or_refused(limit: str) -> None:
    if limit in map(str, range(1, 101)):
        assert requested_slice({"limit": limit}, "edgusr_").limit == int(limit)
    else:
        assert code_of({"limit": limit}) is Code.BAD_LIMIT


def test_a_position_is_an_id_of_the_listed_kind() -> None:
    assert requested_slice({"before_id": USER}, "edgusr_").before == USER


@pytest.mark.parametrize(
    "before",
    [
        "",
        "garbage",
        USER[:-1],
        USER + "0",
        USER.upper(),
        IdSource(lambda: 1_790_000_000, bytes).session(),
        "edgusr_" + "z" * 27,
    ],
)
def test_another_position_is_refused(before: str) -> None:
    assert code_of({"before_id": before}) is Code.BAD_BEFORE_ID


def test_the_next_link_keeps_the_other_parameters_and_replaces_the_position() -> None:
    link = next_page_uri("https://admin.example/app/users", {"limit": "2", "before_id": "old"}, USER)
    assert link.startswith("https://admin.example/app/users?")
    assert parse_qsl(urlsplit(link).query) == [("limit", "2"), ("before_id", USER)]
