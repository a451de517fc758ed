"""A SAML provider in the file: what is read, from where, and every mistake with its line."""
# ruff: noqa: E501 - a line of the table is a case

from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from idp_adapters import SamlSettings
from outerward.cli import main
from outerward.config import ConfigErrors, Loaded, load_settings
from tests.support.saml_messages import certificate_of, foreign_key, sp_key, weak_key

START = """\
[[tunnel]]
name = "app"
hostname = "app.example.com"
upstream = "http://127.0.0.1:3000"
provider = "okta"
allow = ["*"]
[provider.okta]
type = "saml"
"""
SOURCE = 'idp_metadata_url = "https://id.example.com/metadata"\n'
XML = "<EntityDescriptor/>"
CERTIFICATE = certificate_of(sp_key()).public_bytes(Encoding.PEM).decode()
KEY = sp_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
SECRET_LINE = KEY.splitlines()[3]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    """The folder of the configuration, with what it may refer to."""
    weak = weak_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    foreign = certificate_of(foreign_key()).public_bytes(Encoding.PEM).decode()
    files = {"sp.key": KEY, "sp.crt": CERTIFICATE, "weak.key": weak, "foreign.crt": foreign, "idp.xml": XML}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def load(folder: Path, lines: str, environ: Mapping[str, str] | None = None) -> Loaded:
    file = folder / "outerward.toml"
    file.write_text(START + lines)
    return load_settings(file, environ or {})


def provider(folder: Path, lines: str, environ: Mapping[str, str] | None = None) -> SamlSettings:
    found = load(folder, lines, environ).settings.provider["okta"]
    assert isinstance(found, SamlSettings)
    return found


def errors(folder: Path, lines: str, environ: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigErrors) as found:
        load(folder, lines, environ)
    return [line.replace(f"{folder}/", "") for line in found.value.lines]


def test_a_metadata_url_is_all_that_is_needed(folder: Path) -> None:
    loaded = load(folder, SOURCE)
    assert loaded.settings.provider["okta"] == SamlSettings(
        idp_metadata_url="https://id.example.com/metadata"
    )
    assert loaded.warnings == ()


def test_every_key_is_read(folder: Path) -> None:
    okta = provider(
        folder,
        """\
idp_metadata = "idp.xml"
idp_entity_id = "https://id.example.com"
idp_metadata_certificate = "foreign.crt"
display_name = "Okta"
entity_id = "urn:example:outerward"
subject_attribute = "uid"
nameid_format = "transient"
sign_requests = false
want_encrypted = true
allow_cbc = true
allow_idp_initiated = true
force_authn = true
allow_private_network = true
sp_key = "file:sp.key"
sp_certificate = "sp.crt"
[provider.okta.attributes]
email = "mail"
name = "cn"
username = "uid"
groups = "memberOf"
""",
    )
    switches = (okta.sign_requests, okta.want_encrypted, okta.allow_cbc, okta.allow_idp_initiated)
    assert switches == (False, True, True, True)
    assert (okta.force_authn, okta.allow_private_network, okta.nameid_format) == (True, True, "transient")
    assert (okta.entity_id, okta.idp_entity_id) == ("urn:example:outerward", "https://id.example.com")
    assert (okta.display_name, okta.subject_attribute) == ("Okta", "uid")
    assert (okta.sp_key, okta.sp_certificate.split()) == (KEY.rstrip("\n"), CERTIFICATE.split())
    assert okta.idp_metadata_certificate.split() == (folder / "foreign.crt").read_text().split()
    told = okta.attributes
    assert (told.email, told.name, told.username, told.groups) == ("mail", "cn", "uid", "memberOf")


def test_a_path_of_metadata_starts_at_the_files_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert provider(folder, 'idp_metadata = "idp.xml"\n').idp_metadata == str(folder / "idp.xml")


@pytest.mark.parametrize("before", ["", "\n  ", "\ufeff"], ids=["at once", "after blanks", "after a mark"])
def test_metadata_may_stand_in_the_file_itself(folder: Path, before: str) -> None:
    assert provider(folder, f"idp_metadata = '''{before}{XML}'''\n").idp_metadata.endswith(XML)


@pytest.mark.parametrize(
    "written",
    ["'sp.crt'", "'file:sp.crt'", "'env:CERTIFICATE'", f"'''{CERTIFICATE}'''", f"'''Bag\n{CERTIFICATE}'''"],
    ids=["a path", "a reference", "a variable", "itself", "itself after a remark"],
)
def test_a_certificate_is_a_path_or_what_a_secret_may_be(folder: Path, written: str) -> None:
    lines = f"{SOURCE}sp_key = 'env:KEY'\nsp_certificate = {written}\n"
    okta = provider(folder, lines, {"KEY": KEY, "CERTIFICATE": CERTIFICATE})
    assert okta.sp_certificate.split() == CERTIFICATE.split()


def test_nothing_but_certificates_is_kept_of_a_certificates_text(folder: Path) -> None:
    okta = provider(folder, f"{SOURCE}idp_metadata_certificate = '''{KEY}{CERTIFICATE}'''\n")
    assert okta.idp_metadata_certificate.split() == CERTIFICATE.split()


ONE_SOURCE = "provider.okta.idp_metadata_url: exactly one of idp_metadata_url and idp_metadata is needed"
URI = "must be an absolute URI without blanks, such as https://app.example.com/saml or urn:example:app (SAML Core §8.3.6)"
TABLE = {
    "no source": ("", f"7: {ONE_SOURCE}"),
    "an empty source": ('idp_metadata = ""', f"7: {ONE_SOURCE}"),
    "both sources": (SOURCE + f"idp_metadata = '{XML}'", f"9: {ONE_SOURCE}"),
    "no such metadata": ('idp_metadata = "gone.xml"', "9: provider.okta.idp_metadata: gone.xml cannot be read: No such file or directory"),
    "metadata of a wrong type": ("idp_metadata = 3", "9: provider.okta.idp_metadata: must be a string, not a number"),
    "metadata with a zero": ('idp_metadata = "a\\u0000b"', "9: provider.okta.idp_metadata: is no path"),
    "a URL of a wrong type": ("idp_metadata_url = 3", "9: provider.okta.idp_metadata_url: must be a string, not a number"),
    "a URL on http": ('idp_metadata_url = "http://id.example.com"', "9: provider.okta.idp_metadata_url: it is not https"),
    "a private address": ('idp_metadata_url = "https://10.0.0.1/m"', "9: provider.okta.idp_metadata_url: it names a private address"),
    "no URL": ('idp_metadata_url = "id.xml"', "9: provider.okta.idp_metadata_url: it names no host, or one that is not a plain name or address"),
    "a URL with a password": ('idp_metadata_url = "https://u:hunter2@id.example.com/"', "9: provider.okta.idp_metadata_url: it has user information or a fragment"),
    "a misspelt key": (SOURCE + "sign_request = true", "10: provider.okta.sign_request: unknown key (did you mean sign_requests?)"),
    "an unknown key": (SOURCE + "zzz = true", "10: provider.okta.zzz: unknown key"),
    "a key of OpenID": (SOURCE + 'issuer = "https://a"', '10: provider.okta.issuer: is a key of type = "oidc", not of "saml"'),
    "another key of OpenID": (SOURCE + "max_age = 3", '10: provider.okta.max_age: is a key of type = "oidc", not of "saml"'),
    "a wrong format": (SOURCE + 'nameid_format = "persistant"', '10: provider.okta.nameid_format: must be "emailAddress", "persistent", "transient" or "unspecified", not "persistant" (did you mean persistent?)'),
    "transient alone": (SOURCE + 'nameid_format = "transient"', "7: provider.okta.subject_attribute: needed with nameid_format 'transient', or each login would be a new user"),
    "transient and a wrong attribute": (SOURCE + 'nameid_format = "transient"\nsubject_attribute = 3', "11: provider.okta.subject_attribute: must be a string, not a number"),
    "a switch as text": (SOURCE + 'allow_cbc = "no"', "10: provider.okta.allow_cbc: must be true or false, not a string"),
    "attributes as text": (SOURCE + 'attributes = "mail"', "10: provider.okta.attributes: must be a table [provider.okta.attributes], not a string"),
    "a misspelt attribute": (SOURCE + 'attributes = {emial = "mail"}', "10: provider.okta.attributes.emial: unknown key (did you mean email?)"),
    "a later key among attributes": (SOURCE + 'attributes.prompt = "mail"', "10: provider.okta.attributes.prompt: unknown key"),
    "an attribute of a wrong type": (SOURCE + "[provider.okta.attributes]\nname = 'cn'\nemail = ['mail']", "12: provider.okta.attributes.email: must be a string, not a list"),
    "a name with a blank": (SOURCE + 'entity_id = "https://a/b c"', f"10: provider.okta.entity_id: {URI}"),
    "a name with a line end": (SOURCE + 'entity_id = "https://a/\\n"', "10: provider.okta.entity_id: has blanks at its edge, or control characters"),
    "a name that is a word": (SOURCE + 'entity_id = "outerward"', f"10: provider.okta.entity_id: {URI}"),
    "a provider's name with a blank": (SOURCE + 'idp_entity_id = "https://a "', "10: provider.okta.idp_entity_id: has blanks at its edge, or control characters"),
    "a key without its certificate": (SOURCE + 'sp_key = "file:sp.key"', "7: provider.okta.sp_certificate: sp_key and sp_certificate go together"),
    "a certificate without its key": (SOURCE + 'sp_certificate = "sp.crt"', "7: provider.okta.sp_key: sp_key and sp_certificate go together"),
    "a key that is not there": (SOURCE + 'sp_key = "env:NOPE"\nsp_certificate = "sp.crt"', "10: provider.okta.sp_key: the environment variable NOPE is not set"),
    "a key's path alone": (SOURCE + 'sp_key = "sp.key"\nsp_certificate = "sp.crt"', "10: provider.okta.sp_key: not a private key in PEM without a passphrase"),
    "a certificate that is not there": (SOURCE + 'sp_key = "file:sp.key"\nsp_certificate = "gone.crt"', "11: provider.okta.sp_certificate: gone.crt cannot be read: No such file or directory"),
    "another key's certificate": (SOURCE + 'sp_key = "file:sp.key"\nsp_certificate = "foreign.crt"', "11: provider.okta.sp_certificate: it is the certificate of another key than sp_key"),
    "a weak key": (SOURCE + 'sp_key = "file:weak.key"\nsp_certificate = "sp.crt"', "10: provider.okta.sp_key: an RSA key of 1024 bits; 2048 are the least"),
    "a key for a certificate": (SOURCE + f"sp_key = 'file:sp.key'\nsp_certificate = '''{KEY}'''", "11: provider.okta.sp_certificate: holds no certificate in PEM form"),
    "a key after a remark for a certificate": (SOURCE + f"idp_metadata_certificate = '''Bag Attributes\n{KEY}'''", "10: provider.okta.idp_metadata_certificate: holds no certificate in PEM form"),
    "a broken certificate": (SOURCE + "idp_metadata_certificate = '''-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'''", "10: provider.okta.idp_metadata_certificate: holds a certificate that cannot be read"),
    "no certificate in the file": (SOURCE + 'idp_metadata_certificate = "idp.xml"', "10: provider.okta.idp_metadata_certificate: idp.xml holds no certificate in PEM form"),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "error"), TABLE.values(), ids=TABLE)
def test_a_mistake_is_reported_once_with_its_line_and_key(folder: Path, lines: str, error: str) -> None:
    (found,) = errors(folder, lines)
    # Which host http is allowed for follows in brackets, in the words of all providers.
    assert found.partition(" (http needs")[0].partition(" (allow_private")[0] == f"outerward.toml:{error}"
    assert "hunter2" not in found
    assert SECRET_LINE not in found


def test_http_is_for_the_metadatas_own_host_where_private_networks_are_allowed(folder: Path) -> None:
    private = 'allow_private_network = true\nidp_metadata_url = "http://127.0.0.1:8080/metadata"\n'
    assert provider(folder, private).allow_private_network


def test_all_that_is_wrong_with_a_provider_comes_at_once(folder: Path) -> None:
    lines = (
        'idp_metadata_url = "http://id.example.com"\nentity_id = "x"\nsp_key = "file:weak.key"\n'
        'sp_certificate = "sp.crt"\nnameid_format = "transient"\nissuer = "x"\nattributes.emial = "x"\n'
    )
    assert [line.split(": ")[1].removeprefix("provider.okta.") for line in errors(folder, lines)] == [
        "subject_attribute",
        "idp_metadata_url",
        "entity_id",
        "sp_key",
        "issuer",
        "attributes.emial",
    ]


def test_a_missing_source_hides_no_other_mistake(folder: Path) -> None:
    found = errors(folder, 'entity_id = "x"\nsp_key = "x"\nsp_certificate = "foreign.crt"\n')
    assert [line.split(": ")[1].removeprefix("provider.okta.") for line in found] == [
        "idp_metadata_url",
        "entity_id",
        "sp_key",
    ]


@pytest.mark.parametrize(
    ("variable", "value", "key"),
    [
        ("OUTERWARD_PROVIDER_OKTA_CLIENT_ID", "x", "client_id"),
        ("OUTERWARD_PROVIDER_OKTA_CLIENT_SECRET_FILE", "idp.xml", "client_secret"),
    ],
    ids=["client id", "client secret in a file"],
)
def test_a_variable_of_openid_is_refused_under_its_name(
    folder: Path, variable: str, value: str, key: str
) -> None:
    assert errors(folder, SOURCE, {variable: value}) == [
        f'{variable}: provider.okta.{key}: is a key of type = "oauth" or "oidc", not of "saml"'
    ]


def test_a_variable_that_no_provider_has_is_a_warning(folder: Path) -> None:
    loaded = load(folder, SOURCE, {"OUTERWARD_PROVIDER_OKTA_SP_KEY": "x"})
    assert loaded.warnings == ("OUTERWARD_PROVIDER_OKTA_SP_KEY: stands for no key and is not used",)


def test_a_key_is_in_no_repr(folder: Path) -> None:
    loaded = load(folder, SOURCE + 'sp_key = "file:sp.key"\nsp_certificate = "sp.crt"\n')
    okta = loaded.settings.provider["okta"]
    for shown in (repr(loaded), repr(okta), str(okta), repr(loaded.settings)):
        assert "BEGIN" not in shown
        assert SECRET_LINE not in shown


def test_both_types_stand_beside_each_other(folder: Path) -> None:
    other = '[provider.corp]\ntype = "oidc"\nissuer = "https://a"\nclient_id = "x"\nclient_secret = "y"\n'
    found = load(folder, SOURCE + other).settings.provider
    assert [type(each).__name__ for each in found.values()] == ["SamlSettings", "OidcSettings"]


def test_config_check_prints_every_error_and_ends_with_78(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    (folder / "outerward.toml").write_text(
        f'{START}idp_metadata = "gone.xml"\nentity_id = "x"\nisuer = "x"\n'
    )
    assert main(["config", "check"]) == 78
    told = capsys.readouterr()
    assert (told.out, told.err.splitlines()) == (
        "",
        [
            f"outerward.toml:9: provider.okta.idp_metadata: {folder}/gone.xml cannot be read: No such file or directory",
            f"outerward.toml:10: provider.okta.entity_id: {URI}",
            "outerward.toml:11: provider.okta.isuer: unknown key",
        ],
    )


def test_config_check_accepts_a_good_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    (folder / "outerward.toml").write_text(START + SOURCE)
    assert main(["config", "check"]) == 0
    assert capsys.readouterr().out == "outerward.toml: ok (1 provider, 1 tunnel, 0 edge routes, 0 webhooks)\n"
