"""The key of a name by which a provider ends sessions: no two names of any two providers meet."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_store.records import name_tag

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
PAIRS = st.tuples(ANY_TEXT, ANY_TEXT)


@given(PAIRS, PAIRS)
def test_two_names_have_one_key_only_where_both_issuer_and_name_are_the_same(
    one: tuple[str, str], two: tuple[str, str]
) -> None:
    assert (name_tag(*one) == name_tag(*two)) == (one == two)


@given(PAIRS)
def test_a_key_tells_nothing_of_the_name_and_needs_no_escaping(pair: tuple[str, str]) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", name_tag(*pair))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (("https://a", "bc"), ("https://ab", "c")),
        (("", "ab"), ("a", "b")),
        (("a\0", "b"), ("a", "\0b")),
        (("1:a", ""), ("", "1:a")),
        (("1", "2:ab"), ("12", ":ab")),
    ],
    ids=["next letter", "nothing", "zero byte", "length", "digit"],
)
def test_where_the_issuer_ends_is_part_of_the_key(one: tuple[str, str], two: tuple[str, str]) -> None:
    assert name_tag(*one) != name_tag(*two)
