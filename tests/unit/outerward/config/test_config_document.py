"""``docs/configuration.md`` says what the schema says."""

import re
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec import structs

from admin_api import AdminSettings
from idp_adapters import OAuthSettings, OidcSettings, SamlSettings
from outerward.config import (
    LogSettings,
    MetricsSettings,
    PrivacySettings,
    load_settings,
    login_host_of,
    routes_of,
)
from outerward.webhooks import WebhookSettings
from proxy import EdgeRouteSettings, EdgeSettings, TunnelSettings
from proxy.addresses import (
    LOGIN_PATH,
    SIGNED_OUT_PATH,
    backchannel_logout_path,
    callback_path,
    frontchannel_logout_path,
    saml_path,
)
from session_store import EVENT_TYPES, StoreSettings
from tests.support.saml_messages import certificate_of, sp_key

ROOT = Path(__file__).parents[4]
TEXT = (ROOT / "docs/configuration.md").read_text()
EXAMPLES = re.findall(r"```toml\n(.+?)```", TEXT, re.DOTALL)
TUNNEL = 'name = "a"\nhostname = "a.example.com"\nupstream = "http://a"\nallow = ["*"]\n'
SECTIONS: dict[str, type[msgspec.Struct]] = {
    "## `[edge]`": EdgeSettings,
    "## `[admin]`": AdminSettings,
    "## `[store]`": StoreSettings,
    '## `[provider.NAME]`, `type = "oidc"`': OidcSettings,
    '## `[provider.NAME]`, `type = "oauth"`': OAuthSettings,
    '## `[provider.NAME]`, `type = "saml"`': SamlSettings,
    "## `[[tunnel]]`": TunnelSettings,
    "## `[[edge_route]]`": EdgeRouteSettings,
    "## `[log]`": LogSettings,
    "## `[metrics]`": MetricsSettings,
    "## `[privacy]`": PrivacySettings,
    "## `[[webhook]]`": WebhookSettings,
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
    (tmp_path / "outerward.toml").write_text(EXAMPLES[0])
    loaded = load_settings(tmp_path / "outerward.toml", {"CORP_SECRET": "x"})
    assert loaded.warnings == ()


def test_the_example_of_a_well_known_provider_is_a_good_one(tmp_path: Path) -> None:
    (example,) = [each for each in EXAMPLES if 'type = "oauth"' in each]
    (tmp_path / "outerward.toml").write_text(f'{example}[[tunnel]]\n{TUNNEL}provider = "github"\n')
    loaded = load_settings(tmp_path / "outerward.toml", {"GITHUB_SECRET": "x"})
    assert isinstance(loaded.settings.provider["github"], OAuthSettings)
    assert loaded.warnings == ()


@pytest.mark.parametrize(
    "example",
    [each for each in EXAMPLES if 'type = "saml"' in each],
    ids=["keycloak", "entra", "okta", "simplesamlphp", "own key"],
)
def test_every_saml_example_is_a_good_provider(tmp_path: Path, example: str) -> None:
    name = example.partition("[provider.")[2].partition("]")[0]
    key = sp_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for file in ("sp.crt", "federation.pem"):
        (tmp_path / file).write_bytes(certificate_of(sp_key()).public_bytes(Encoding.PEM))
    (tmp_path / "sp.key").write_bytes(key)
    (tmp_path / "federation.xml").write_text("<EntitiesDescriptor/>")
    (tmp_path / "outerward.toml").write_text(f'{example}[[tunnel]]\n{TUNNEL}provider = "{name}"\n')
    loaded = load_settings(tmp_path / "outerward.toml", {})
    assert isinstance(loaded.settings.provider[name], SamlSettings)
    assert loaded.warnings == ()


def test_the_saml_example_is_accepted_and_names_our_own_addresses() -> None:
    loaded = load_settings(ROOT / "examples/saml.toml", {})
    assert loaded.warnings == ()
    (route,) = routes_of(loaded.settings, 4180)
    for what in ("metadata", "slo"):
        assert (
            f"# {route.origin}{saml_path(route.providers[0], what)}\n"
            in (ROOT / "examples/saml.toml").read_text()
        )


def test_what_to_register_is_what_the_program_serves() -> None:
    paths = [callback_path("NAME"), backchannel_logout_path("NAME"), frontchannel_logout_path("NAME")]
    paths += [saml_path("NAME", what) for what in ("metadata", "acs", "slo")]
    paths += [SIGNED_OUT_PATH, LOGIN_PATH]
    assert set(re.findall(r"^\| .+ \| `ORIGIN(/[^`]+)`", TEXT, re.MULTILINE)) == set(paths)


def test_every_place_that_the_text_points_to_is_there() -> None:
    headings = set(re.findall(r"^#+ (.+?)(?::.*)?$", TEXT, re.MULTILINE))
    pointed = re.findall(r"see \*([A-Z][^*]+)\*", TEXT)
    assert pointed
    assert set(pointed) <= headings


def test_the_example_of_a_login_host_is_accepted_and_names_its_one_address() -> None:
    example = ROOT / "examples/login-host.toml"
    loaded = load_settings(example, {"CORP_SECRET": "x", "GITHUB_SECRET": "y"})
    assert loaded.warnings == ()
    login = login_host_of(loaded.settings, 4180)
    assert login is not None
    assert f"{login.origin}{callback_path('corp')}" in example.read_text()
    assert len({route.hostname for route in routes_of(loaded.settings, 4180)}) == 3


def test_every_type_of_event_is_named_and_no_other() -> None:
    (told,) = re.findall(r"The types are (.+?)\.\n", TEXT, re.DOTALL)

    assert set(re.findall(r"`(\w+)`", told)) == EVENT_TYPES


def test_the_webhook_example_is_a_good_one(tmp_path: Path) -> None:
    (example,) = [each for each in EXAMPLES if "[[webhook]]" in each]
    (tmp_path / "outerward.toml").write_text(example)
    loaded = load_settings(tmp_path / "outerward.toml", {"WEBHOOK_SECRET": "s" * 32})
    assert loaded.settings.webhook[0].events == ("login_denied", "new_country", "block")
