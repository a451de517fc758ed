# ruff: noqa: E501 - a line of a table is a case

from datetime import timedelta
from pathlib import Path

import pytest

from idp_adapters import OAuthSettings, OidcSettings, SamlSettings
from outerward import usual_files
from outerward.config import ConfigErrors, PrivacySettings, Settings, load_settings

PROVIDER = """
[provider.corp]
type = "oidc"
issuer = "https://id.example.com"
client_id = "outerward"
client_secret = "from the file"
"""
TUNNEL = """
[[tunnel]]
name = "app"
hostname = "app.example.com"
upstream = "http://127.0.0.1:3000"
provider = "corp"
allow = ["*"]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        usual_files, "USUAL_FILES", (Path("outerward.toml"), tmp_path / "etc" / "outerward.toml")
    )
    return tmp_path


def oidc(provider: OAuthSettings | OidcSettings | SamlSettings) -> OidcSettings:
    assert isinstance(provider, OidcSettings)
    return provider


def settings(
    folder: Path, text: str, environ: dict[str, str] | None = None, flags: dict[str, str] | None = None
) -> Settings:
    (folder / "outerward.toml").write_text(text)
    return load_settings(None, environ or {}, flags).settings


def errors(
    folder: Path, text: str, environ: dict[str, str], flags: dict[str, str] | None = None
) -> list[str]:
    with pytest.raises(ConfigErrors) as found:
        settings(folder, text, environ, flags)
    return list(found.value.lines)


def test_an_empty_file_gives_the_defaults(folder: Path) -> None:
    found = settings(folder, "")
    assert found.state == folder / "data"
    assert found.edge.listen == ("127.0.0.1:4180",)
    assert found.edge.workers == "auto"
    assert found.edge.drain == timedelta(seconds=30)
    assert found.admin.listen == "127.0.0.1:4040"
    assert found.store.url == "embedded"
    assert found.store.check_timeout == timedelta(milliseconds=500)
    assert found.geoip.databases == ()
    assert found.log.level == "info"


def test_every_type_of_value_is_read(folder: Path) -> None:
    found = settings(
        folder,
        """
        state = "state of things"
        [edge]
        listen = ["127.0.0.1:1", "[::1]:2"]
        workers = 3
        insecure_http = true
        drain = 0
        trusted_proxies = ["10.0.0.0/8", "192.0.2.1"]
        [store]
        check_timeout = "30s"
        server = "bin/valkey-server"
        [geoip]
        databases = ["places/city.mmdb", "/usr/share/country.mmdb"]
        [[tunnel]]
        name = "wiki"
        upstream = "unix:/run/wiki.sock"
        headers = ["x-auth-request", "ngrok"]
        max_session_duration = "12h"
        idle_session_timeout = 0
        max_body = "10m"
        """,
    )
    assert found.state == folder / "state of things"
    assert found.edge.listen == ("127.0.0.1:1", "[::1]:2")
    assert found.edge.workers == 3
    assert found.edge.insecure_http is True
    assert found.edge.drain == timedelta(0)
    assert found.edge.trusted_proxies == ("10.0.0.0/8", "192.0.2.1")
    assert found.store.server == folder / "bin/valkey-server"
    assert found.geoip.databases == (folder / "places/city.mmdb", Path("/usr/share/country.mmdb"))
    tunnel = found.tunnel[0]
    assert tunnel.headers == ("x-auth-request", "ngrok")
    assert tunnel.max_session_duration == timedelta(hours=12)
    assert tunnel.idle_session_timeout == timedelta(0)
    assert tunnel.max_body == 10 << 20


def test_a_list_of_one_may_be_written_without_brackets(folder: Path) -> None:
    assert settings(folder, 'edge.listen = "127.0.0.1:1"').edge.listen == ("127.0.0.1:1",)


def test_the_file_here_is_found_before_the_one_of_the_machine(folder: Path) -> None:
    (folder / "etc").mkdir()
    (folder / "etc/outerward.toml").write_text('state = "of the machine"')
    assert load_settings(None, {}).settings.state == folder / "etc/of the machine"
    (folder / "outerward.toml").write_text('state = "here"')
    assert load_settings(None, {}).settings.state == folder / "here"
    (folder / "other.toml").write_text('state = "named"')
    assert load_settings(Path("other.toml"), {}).settings.state == folder / "named"


def test_a_file_here_that_cannot_be_read_is_not_passed_over(folder: Path) -> None:
    (folder / "etc").mkdir()
    (folder / "etc/outerward.toml").write_text("")
    (folder / "outerward.toml").symlink_to("nowhere")
    with pytest.raises(ConfigErrors, match=r"outerward\.toml:1: cannot be read"):
        load_settings(None, {})


def test_without_a_file_the_places_looked_at_are_named(folder: Path) -> None:
    with pytest.raises(ConfigErrors, match=r"looked for outerward\.toml and .*/etc/outerward\.toml; .* -c"):
        load_settings(None, {})


def test_relative_paths_start_at_the_files_folder(folder: Path) -> None:
    (folder / "conf").mkdir()
    (folder / "conf/key").write_text("from a file\n")
    (folder / "conf/o.toml").write_text(PROVIDER.replace("from the file", "file:key"))
    found = load_settings(Path("conf/o.toml"), {}).settings
    assert found.state == folder / "conf/data"
    assert oidc(found.provider["corp"]).client_secret == "from a file"


def test_a_flag_wins_over_the_environment_and_that_over_the_file(folder: Path) -> None:
    text = 'edge.listen = "127.0.0.1:1"\nadmin.listen = "127.0.0.1:2"\nedge.workers = 1\n'
    environ = {"OUTERWARD_EDGE_LISTEN": "127.0.0.1:3", "OUTERWARD_ADMIN_LISTEN": "127.0.0.1:4"}
    found = settings(folder, text, environ, {"--listen": "127.0.0.1:5"})
    assert found.edge.listen == ("127.0.0.1:5",)
    assert found.admin.listen == "127.0.0.1:4"
    assert found.edge.workers == 1


@pytest.mark.parametrize("flag", ["--listen", "--admin-listen", "--store", "--workers"])
def test_what_is_wrong_with_a_flag_is_said_under_its_name(folder: Path, flag: str) -> None:
    assert errors(folder, "", {}, {flag: "wrong value"})[0].startswith(f"{flag}: ")


def test_flags_reach_their_keys(folder: Path) -> None:
    flags = {"--store": "redis://h", "--workers": "auto", "--admin-listen": "[::1]:0"}
    found = settings(folder, 'store.secret = "0123456789abcdef"', {}, flags)
    assert (found.store.url, found.edge.workers, found.admin.listen) == ("redis://h", "auto", "[::1]:0")


def test_the_environment_gives_scalars_lists_and_secrets(folder: Path) -> None:
    (folder / "token").write_text("t" * 40 + "\n")
    environ = {
        "OUTERWARD_EDGE_LISTEN": "127.0.0.1:1, [::1]:2",
        "OUTERWARD_EDGE_WORKERS": "2",
        "OUTERWARD_EDGE_INSECURE_HTTP": "true",
        "OUTERWARD_EDGE_TRUSTED_PROXIES": "10.0.0.0/8,192.0.2.0/24,",
        "OUTERWARD_STORE_URL": "env:REDIS",
        "OUTERWARD_STORE_CHECK_TIMEOUT": "1s",
        "OUTERWARD_STORE_SECRET": "0123456789abcdef,env:OLD",
        "OUTERWARD_ADMIN_BOOTSTRAP_TOKEN_FILE": "token",
        "OUTERWARD_GEOIP_DATABASES": "city.mmdb, country.mmdb",
        "OUTERWARD_LOG_LEVEL": "debug",
        "OUTERWARD_LOG_ACCESS": "combined",
        "OUTERWARD_METRICS_LISTEN": "127.0.0.1:9100",
        "OUTERWARD_PRIVACY_IP": "truncated",
        "OUTERWARD_PRIVACY_HISTORY": "0",
        "OUTERWARD_PRIVACY_ENDED": "365d",
        "OUTERWARD_STORE_USER_RETENTION": "3650d",
        "OUTERWARD_PROVIDER_CORP_CLIENT_SECRET": "from there",
        "OUTERWARD_PROVIDER_CORP_CLIENT_ID": "id from there",
        "REDIS": "redis://h",
        "OLD": "fedcba9876543210",
    }
    found = settings(folder, PROVIDER, environ)
    assert found.geoip.databases == (folder / "city.mmdb", folder / "country.mmdb")
    assert found.edge.listen == ("127.0.0.1:1", "[::1]:2")
    assert found.edge.workers == 2
    assert found.edge.insecure_http is True
    assert found.edge.trusted_proxies == ("10.0.0.0/8", "192.0.2.0/24")
    assert found.store.url == "redis://h"
    assert found.store.secret == ("0123456789abcdef", "fedcba9876543210")
    assert found.admin.bootstrap_token == "t" * 40
    assert found.log.level == "debug"
    assert found.log.access == "combined"
    assert found.metrics.listen == "127.0.0.1:9100"
    assert found.privacy == PrivacySettings(ip="truncated", history=timedelta(0), ended=timedelta(days=365))
    assert found.store.user_retention == timedelta(days=3650)
    assert oidc(found.provider["corp"]).client_secret == "from there"
    assert oidc(found.provider["corp"]).client_id == "id from there"
    assert all(type(value) is str for value in (*found.store.secret, found.store.url, *found.edge.listen))


def test_a_secret_in_a_file_is_taken_as_it_is(folder: Path) -> None:
    (folder / "key").write_text("env:NOT_A_REFERENCE")
    environ = {"OUTERWARD_PROVIDER_CORP_CLIENT_SECRET_FILE": "key"}
    assert oidc(settings(folder, PROVIDER, environ).provider["corp"]).client_secret == "env:NOT_A_REFERENCE"


def test_a_missing_secret_may_come_from_the_environment(folder: Path) -> None:
    text = PROVIDER.replace('client_secret = "from the file"', "")
    environ = {"OUTERWARD_PROVIDER_CORP_CLIENT_SECRET": "from there"}
    assert oidc(settings(folder, text, environ).provider["corp"]).client_secret == "from there"


@pytest.mark.parametrize(
    ("environ", "error"),
    [
        ({"OUTERWARD_EDGE_WORKERS": "x"}, 'OUTERWARD_EDGE_WORKERS: edge.workers: must be a whole number, or "auto", not a string'),
        ({"OUTERWARD_EDGE_WORKERS": "٣"}, 'OUTERWARD_EDGE_WORKERS: edge.workers: must be a whole number, or "auto", not a string'),
        ({"OUTERWARD_EDGE_LISTEN": "127.0.0.1:1,x"}, "OUTERWARD_EDGE_LISTEN: edge.listen: must be HOST:PORT, such as 127.0.0.1:4180, 0.0.0.0:4180 or [::1]:4180"),
        ({"OUTERWARD_EDGE_INSECURE_HTTP": "yes"}, "OUTERWARD_EDGE_INSECURE_HTTP: edge.insecure_http: must be true or false, not a string"),
        ({"OUTERWARD_EDGE_PUBLIC_URL": "\udcff"}, "OUTERWARD_EDGE_PUBLIC_URL: edge.public_url: is not UTF-8"),
        ({"OUTERWARD_STORE_SECRET_FILE": "no"}, "OUTERWARD_STORE_SECRET_FILE: store.secret: HERE/no cannot be read: No such file or directory"),
        ({"OUTERWARD_LOG_LEVEL": "debug", "OUTERWARD_LOG_LEVEL_FILE": "f"}, "OUTERWARD_LOG_LEVEL_FILE: log.level: OUTERWARD_LOG_LEVEL is set too; only one of them may be"),
        ({"OUTERWARD_PRIVACY_IP": "short"}, 'OUTERWARD_PRIVACY_IP: privacy.ip: must be "full" or "truncated", not "short"'),
        ({"OUTERWARD_PRIVACY_HISTORY": "-1d"}, "OUTERWARD_PRIVACY_HISTORY: privacy.history: must be a duration such as 500ms, 90s, 15m, 12h or 30d"),
        ({"OUTERWARD_STORE_USER_RETENTION": "1h"}, "OUTERWARD_STORE_USER_RETENTION: store.user_retention: must be between 1d and 3650d"),
        ({"OUTERWARD_EDGE_CERT": "x"}, "OUTERWARD_EDGE_CERT: edge.cert: is not available in this version"),
        ({"OUTERWARD_LOG_ACCESS": "off"}, 'OUTERWARD_LOG_ACCESS: log.access: must be "combined", "json" or "none", not "off"'),
        ({"OUTERWARD_EDGE_LOGIN_HOST": "a b"}, "OUTERWARD_EDGE_LOGIN_HOST: edge.login_host: is not a valid hostname"),
        ({"OUTERWARD_PROVIDER_CORP_CLIENT_SECRET": "env:NOPE"}, "OUTERWARD_PROVIDER_CORP_CLIENT_SECRET: provider.corp.client_secret: the environment variable NOPE is not set"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_environment_is_said_under_its_name(
    folder: Path, environ: dict[str, str], error: str
) -> None:
    assert errors(folder, PROVIDER, environ) == [error.replace("HERE", str(folder))]


def test_a_variable_that_could_mean_two_providers_means_none(folder: Path) -> None:
    text = PROVIDER.replace("corp", "a-b") + PROVIDER.replace("corp", "a_b")
    found = errors(folder, text, {"OUTERWARD_PROVIDER_A_B_CLIENT_ID": "x"})
    assert found == ["OUTERWARD_PROVIDER_A_B_CLIENT_ID: provider.a-b.client_id: stands for more than one key"]


def test_an_unknown_variable_is_a_warning_and_those_of_clients_are_none(folder: Path) -> None:
    (folder / "outerward.toml").write_text(PROVIDER + TUNNEL)
    environ = {
        "OUTERWARD_EGDE_LISTEN": "x",
        "OUTERWARD_PROVIDER_NOBODY_CLIENT_ID": "x",
        "OUTERWARD_EDGE_WORKERS": "",
        "OUTERWARD_ADMIN_URL": "x",
        "OUTERWARD_ADMIN_TOKEN": "x",
        "OUTERWARD_ADMIN_URL_FILE": "x",
        "OUTERWARD_ADMIN_TOKEN_FILE": "x",
        "OTHER": "x",
    }
    assert load_settings(None, environ).warnings == (
        "OUTERWARD_EGDE_LISTEN: stands for no key and is not used",
        "OUTERWARD_PROVIDER_NOBODY_CLIENT_ID: stands for no key and is not used",
    )


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("", "outerward.toml:1: no tunnel is configured; every request will be answered 404"),
        ('geoip.databases = ["outerward.toml", "nope.mmdb"]', "outerward.toml:1: geoip.databases: HERE/nope.mmdb is not there or cannot be read; it adds no places"),
        ('edge.trusted_proxies = ["0.0.0.0/0"]', "outerward.toml:1: edge.trusted_proxies: 0.0.0.0/0 lets every visitor choose the address that is recorded"),
        ('store.server = "x"\nstore.url = "redis://h"\nstore.secret = "0123456789abcdef"', "outerward.toml:1: store.server: is used by the embedded store only"),
        ('[[tunnel]]\nname = "a"\nupstream = "http://a"', "outerward.toml:1: tunnel[a]: leads nowhere: it has no hostname and no edge_route names it"),
        ('[[tunnel]]\nname = "a"\nupstream = "http://a"\nallow = ["*"]', "outerward.toml:4: tunnel[a].allow: has no effect on a tunnel without a hostname"),
        (PROVIDER + TUNNEL + 'public_url = "https://other.example.com"', "outerward.toml:14: tunnel[app].public_url: its host is not the hostname; right only where a proxy in front changes the Host header"),
        ('[provider.hub]\ntype = "oauth"\nprovider = "github"\nclient_id = "c"\nclient_secret = "s"\n' + PROVIDER + TUNNEL.replace('"corp"', '["corp", "hub"]').replace('["*"]', '["group:ops"]'), "outerward.toml:18: tunnel[app].allow: anybody can have a group of that name at GitHub or GitLab.com; give those providers an endpoint of their own, or name a github-team"),
    ],
)  # fmt: skip
def test_what_is_hardly_meant_is_a_warning(folder: Path, text: str, warning: str) -> None:
    (folder / "outerward.toml").write_text(text)
    warnings = load_settings(None, {}).warnings
    assert warning.replace("HERE", str(folder)) in warnings
    assert not any("geoip" in each for each in warnings if each != warning.replace("HERE", str(folder)))
