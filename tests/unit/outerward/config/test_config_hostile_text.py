"""Whatever a file or the environment holds, the outcome is settings or errors in words, one line each."""

import tempfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from admin_api import AdminSettings
from idp_adapters import OidcSettings, SamlSettings
from idp_adapters.saml.settings import SamlAttributes
from outerward.cli.client_settings import load_client_settings
from outerward.config import ConfigErrors, LogSettings, Settings, load_settings, routes_of
from proxy import EdgeRouteSettings, EdgeSettings, TunnelSettings
from session_store import StoreSettings

SECTIONS = (
    EdgeSettings,
    AdminSettings,
    StoreSettings,
    OidcSettings,
    SamlSettings,
    SamlAttributes,
    TunnelSettings,
    EdgeRouteSettings,
)

_WORDS = [field.name for kind in (Settings, LogSettings, *SECTIONS) for field in structs.fields(kind)]
_WORDS += ["type", "corp", "geoip", "access"]
_TEXTS = st.sampled_from(
    ["", "*", "@example.com", "oidc", "saml", "corp", "127.0.0.1:0", "http://a", "https://a/b", "embedded",
     "redis://:pw@h", "unix:/s", "env:X", "file:/", "24h", "0", "10m", "auto", "/", "/a", "info", "none",
     "<x/>", "<", "-----BEGIN CERTIFICATE-----", "transient", "urn:a",
     "a\nb", "\x1b[2J", "\u202e", "ü.example", "10.0.0.0/8", "a" * 300]
)  # fmt: skip
_KEYS = st.one_of(st.sampled_from(_WORDS), st.text(max_size=5))
_VALUES = st.recursive(
    st.one_of(_TEXTS, st.booleans(), st.integers(-2, 2**70), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=4)),
    max_leaves=12,
)
_TABLES = st.dictionaries(st.sampled_from(_WORDS), _VALUES, max_size=6)
_DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "edge": _TABLES,
        "admin": _TABLES,
        "store": _TABLES,
        "log": _TABLES,
        "provider": st.dictionaries(_KEYS, _TABLES, max_size=2),
        "tunnel": st.lists(_TABLES, max_size=3),
        "edge_route": st.lists(_TABLES, max_size=3),
    },
)
_VARIABLES = st.dictionaries(
    st.one_of(
        st.sampled_from(_WORDS).map(lambda word: f"OUTERWARD_EDGE_{word.upper()}"),
        st.sampled_from(_WORDS).map(lambda word: f"OUTERWARD_STORE_{word.upper()}_FILE"),
        st.sampled_from(["OUTERWARD_PROVIDER_CORP_CLIENT_ID", "OUTERWARD_", "X", "OUTERWARD_\n"]),
    ),
    st.one_of(_TEXTS, st.just("\udcff"), st.just("a\0b")),
    max_size=3,
)


def _basic_string(text: str) -> str:
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'


def _toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case str():
            return _basic_string(value)
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case dict():
            return (
                "{"
                + ", ".join(f"{_basic_string(key)} = {_toml(inner)}" for key, inner in value.items())
                + "}"
            )
    raise TypeError(value)


def _load(text: str, environ: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "outerward.toml"
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        try:
            routes_of(load_settings(file, environ).settings, 4180)
        except ConfigErrors as found:
            lines = found.lines
            assert lines
            assert all(line.isprintable() and ":pw@" not in line for line in lines)
        with suppress(ConfigErrors):
            load_client_settings(file, environ)


@given(document=_DOCUMENTS, environ=_VARIABLES)
@settings(max_examples=100, deadline=None)
def test_any_document_is_settings_or_errors(document: dict[str, object], environ: dict[str, str]) -> None:
    _load("\n".join(f"{key} = {_toml(value)}" for key, value in document.items()), environ)


@given(st.text(st.sampled_from("[]{}=,.\"'#\\\n\r\t aedgtunl1-:TZ+_\u0000é"), max_size=60) | st.text())
@settings(max_examples=300, deadline=None)
def test_any_text_is_settings_or_errors(text: str) -> None:
    _load(text, {})


_GOOD = """\
state = "./data"
edge.listen = "127.0.0.1:4180"
edge.public_url = "https://a"
edge.trusted_proxies = ["10.0.0.0/8"]
admin.listen = "127.0.0.1:4040"
store.url = "redis://:pw@h"
store.secret = ["0123456789abcdef"]
[provider.corp]
type = "oidc"
issuer = "https://id.example.com"
client_id = "a"
client_secret = "b"
[provider.okta]
type = "saml"
idp_metadata_url = "https://id.example.com/metadata"
idp_entity_id = "https://id.example.com"
entity_id = "urn:a"
subject_attribute = "uid"
attributes = {email = "mail"}
nameid_format = "transient"
[[tunnel]]
name = "app"
hostname = "app.example.com"
public_url = "https://app.example.com"
upstream = "http://a"
provider = "corp"
allow = ["*"]
[[edge_route]]
edge = "apps"
hostname = "apps.example.com"
path_prefix = "/app"
public_url = "https://apps.example.com"
tunnel = "app"
provider = "corp"
allow = ["*"]
"""
_LINES = _GOOD.splitlines()
_ASSIGNMENTS = [number for number, line in enumerate(_LINES) if " = " in line]


@given(st.dictionaries(st.sampled_from(_ASSIGNMENTS), _VALUES, min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_a_good_configuration_with_any_values_is_settings_or_errors(changes: dict[int, object]) -> None:
    lines = list(_LINES)
    for number, value in changes.items():
        lines[number] = f"{lines[number].partition(' = ')[0]} = {_toml(value)}"
    _load("\n".join(lines), {})


def test_the_good_configuration_is_good() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "outerward.toml"
        file.write_text(_GOOD)
        assert len(routes_of(load_settings(file, {}).settings, 4180)) == 2
