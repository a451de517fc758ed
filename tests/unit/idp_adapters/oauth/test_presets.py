"""The presets are data, short, and say where they were read."""

import ast
from pathlib import Path

import pytest

from idp_adapters import PRESETS, presets
from idp_adapters.destinations import Destinations
from idp_adapters.presets import OAuth, OpenId

MAX_LINES = 15


def entries() -> dict[str, int]:
    """The lines that each entry of the file takes."""
    tree = ast.parse(Path(presets.__file__).read_text())
    table = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and node.target.id == "PRESETS"
    )
    assert isinstance(table, ast.Dict)
    return {
        ast.literal_eval(key): (value.end_lineno or 0) - key.lineno + 1
        for key, value in zip(table.keys, table.values, strict=True)
        if key is not None
    }


def test_a_preset_takes_at_most_fifteen_lines() -> None:
    assert entries().keys() == PRESETS.keys()
    assert {name: lines for name, lines in entries().items() if lines > MAX_LINES} == {}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_names_the_page_that_it_was_read_in_and_only_public_addresses(name: str) -> None:
    preset = PRESETS[name]  # type: ignore[index]
    speaks = preset.protocol
    urls = [preset.documentation, speaks.issuer]
    if isinstance(speaks, OAuth):
        urls += [
            url.replace("{issuer}", speaks.issuer)
            for url in (speaks.authorization_endpoint, speaks.token_endpoint, speaks.profile)
        ]
    elif speaks.quirks.overage_url:
        urls.append(speaks.quirks.overage_url)

    for url in urls:
        assert url.startswith("https://")
        Destinations().check_url(url)


def test_those_of_openid_connect_ask_for_it() -> None:
    for preset in PRESETS.values():
        assert ("openid" in preset.scopes) == isinstance(preset.protocol, OpenId)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_has_a_page_that_says_what_its_email_means(name: str) -> None:
    page = (Path(__file__).parents[4] / "docs/providers" / f"{name}.md").read_text()

    assert PRESETS[name].documentation in page  # type: ignore[index]
    assert "e-mail" in page
    assert f'provider = "{name}"' in page
