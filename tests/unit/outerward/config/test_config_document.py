"""``docs/configuration.md`` says what the schema says."""

import re
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from admin_api import AdminSettings
from idp_adapters import OidcSettings
from outerward.config import LogSettings, MetricsSettings, load_settings
from proxy import EdgeRouteSettings, EdgeSettings, TunnelSettings
from session_store import StoreSettings

TEXT = (Path(__file__).parents[4] / "docs/configuration.md").read_text()
SECTIONS: dict[str, type[msgspec.Struct]] = {
    "## `[edge]`": EdgeSettings,
    "## `[admin]`": AdminSettings,
    "## `[store]`": StoreSettings,
    "## `[provider.NAME]`": OidcSettings,
    "## `[[tunnel]]`": TunnelSettings,
    "## `[[edge_route]]`": EdgeRouteSettings,
    "## `[log]`": LogSettings,
    "## `[metrics]`": MetricsSettings,
}


def rows(heading: str) -> dict[str, str]:
    """Key to *type, default* of the section's table."""
    (section,) = [part for part in TEXT.split("\n\n## ") if f"## {part}".startswith(heading)]
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", section, re.MULTILINE))


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_key_is_documented_and_no_other(heading: str) -> None:
    keys = [each.encode_name for each in structs.fields(SECTIONS[heading])]
    tag = SECTIONS[heading].__struct_config__.tag_field
    assert list(rows(heading)) == [*([tag] if tag else []), *keys]


@pytest.mark.parametrize("heading", SECTIONS)
def test_what_is_required_is_documented_as_such(heading: str) -> None:
    for each in structs.fields(SECTIONS[heading]):
        documented = rows(heading)[each.encode_name]
        assert each.required == documented.endswith("**required**")


def test_the_example_is_a_good_configuration(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.+?)```", TEXT, re.DOTALL)
    (tmp_path / "outerward.toml").write_text(example)
    loaded = load_settings(tmp_path / "outerward.toml", {"CORP_SECRET": "x"})
    assert loaded.warnings == ()
