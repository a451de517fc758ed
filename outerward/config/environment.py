"""Which environment variables and flags stand for which keys."""

from collections.abc import Mapping

from msgspec import Struct, structs

from outerward.config.schema import LATER, Settings
from outerward.typed_toml import Given, Key, Text, Variables

PREFIX = "OUTERWARD_"
FLAGS: Mapping[str, Key] = {
    "--listen": ("edge", "listen"),
    "--workers": ("edge", "workers"),
    "--admin-listen": ("admin", "listen"),
    "--store": ("store", "url"),
}
CLIENT_VARIABLES = ("OUTERWARD_ADMIN_URL", "OUTERWARD_ADMIN_TOKEN")
_SECTIONS = ("edge", "admin", "store", "geoip", "log", "metrics", "privacy")
_PROVIDER_KEYS = ("client_id", "client_secret")


def from_flags(overrides: Mapping[str, str]) -> list[Given]:
    """The values of ``overrides``, from flag name (``--listen``) to text."""
    return [Given(FLAGS[flag], Text(text), flag) for flag, text in overrides.items()]


def variables_for(document: Mapping[str, object]) -> Variables:
    """The variables that may be set beside ``document``; its providers have some of their own."""
    keys: dict[str, list[Key]] = {}
    for key in (*_section_keys(), *_provider_keys(document)):
        keys.setdefault(_variable(key), []).append(key)
    return Variables(PREFIX, keys, {_variable(key): key for key in _later_keys()}, CLIENT_VARIABLES)


def _variable(key: Key) -> str:
    return f"{PREFIX}{'_'.join(map(str, key))}".upper().replace("-", "_")


def _section_keys() -> list[Key]:
    """The keys of sections that are written as one text; a table of its own is none."""
    sections = {each.name: each.type for each in structs.fields(Settings)}
    return [
        (name, each.encode_name)
        for name in _SECTIONS
        for each in structs.fields(sections[name])
        if not isinstance(each.default, Struct)
    ]


def _provider_keys(document: Mapping[str, object]) -> list[Key]:
    providers = document.get("provider")
    names = providers if isinstance(providers, dict) else ()
    return [("provider", name, key) for name in names for key in _PROVIDER_KEYS]


def _later_keys() -> list[Key]:
    return [(section, key) for section in _SECTIONS for key in LATER.keys.get(section, ())]
