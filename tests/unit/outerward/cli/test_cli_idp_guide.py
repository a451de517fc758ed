"""``idp guide``: addresses that are ours, and blocks that the loader takes."""

import re
from pathlib import Path

import pytest

from outerward import usual_files
from outerward.cli import main
from outerward.config import load_settings
from outerward.guides import ALIASES, GUIDES, block, scopes_of, secret_variable
from proxy import frontchannel_logout_path, relying_party

ROOT = Path(__file__).parents[4]
CONFIGURATION = """
{edge}
[provider.corp]
type = "oidc"
issuer = "https://id.example.com"
client_id = "outerward"
client_secret = "canary"
scopes = ["openid", "groups"]
[provider.hub]
type = "oauth"
provider = "github"
client_id = "outerward"
client_secret = "canary"
[provider.campus]
type = "saml"
idp_metadata_url = "https://id.example.org/metadata"
entity_id = "urn:example:outerward"
[[tunnel]]
name = "app"
hostname = "app.example.com"
upstream = "http://127.0.0.1:1"
provider = "corp"
allow = ["*"]
[[tunnel]]
name = "wiki"
hostname = "wiki.localhost"
upstream = "http://127.0.0.1:2"
provider = ["corp", "campus"]
allow = ["*"]
[[edge_route]]
edge = "apps"
hostname = "apps.example.com"
path_prefix = "/wiki"
tunnel = "wiki"
provider = "hub"
allow = ["*"]
[[edge_route]]
edge = "apps"
hostname = "apps.example.com"
path_prefix = "/docs"
tunnel = "wiki"
provider = "hub"
allow = ["*"]
"""
KINDS = list(GUIDES)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(usual_files, "USUAL_FILES", (Path("outerward.toml"),))
    return tmp_path


def guide(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["idp", "guide", *arguments]) == 0
    return capsys.readouterr().out


def addresses(text: str) -> list[str]:
    return re.findall(r"^     (\S+)$", text, re.MULTILINE)


@pytest.fixture
def configured(folder: Path) -> Path:
    (folder / "outerward.toml").write_text(CONFIGURATION.format(edge=""))
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_every_block_is_a_good_configuration(folder: Path, kind: str) -> None:
    (folder / "o.toml").write_text(block(GUIDES[kind], kind, "app.example.com"))
    loaded = load_settings(folder / "o.toml", {secret_variable(kind): "x"})

    assert loaded.warnings == ()
    assert list(loaded.settings.provider) == [kind]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_printed_without_a_configuration_is_the_block_for_the_host_that_was_named(
    folder: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = guide(capsys, kind, "--hostname", "Grafana.Example.com")
    printed = text[text.index("[provider.") : text.index('allow = ["@example.com"]')]
    (folder / "o.toml").write_text(printed + 'allow = ["*"]\n')
    loaded = load_settings(folder / "o.toml", {secret_variable(kind): "x"})
    party = relying_party("https://grafana.example.com", kind, GUIDES[kind].protocol)

    assert loaded.settings.tunnel[0].hostname == "grafana.example.com"
    assert party.answer in addresses(text)
    assert GUIDES[kind].page in text


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_has_a_page_of_documentation_that_the_index_names(kind: str) -> None:
    page = " ".join((ROOT / "docs/providers" / f"{kind}.md").read_text().split())

    assert f"outerward idp guide {kind}" in page
    assert f"[{kind}]({kind}.md)" in (ROOT / "docs/providers/README.md").read_text()


def test_the_scopes_are_those_that_are_asked_for() -> None:
    assert scopes_of(GUIDES["keycloak"]) == ("openid", "email", "profile")
    assert scopes_of(GUIDES["okta"])[-1] == "groups"
    assert "read:org" in scopes_of(GUIDES["github"])
    assert scopes_of(GUIDES["saml"]) == ()


def test_without_a_configuration_or_a_host_it_is_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert "https://app.example.com/.outerward/callback/google" in addresses(guide(capsys, "google"))


@pytest.mark.usefixtures("configured")
def test_a_configured_provider_has_its_addresses_on_each_host_that_uses_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = guide(capsys, "corp")
    origins = ("https://app.example.com", "http://wiki.localhost:4180")
    parties = [relying_party(origin, "corp", "oidc") for origin in origins]

    assert addresses(text) == [
        *(party.answer for party in parties),
        *(party.signed_out for party in parties),
        *(party.logout for party in parties),
        *(origin + frontchannel_logout_path("corp") for origin in origins),
    ]
    assert "openid groups" in text
    assert "[provider.corp] in outerward.toml" in text
    assert "canary" not in text


@pytest.mark.usefixtures("configured")
def test_a_configured_preset_is_guided_as_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    text = guide(capsys, "hub")

    assert addresses(text) == ["https://apps.example.com/.outerward/callback/hub"]
    assert text.startswith("GitHub")
    assert "read:org" in text


@pytest.mark.usefixtures("configured")
def test_saml_has_metadata_entity_id_and_both_services(capsys: pytest.CaptureFixture[str]) -> None:
    base = "http://wiki.localhost:4180/.outerward/saml/campus/"

    assert addresses(guide(capsys, "campus")) == [
        f"{base}metadata",
        "urn:example:outerward",
        f"{base}acs",
        f"{base}slo",
    ]


def test_with_a_login_host_there_is_one_address_of_each(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edge = '[edge]\nlogin_host = "login.example.com"'
    (folder / "outerward.toml").write_text(
        CONFIGURATION.format(edge=edge).replace(".localhost", ".example.com")
    )

    assert addresses(guide(capsys, "corp"))[:2] == [
        "https://login.example.com/.outerward/callback/corp",
        "https://login.example.com/.outerward/signed-out",
    ]


@pytest.mark.parametrize(
    ("edge", "visitors"),
    [
        ("", "https://apps.example.com"),
        ('[edge]\nlogin_host = "login.example.com"\n', "https://login.example.com"),
    ],
    ids=["each host", "login host"],
)
def test_the_provider_of_the_dashboard_has_addresses_there_too(
    folder: Path, capsys: pytest.CaptureFixture[str], edge: str, visitors: str
) -> None:
    admin = '[admin]\npublic_url = "https://admin.example.com"\nprovider = "hub"\nroles = { admin = ["*"] }'
    text = CONFIGURATION.format(edge=edge + admin).replace(".localhost", ".example.com")
    (folder / "outerward.toml").write_text(text)
    told = guide(capsys, "hub")

    assert addresses(told) == [
        f"{visitors}/.outerward/callback/hub",
        "https://admin.example.com/.outerward/callback/hub",
    ]
    assert "The addresses at https://admin.example.com are the dashboard's" in told
    assert "admin.example.com" not in guide(capsys, "corp")


def test_a_provider_of_the_dashboard_alone_has_its_addresses(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    admin = '[admin]\nlisten = "127.0.0.1:0"\nprovider = "corp"\nroles = { admin = ["*"] }'
    (folder / "outerward.toml").write_text(CONFIGURATION.format(edge=admin).partition("[[tunnel]]")[0])
    told = guide(capsys, "corp")

    assert addresses(told)[0] == "http://127.0.0.1:0/.outerward/callback/corp"
    assert "no address to register" not in told
    assert "admin.listen asks for a free port" in told


@pytest.mark.usefixtures("configured")
def test_a_kind_that_is_not_configured_yet_is_for_the_hosts_that_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = guide(capsys, "google")

    assert addresses(text) == [
        "https://app.example.com/.outerward/callback/google",
        "http://wiki.localhost:4180/.outerward/callback/google",
        "https://apps.example.com/.outerward/callback/google",
    ]
    assert "[[tunnel]]\n" not in text


def test_a_provider_that_nobody_uses_has_no_address(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "outerward.toml").write_text(CONFIGURATION.format(edge="").partition("[[tunnel]]")[0])

    text = guide(capsys, "corp")
    assert addresses(text) == []
    assert "no address to register" in text


def test_a_port_that_is_not_known_yet_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edge = '[edge]\nlisten = "127.0.0.1:0"'
    (folder / "outerward.toml").write_text(CONFIGURATION.format(edge=edge))

    assert "put the port that it gets in place of 0" in guide(capsys, "corp")


@pytest.mark.usefixtures("configured")
def test_an_unknown_provider_is_2_and_something_like_it_is_suggested(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["idp", "guide", "gogle"]) == 2
    error = capsys.readouterr().err
    assert "did you mean google?" in error
    assert "corp" in error


def test_a_hostname_that_is_none_is_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["idp", "guide", "google", "--hostname", "https://a"]) == 2
    assert "--hostname must be a hostname alone" in capsys.readouterr().err


def test_a_broken_configuration_is_78_unless_a_host_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "outerward.toml").write_text("edge.listn = 1")

    assert main(["idp", "guide", "google"]) == 78
    assert "listn" in capsys.readouterr().err
    assert main(["idp", "guide", "google", "--hostname", "app.example.com"]) == 0


@pytest.mark.parametrize("alias", ALIASES)
def test_other_names_lead_to_a_kind(alias: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert guide(capsys, alias) == guide(capsys, ALIASES[alias])
