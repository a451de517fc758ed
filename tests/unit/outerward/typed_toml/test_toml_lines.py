import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outerward.typed_toml.lines import key_lines


def at(text: str) -> dict[str, int]:
    return {".".join(map(str, key)): line for key, line in key_lines(text).items() if key}


def test_keys_of_the_top_and_of_tables_are_found() -> None:
    assert at('a = 1\n\n[t]\nb = 2\n[t.u]\nc = "x"\n') == {"a": 1, "t": 3, "t.b": 4, "t.u": 5, "t.u.c": 6}


def test_arrays_of_tables_are_counted_and_their_subtables_follow_the_last() -> None:
    text = "[[r]]\na = 1\n[r.s]\nb = 1\n\n[[r]]\na = 2\n[r.s]\nb = 2\n"
    lines = key_lines(text)
    assert lines["r", 0] == 1
    assert lines["r", 0, "s", "b"] == 4
    assert lines["r", 1] == 6
    assert lines["r", 1, "s", "b"] == 9


def test_elements_of_an_array_over_several_lines_have_their_own() -> None:
    lines = key_lines('allow = [\n  "a",  # the first ]\n\n  "b", ["c",\n"d"],\n]\nlast = 1\n')
    assert [lines["allow", i] for i in range(3)] == [2, 4, 4]
    assert lines["allow", 2, 1] == 5
    assert lines[("last",)] == 7


def test_dotted_and_quoted_keys_and_inline_tables_are_one_way_to_say_the_same() -> None:
    lines = key_lines('"a b".\'c.d\'.e = { x = 1, y.z = [1, 2] }\n["\\u0041"]\nk = 1\n')
    assert lines["a b", "c.d", "e", "y", "z", 1] == 1
    assert lines["A", "k"] == 3


@pytest.mark.parametrize(
    "value",
    [
        '"""\n# = [\n"""',
        "'''\n[x]\ny = '' \n'''",
        '"""a\\"""\nb"""""',
        "''''a\n'''''",
        '"a # \\" ] b"\n',
        "1979-05-27 07:32:00.5\n",
        '[ "]", \'[\', """\n]""" ]\n',
    ],
)
def test_nothing_inside_a_value_is_taken_for_a_key(value: str) -> None:
    text = f"a = {value}\nlast = 1"
    assert set(at(text)) - {"a.0", "a.1", "a.2"} == {"a", "last"}
    assert at(text)["last"] == text.count("\n") + 1


_KEYS = st.sampled_from(["a", "b", '"q.\\n"', "'l'", "x-1", "a.b", "a.'c'"])
_SCALARS = st.sampled_from(
    ["1", "-1.5e3", "inf", "true", '"s"', "'l'", '"""m\n"""', "'''\n'''", "07:32:00", "2020-01-01T00:00:00Z"]
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: "[\n" + ",#c ]\n".join(parts) + "]"),
        st.lists(st.tuples(st.sampled_from("xyz"), inner), max_size=2, unique_by=lambda pair: pair[0]).map(
            lambda pairs: "{" + ", ".join(f"{key} = {value}" for key, value in pairs) + "}"
        ),
    ),
    max_leaves=6,
)
_LINES = st.one_of(
    st.tuples(_KEYS, _VALUES).map(lambda pair: f"{pair[0]} = {pair[1]}"),
    _KEYS.map(lambda key: f"[{key}]"),
    _KEYS.map(lambda key: f"[[ {key} ]]  # c"),
    st.sampled_from(["", "# a = 1", "   "]),
)


def _paths(value: object, key: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return {key}.union(*(_paths(inner, (*key, name)) for name, inner in value.items()))
    if isinstance(value, list):
        return {key}.union(*(_paths(inner, (*key, i)) for i, inner in enumerate(value)))
    return {key}


@given(st.lists(_LINES, max_size=8).map("\n".join))
def test_every_key_that_tomllib_finds_has_a_line_and_no_other_has(text: str) -> None:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    lines = key_lines(text)
    assert set(lines) == _paths(document)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
