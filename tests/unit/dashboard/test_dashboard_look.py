"""The dashboard and the visitors' pages look like one program: what both name, both colour alike."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
_BLOCK = re.compile(r":root\s*\{([^}]*)\}")
_COLOUR = re.compile(r"(--[\w-]+):\s*(#[0-9a-f]{3,6});")


def colours(stylesheet: str) -> list[dict[str, str]]:
    """The colours by name: in the light, then in the dark."""
    text = (REPOSITORY / stylesheet).read_text()
    return [dict(_COLOUR.findall(block)) for block in _BLOCK.findall(text)]


def test_the_colours_of_visitors_pages_are_those_of_the_dashboard() -> None:
    visitors, administrators = colours("proxy/templates/page.css"), colours("dashboard/static/style.css")
    assert [len(each) > 5 for each in visitors] == [True, True]
    for ours, theirs in zip(administrators, visitors, strict=True):
        assert {name: ours.get(name) for name in theirs} == theirs
