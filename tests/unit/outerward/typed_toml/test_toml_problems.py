from pathlib import Path

import pytest

from outerward.errors import ConfigErrors
from outerward.typed_toml.problems import Origins, Problems

DOCUMENT = {
    "tunnel": [{"name": "app"}, {}, {"name": 3}],
    "edge_route": [{"edge": "apps", "path_prefix": "/x"}],
}
LINES = {(): 1, ("tunnel", 0): 3, ("tunnel", 0, "name"): 4, ("tunnel", 1): 5, ("edge",): 9}


def problems(**elsewhere: str) -> Problems:
    return Problems(
        Origins("o.toml", LINES, DOCUMENT, {("edge", key): name for key, name in elsewhere.items()})
    )


def lines(found: Problems) -> tuple[str, ...]:
    with pytest.raises(ConfigErrors) as raised:
        found.raise_if_any()
    return raised.value.lines


def test_nothing_found_raises_nothing() -> None:
    problems().raise_if_any()


def test_a_key_has_its_line_or_that_of_the_nearest_table() -> None:
    found = problems()
    found.add(("tunnel", 0, "name"), "a")
    found.add(("tunnel", 0, "allow", 2), "b")
    found.add(("tunnel", 1, "name"), "c")
    found.add(("edge_route", 0, "allow"), "d")
    assert lines(found) == (
        "o.toml:1: edge_route[apps/x].allow: d",
        "o.toml:3: tunnel[app].allow: b",
        "o.toml:4: tunnel[app].name: a",
        "o.toml:5: tunnel[#2].name: c",
    )


def test_a_value_from_elsewhere_has_the_name_of_that_place() -> None:
    found = problems(listen="--listen")
    found.add(("edge", "listen", 1), "a")
    found.add(("edge", "workers"), "b")
    found.add_elsewhere("NAME", ("edge", "x"), "c")
    assert lines(found) == ("NAME: edge.x: c", "--listen: edge.listen: a", "o.toml:9: edge.workers: b")


def test_text_from_outside_cannot_break_a_line() -> None:
    found = problems(listen="a\nb")
    found.add(("edge", "listen"), "x\ny\x1b[2J\u202e")
    found.add(("provider", "a.b\n", ""), "x" * 100_000)
    found.add_elsewhere("N\n", ("edge",), "y\n")
    found.warn_elsewhere("N\n", "z")
    assert all(line.isprintable() for line in (*lines(found), *found.warnings))
    assert 'provider."a.b\\n"."": ' in lines(found)[1]
    assert max(map(len, lines(found))) < 6000


def test_a_password_in_a_url_that_is_quoted_is_left_out() -> None:
    found = problems()
    found.add(("edge",), '"redis://user:hunter2@h/0" and "http://:hunter2@@h" are wrong')
    assert lines(found) == ('o.toml:9: edge: "redis://…@h/0" and "http://…@h" are wrong',)


def test_a_password_in_a_url_that_is_taken_for_a_path_is_left_out() -> None:
    found = problems()
    found.add(("edge",), f"{Path('/etc') / 'redis://:hunter2@h/0'} cannot be read")
    assert lines(found) == ("o.toml:9: edge: /etc/redis:/…@h/0 cannot be read",)


def test_the_nearest_word_is_suggested_and_a_distant_one_is_not() -> None:
    found = problems()
    found.add(("edgee",), "unknown key", word="edgee", near=["edge", "admin"])
    found.add(("zzz",), "unknown key", word="zzz", near=["edge", "admin"])
    assert lines(found) == ("o.toml:1: edgee: unknown key (did you mean edge?)", "o.toml:1: zzz: unknown key")


def test_what_is_under_an_unsound_key_is_unsound() -> None:
    found = problems()
    found.distrust(("tunnel", 0))
    assert not found.sound(("tunnel", 0, "name"))
    assert found.sound(("tunnel", 1, "name"))
    assert found.sound(("tunnel",))
    assert found.parsed(("tunnel", 0, "name"), int, "no number") is None
    assert found.parsed(("tunnel", 1, "name"), int, "7") == 7
    found.raise_if_any()
