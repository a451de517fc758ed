import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from outerward.cli.refusals import Refused
from outerward.cli.selection import ENDED, BadFilter, Selection, pointed
from outerward.errors import OuterwardError
from outerward.plain_text import printable


def test_only_what_was_asked_for_is_a_parameter() -> None:
    assert Selection().query() == {}
    assert Selection("f", "t", ENDED).query() == {"filter": "f", "q": "t", "state": "ended"}


def test_the_caret_stands_below_the_mistake() -> None:
    assert pointed("a = 1", 2) == "  a = 1\n    ^"


def test_the_caret_may_stand_behind_the_end() -> None:
    assert pointed("a ==", 4) == "  a ==\n      ^"
    assert pointed("a ==", 400) == pointed("a ==", 4)


def test_of_a_long_filter_what_is_around_the_mistake_is_shown() -> None:
    shown, caret = pointed("a" * 100 + "=" + "b" * 100, 100).splitlines()
    assert shown == "  …" + "a" * 40 + "=" + "b" * 29 + "…"
    assert shown[caret.index("^")] == "="


def test_wide_and_escaped_characters_do_not_move_the_caret() -> None:
    assert pointed("日本\n= x", 3) == "  日本\\n= x\n        ^"


@given(st.text(max_size=200), st.integers(0, 300))
def test_any_filter_is_two_printable_lines_with_the_caret_at_the_place(text: str, position: int) -> None:
    shown, caret = pointed(text, position).split("\n")
    assert (shown + caret).isprintable()
    assert caret.strip(" ") == "^"
    rest = printable(text[position:][:30], 31)
    assert cell_len(caret) - 1 == cell_len(
        shown.removesuffix("…" if len(text) > position + 30 else "")
    ) - cell_len(rest)


def refused(**details: str) -> Refused:
    return Refused("the API answered 400: said so", 400, details)


def test_a_refused_filter_is_a_mistake_of_the_command_line() -> None:
    with pytest.raises(BadFilter) as caught, Selection("a = 1").explained():
        raise refused(message="Write ==.", position="2")
    assert str(caught.value) == "the filter is wrong: Write ==.\n  a = 1\n    ^"
    assert caught.value.exit_code == 2


def test_too_broad_a_filter_names_what_would_help() -> None:
    with (
        pytest.raises(OuterwardError, match=r"one of tunnel, ip_address$") as caught,
        Selection("a").explained(),
    ):
        raise refused(fields="tunnel, ip_address")
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    "details",
    [{}, {"message": "x"}, {"position": "1"}, {"message": "x", "position": "-1"},
     {"message": "x", "position": "a"}, {"message": "x", "position": ""}],
    ids=str,
)  # fmt: skip
def test_a_refusal_without_a_place_stays_what_it_is(details: dict[str, str]) -> None:
    with pytest.raises(Refused), Selection("a = 1").explained():
        raise refused(**details)


def test_hostile_words_in_a_refusal_are_one_line() -> None:
    with pytest.raises(BadFilter) as caught, Selection("a").explained():
        raise refused(message="\x1b[2J\n" + "x" * 1000, position="9" * 5000)
    assert str(caught.value).replace("\n", "").isprintable()
    assert len(str(caught.value)) < 400
