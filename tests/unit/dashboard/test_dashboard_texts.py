"""The catalogue: what is said, in which form, and that pages and catalogue name the same texts."""

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import pytest

from dashboard.texts import BadCatalogue, Texts

ROOT = Path(__file__).parents[3] / "dashboard"
SAID = re.compile(r"""\bsay\(\s*["']([^"']+)["']""")
NAMED = re.compile(r"""["'`]([a-z][a-z0-9_]*(?:\.[a-z0-9_]+)+)["'`]""")

WORD = re.compile(r"""(?<=["'`])[\w.]+(?=["'`])|\w+(?=: )""")

OF_THE_API = (
    r"acts\.term\.\w+",
    r"events\.(changed|detail|state|type)\.\w+",
    r"events\.told\.\w+(\.\w+)?",
    r"overview\.(edge|store)\.\w+",
    r"parts\.flag\.\w+",
    r"session\.(kind|network|reason)\.\w+",
    r"sessions\.(field|operator|unit)\.\w+",
    r"tokens\.scope\.\w+",
)
"""The keys that scripts put together out of what the API says or takes."""

OF_A_PART = (
    r"(overview|users|user|sessions|session|tunnels|events|tokens)\.(\w+)",
    r"(sessions\.(?:many|mark))\.(\w+)",
    r"(acts)\.(\w+)_short",
)
"""The keys that scripts put together out of a word of their own, as a column's name."""


def catalogue(folder: Path, texts: Mapping[str, Mapping[str, object]]) -> Texts:
    language = folder / "en"
    language.mkdir()
    for name, entries in texts.items():
        (language / name).write_text(json.dumps(entries))
    return Texts.read(language)


def own() -> Texts:
    return Texts.read(files("dashboard") / "texts" / "en")


def sources(*suffixes: str) -> str:
    paths = (path for path in sorted(ROOT.rglob("*")) if "vendor" not in path.parts)
    return "\n".join(path.read_text() for path in paths if path.suffix in suffixes)


def test_a_text_is_said_with_its_values(tmp_path: Path) -> None:
    texts = catalogue(tmp_path, {"a.json": {"a.hello": "{name}, {name} and {n}"}})

    assert texts.lang == "en"
    assert texts.say("a.hello", name="{n}", n=3) == "{n}, {n} and 3"


@pytest.mark.parametrize(("count", "said"), [(0, "0 rows"), (1, "1 row"), (2, "2 rows")])
def test_a_text_of_two_forms_goes_by_the_count(tmp_path: Path, count: int, said: str) -> None:
    texts = catalogue(tmp_path, {"a.json": {"a.rows": {"one": "{count} row", "other": "{count} rows"}}})

    assert texts.say("a.rows", count=count) == said


def test_a_text_that_is_not_there_is_an_error_and_no_blank(tmp_path: Path) -> None:
    texts = catalogue(tmp_path, {"a.json": {"a.hello": "{name}"}})

    with pytest.raises(KeyError):
        texts.say("a.goodbye")
    with pytest.raises(KeyError):
        texts.say("a.hello")


@pytest.mark.parametrize(
    "entries",
    [{"a.x": 1}, {"a.x": {"one": "x"}}, {"a.x": {"one": "x", "other": "y", "few": "z"}}, {"b.x": "again"}],
    ids=["no text", "half of two forms", "a third form", "a key of another file"],
)
def test_a_catalogue_that_cannot_be_meant_is_refused(tmp_path: Path, entries: Mapping[str, object]) -> None:
    with pytest.raises(BadCatalogue):
        catalogue(tmp_path, {"a.json": entries, "b.json": {"b.x": "x"}})


def test_scripts_get_the_whole_catalogue_as_a_module(tmp_path: Path) -> None:
    texts = catalogue(
        tmp_path, {"b.json": {"b.x": "</script>"}, "a.json": {"a.n": {"one": "1", "other": "n"}}}
    )

    first, second, end = texts.module().decode().split(";\n")
    assert (first, end) == ('export const LANG = "en"', "")
    assert json.loads(second.removeprefix("export const TEXTS = ")) == {
        "b.x": "</script>",
        "a.n": {"one": "1", "other": "n"},
    }


def test_every_text_that_templates_and_scripts_say_is_in_the_catalogue() -> None:
    said = set(SAID.findall(sources(".html", ".js")))

    assert said
    assert said - own().all_keys() == set()


def test_every_text_of_the_catalogue_is_said_somewhere() -> None:
    named = set(NAMED.findall(sources(".html", ".js", ".py")))
    words = set(WORD.findall(sources(".js")))

    def is_put_together(key: str) -> bool:
        of_a_part = (re.fullmatch(shape, key) for shape in OF_A_PART)
        return bool(re.fullmatch("|".join(OF_THE_API), key)) or any(
            found is not None and {found[2], f"{found[1]}.{found[2]}"} & words for found in of_a_part
        )

    assert {key for key in own().all_keys() - named if not is_put_together(key)} == set()


@pytest.mark.parametrize("shape", OF_THE_API + OF_A_PART)
def test_every_shape_of_a_key_that_is_put_together_leads_to_a_text(shape: str) -> None:
    assert any(re.fullmatch(shape, key) for key in own().all_keys())


def test_both_forms_of_a_text_are_filled_from_the_same_values() -> None:
    slots = re.compile(r"\{(\w+)\}")
    for file in (ROOT / "texts" / "en").iterdir():
        for key, text in json.loads(file.read_text()).items():
            if isinstance(text, dict):
                assert set(slots.findall(text["one"])) <= set(slots.findall(text["other"])), key
