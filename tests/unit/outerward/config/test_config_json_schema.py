"""The schema for editors says what the loader says."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest
from msgspec import structs

from idp_adapters import OAuthSettings, OidcSettings, SamlSettings
from outerward.config import LogSettings, MetricsSettings, PrivacySettings, Settings
from outerward.config.json_schema import DIALECT, json_schema
from outerward.webhooks import WebhookSettings
from proxy import EdgeRouteSettings, EdgeSettings, GeoIPSettings, TunnelSettings

ROOT = Path(__file__).parents[4]
DOCUMENTS = sorted((ROOT / "docs").rglob("*.md"))
EXAMPLES = [
    (f"{path.name} {number}", text)
    for path in [ROOT / "README.md", *DOCUMENTS]
    for number, text in enumerate(re.findall(r"```toml\n(.+?)```", path.read_text(), re.DOTALL), 1)
] + [(path.name, path.read_text()) for path in sorted((ROOT / "examples").glob("*.toml"))]
STRUCTS = (
    EdgeSettings,
    GeoIPSettings,
    TunnelSettings,
    EdgeRouteSettings,
    OidcSettings,
    OAuthSettings,
    SamlSettings,
    LogSettings,
    MetricsSettings,
    PrivacySettings,
    WebhookSettings,
)
SCHEMA = json_schema()
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)
PROVIDER = {"type": "oidc", "issuer": "https://id.example.com", "client_id": "a", "client_secret": "b"}
TUNNEL = {"name": "a", "upstream": "http://a"}


def accepts(document: dict[str, Any]) -> bool:
    return VALIDATOR.is_valid(document)


def test_it_is_a_schema_of_the_draft_that_it_names() -> None:
    assert SCHEMA["$schema"] == DIALECT
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA
    assert jsonschema_rs.meta.is_valid(SCHEMA)


@pytest.mark.parametrize("kind", STRUCTS)
def test_it_has_every_key_of_a_section_and_no_other(kind: type[msgspec.Struct]) -> None:
    tag = kind.__struct_config__.tag_field
    described = SCHEMA["$defs"][kind.__name__]

    assert list(described["properties"]) == [
        *([tag] if tag else []),
        *(each.encode_name for each in structs.fields(kind)),
    ]
    assert described["additionalProperties"] is False


def test_it_has_every_section() -> None:
    assert list(SCHEMA["properties"]) == [each.encode_name for each in structs.fields(Settings)]


@pytest.mark.parametrize(("_name", "text"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_every_example_of_the_documents_is_valid(_name: str, text: str) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(tomllib.loads(text))] == []


@pytest.mark.parametrize(
    "document",
    [
        {"nothing": 1},
        {"edge": {"listn": "127.0.0.1:1"}},
        {"tunnel": [{**TUNNEL, "hostnam": "a.example.com"}]},
        {"provider": {"a": {**PROVIDER, "idp_metadata_url": "https://id.example.com"}}},
        {"provider": {"a": {"type": "saml", "attributes": {"mail": "a"}}}},
    ],
    ids=["top", "section", "list", "other type", "nested"],
)
def test_an_unknown_key_is_refused_wherever_it_stands(document: dict[str, Any]) -> None:
    assert not accepts(document)


@pytest.mark.parametrize(
    ("key", "value", "good"),
    [
        ("drain", "90s", True),
        ("drain", "0", True),
        ("drain", 0, True),
        ("drain", 30, False),
        ("drain", "90", False),
        ("drain", "90 s", False),
        ("max_line", "16k", True),
        ("max_line", 16384, True),
        ("max_line", "16kb", False),
        ("max_line", -1, False),
        ("workers", "auto", True),
        ("workers", 2, True),
        ("workers", "two", False),
        ("listen", "127.0.0.1:1", True),
        ("listen", ["127.0.0.1:1", "[::1]:1"], True),
        ("listen", [1], False),
        ("forwarded", "none", True),
        ("forwarded", "some", False),
        ("insecure_http", "true", False),
    ],
    ids=lambda value: str(value).replace(" ", "_"),
)
def test_values_are_valid_as_the_loader_takes_them(key: str, value: object, good: bool) -> None:
    assert accepts({"edge": {key: value}}) is good


def test_what_is_required_is_and_a_provider_is_of_one_type() -> None:
    assert accepts({"provider": {"a": PROVIDER}, "tunnel": [TUNNEL]})
    assert not accepts({"provider": {"a": {**PROVIDER, "type": "other"}}})
    assert not accepts({"provider": {"a": {"type": "oidc"}}})
    assert not accepts({"provider": {"a": {name: PROVIDER[name] for name in PROVIDER if name != "type"}}})
    assert not accepts({"tunnel": [{"name": "a"}]})
    assert not accepts({"tunnel": TUNNEL})
