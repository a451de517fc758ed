"""Which modules a page needs: the import lines as they are written here, followed to the end."""

from pathlib import Path

import pytest

from dashboard.modules import NoSuchModule, needed
from dashboard.places import PAGES

STATIC = Path(__file__).parents[3] / "dashboard" / "static"

LAYERS = (
    {"vendor", "page.js", "texts.js"},
    {"words"},
    {"api"},
    {"lists"},
    {"heading.js", "kept_focus.js", "location_state.js"},
    {"parts"},
    {"pages"},
    {"main.js"},
)
"""The scripts from the lowest to the highest: each imports its own and lower ones."""

SOURCES = {
    "main.js": 'import { a,\n  b } from "./page.js";\nimport "./say.js";\nawait import("./pages/late.js");',
    "page.js": "export { x } from './parts/x.js'",
    "say.js": 'const text = "a";\n// import { z } from "./nothing.js"\nexport const from = "./nothing.js";',
    "parts/x.js": 'import * as all from "../say.js";\nimport y from "./y.js";',
    "parts/y.js": 'import { x } from "./x.js";',
    "other.js": "",
}


def test_all_that_is_imported_at_once_is_needed_each_once() -> None:
    assert needed(["main.js"], SOURCES) == ("main.js", "page.js", "parts/x.js", "parts/y.js", "say.js")


def test_what_is_imported_later_or_by_nobody_is_not() -> None:
    assert {"other.js", "pages/late.js"}.isdisjoint(needed(["main.js"], SOURCES))


@pytest.mark.parametrize(
    "line",
    [
        'import "./gone.js";',
        'import "../out.js";',
        'import { h } from "preact";',
        'import "https://x.example/y.js";',
    ],
    ids=["not there", "above", "by a bare name", "of another host"],
)
def test_an_import_that_leads_nowhere_is_an_error(line: str) -> None:
    with pytest.raises(NoSuchModule):
        needed(["main.js"], {"main.js": line})


def test_every_import_line_of_the_pages_is_understood() -> None:
    """Each line that begins with ``import`` names a module that was found: none is passed over."""
    paths = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*.js")}
    sources = {name: path.read_text() for name, path in paths.items()} | {"texts.js": ""}
    for name, text in sources.items():
        lines = [line for line in text.splitlines() if line.startswith("import ") and "vendor" not in name]
        assert len(needed([name], {**dict.fromkeys(sources, ""), name: text})) >= 1 + len(set(lines)), name


def layer_of(name: str) -> int:
    """How high the module lies; one in a folder that has no layer is in none."""
    folder = name.partition("/")[0]
    (layer,) = (place for place, layer in enumerate(LAYERS) if folder in layer)
    return layer


def test_no_script_imports_from_a_layer_above_its_own() -> None:
    """Words, the API, lists, parts, pages: the lower is used and tested without what is above."""
    sources = {path.relative_to(STATIC).as_posix(): path.read_text() for path in STATIC.rglob("*.js")}
    sources["texts.js"] = ""
    upwards = [
        f"{name} imports {found}"
        for name, text in sources.items()
        for found in needed([name], {**dict.fromkeys(sources, ""), name: text})
        if layer_of(found) > layer_of(name)
    ]

    assert upwards == []


def test_every_page_has_its_module() -> None:
    there = {path.stem for path in (STATIC / "pages").iterdir()}

    assert {page.name for page in PAGES} <= there
