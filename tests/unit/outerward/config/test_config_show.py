"""Every value is shown with where it is from, and no secret ever is."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec import inspect

from outerward.config import Settings, load_settings
from outerward.config.show import HIDDEN, Shown, shown
from tests.support.saml_messages import certificate_of, sp_key

CANARY = "canary-canary-canary-canary-canary-"
KEY = sp_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
CERTIFICATE = certificate_of(sp_key()).public_bytes(Encoding.PEM).decode()
SECRETS = f"""
[admin]
bootstrap_token = "{CANARY}token"
[store]
url = "redis://user:{CANARY}url@127.0.0.1"
secret = ["{CANARY}first", "env:SECOND", "file:third"]
[provider.corp]
type = "oidc"
issuer = "https://id.example.com"
client_id = "{CANARY}id"
client_secret = "env:CORP_SECRET"
[provider.keyed]
type = "oidc"
issuer = "https://id.example.com"
client_id = "file:third"
client_auth = "private_key_jwt"
private_key = '''{KEY}'''
[provider.hub]
type = "oauth"
provider = "github"
client_id = "{CANARY}id"
client_secret = "file:third"
[provider.campus]
type = "saml"
idp_metadata = "<EntityDescriptor>{CANARY}</EntityDescriptor>"
attributes = {{ groups = "memberOf" }}
sp_key = '''{KEY}'''
sp_certificate = '''{CERTIFICATE}'''
[[webhook]]
url = "https://alerts.example.com"
secret = "env:SECOND"
"""
DASHBOARD = {"OUTERWARD_ADMIN_PROVIDER": "corp"}
ENVIRON = {"SECOND": f"{CANARY}second", "CORP_SECRET": f"{CANARY}secret"}


def rows(folder: Path, text: str, environ: dict[str, str] | None = None, **flags: str) -> dict[str, Shown]:
    (folder / "outerward.toml").write_text(text)
    named = {f"--{name}": value for name, value in flags.items()}
    loaded = load_settings(folder / "outerward.toml", environ or {}, named)
    return {each.key: each for each in shown(loaded)}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "third").write_text(f"{CANARY}third\n")
    return tmp_path


def secret_keys(kind: inspect.Type) -> Iterator[str]:
    """The names of all keys of ``kind``, however deep, that are marked as secrets."""
    match kind:
        case inspect.StructType():
            for field in kind.fields:
                if "'secret'" in repr(field.type) and not _has_struct(field.type):
                    yield field.encode_name
                yield from secret_keys(field.type)
        case inspect.DictType():
            yield from secret_keys(kind.value_type)
        case inspect.VarTupleType():
            yield from secret_keys(kind.item_type)
        case inspect.UnionType():
            for each in kind.types:
                yield from secret_keys(each)


def _has_struct(kind: inspect.Type) -> bool:
    return "StructType" in repr(kind)


def test_no_secret_is_shown_in_whatever_form_it_was_given(folder: Path) -> None:
    found = rows(folder, SECRETS, ENVIRON)
    text = msgspec.json.encode(list(found.values())).decode()

    assert "canary" not in text
    assert not any(line in text for line in KEY.splitlines() if line)
    assert not any(line in text for line in CERTIFICATE.splitlines() if line)


def test_the_canaries_stand_in_every_key_that_is_a_secret(folder: Path) -> None:
    hidden = {each.key.rpartition(".")[2] for each in rows(folder, SECRETS, ENVIRON).values() if _hides(each)}

    assert hidden == set(secret_keys(inspect.type_info(Settings)))


def _hides(row: Shown) -> bool:
    return row.value == HIDDEN or (isinstance(row.value, list) and HIDDEN in row.value)


def test_secrets_from_the_environment_and_from_files_are_hidden_too(folder: Path) -> None:
    environ = {
        "CORP_SECRET": "unused",
        "SECOND": f"{CANARY}second",
        "OUTERWARD_PROVIDER_CORP_CLIENT_SECRET": f"{CANARY}one",
        "OUTERWARD_PROVIDER_CORP_CLIENT_ID_FILE": "third",
        "OUTERWARD_ADMIN_BOOTSTRAP_TOKEN": f"{CANARY}two",
        "OUTERWARD_STORE_SECRET": f"{CANARY}three,{CANARY}four",
    }
    found = rows(folder, SECRETS, environ)

    assert "canary" not in repr(found)
    assert found["provider.corp.client_secret"].origin == (
        "environment OUTERWARD_PROVIDER_CORP_CLIENT_SECRET"
    )
    assert found["provider.corp.client_id"].origin == "environment OUTERWARD_PROVIDER_CORP_CLIENT_ID_FILE"
    assert found["store.secret"].value == [HIDDEN, HIDDEN]


def test_what_was_loaded_does_not_show_the_text_of_the_file(folder: Path) -> None:
    (folder / "outerward.toml").write_text(SECRETS)

    assert "canary" not in repr(load_settings(folder / "outerward.toml", ENVIRON))


def test_documents_in_the_file_are_told_by_their_length(folder: Path) -> None:
    found = rows(folder, SECRETS, ENVIRON)

    assert found["provider.campus.idp_metadata"].value == f"XML, {len(CANARY) + 37} characters"
    assert str(found["provider.campus.sp_certificate"].value).startswith("PEM, ")


def test_each_value_tells_whether_file_environment_flag_or_default_it_is_from(folder: Path) -> None:
    text = '[edge]\nlisten = "127.0.0.1:1"\n\ndrain = "90s"\nworkers = 2\n'
    found = rows(folder, text, {"OUTERWARD_EDGE_DRAIN": "2m"}, workers="3")

    assert (found["edge.listen"].value, found["edge.listen"].origin) == (
        ["127.0.0.1:1"],
        f"{folder}/outerward.toml:2",
    )
    assert (found["edge.drain"].value, found["edge.drain"].origin) == (
        "2m",
        "environment OUTERWARD_EDGE_DRAIN",
    )
    assert (found["edge.workers"].value, found["edge.workers"].origin) == (3, "flag --workers")
    assert (found["store.url"].value, found["store.url"].origin) == ("embedded", "default")


def test_tables_in_lists_and_tables_in_tables_are_shown_value_by_value(folder: Path) -> None:
    text = """
[[tunnel]]
name = "wiki"
upstream = "http://127.0.0.1:1"
max_body = "10m"
[provider.campus]
type = "saml"
idp_metadata_url = "https://id.example.com"
attributes = { groups = "memberOf" }
[[edge_route]]
edge = "apps"
hostname = "apps.example.com"
path_prefix = "/wiki"
tunnel = "wiki"
provider = "campus"
allow = ["*"]
"""
    found = rows(folder, text)
    place = f"{folder}/outerward.toml"

    assert (found["tunnel[wiki].max_body"].value, found["tunnel[wiki].max_body"].origin) == (
        "10m",
        f"{place}:5",
    )
    assert found["tunnel[wiki].max_session_duration"].value == "1d"
    assert found["provider.campus.type"].value == "saml"
    assert found["provider.campus.attributes.groups"].origin == f"{place}:9"
    assert found["provider.campus.attributes.email"].origin == "default"
    assert found["edge_route[apps/wiki].path_prefix"].value == "/wiki"


def test_paths_are_shown_as_they_were_resolved_and_sizes_as_they_are_written(folder: Path) -> None:
    found = rows(folder, '[edge]\nmax_line = 16384\nmax_header = "5000"\n')

    assert found["state"].value == str(folder / "data")
    assert found["edge.max_line"].value == "16k"
    assert found["edge.max_header"].value == 5000


@pytest.mark.parametrize("text", ["", SECRETS], ids=["nothing", "much"])
def test_every_key_of_the_schema_is_shown(folder: Path, text: str) -> None:
    found = rows(folder, text, ENVIRON)

    for section in ("edge", "admin", "store", "geoip", "log", "metrics", "privacy"):
        kind = inspect.type_info(type(getattr(Settings(), section)))
        assert isinstance(kind, inspect.StructType)
        assert {f"{section}.{name}" for name in leaves(kind)} <= found.keys()


def leaves(kind: inspect.StructType) -> Iterator[str]:
    """The keys of ``kind``, and in place of a table's those that stand in it."""
    for each in kind.fields:
        inner = [each.type] if isinstance(each.type, inspect.StructType) else []
        yield from (f"{each.encode_name}.{name}" for held in inner for name in leaves(held))
        yield from () if inner else (each.encode_name,)


def test_roles_are_shown_one_by_one_with_the_line_of_each(folder: Path) -> None:
    found = rows(folder, f'{SECRETS}[admin.roles]\nviewer = "@example.com"\n', {**ENVIRON, **DASHBOARD})
    line = SECRETS.count("\n") + 2

    assert found["admin.provider"].origin == "environment OUTERWARD_ADMIN_PROVIDER"
    assert found["admin.roles.viewer"].value == ["@example.com"]
    assert found["admin.roles.viewer"].origin == f"{folder}/outerward.toml:{line}"
    assert (found["admin.roles.admin"].value, found["admin.roles.admin"].origin) == (None, "default")
