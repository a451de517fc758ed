"""``http``: the same conversion and checks as for a file, with the flags' names in the errors."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from outerward.cli import main
from outerward.cli.http_command import upstream_url
from outerward.cli.one_app import OneApp, load_one
from outerward.config import ConfigErrors, Settings, routes_of

OIDC = ["--oidc", "https://id.example.com", "--client-id", "a", "--client-secret", "env:SECRET"]


def app(
    *,
    upstream: str = "http://127.0.0.1:3000",
    issuer: str | None = "https://id.example.com",
    preset: str | None = None,
    reference: str | None = "env:SECRET",
    allow: tuple[str, ...] = ("@example.com",),
    plain: Mapping[str, str] | None = None,
) -> OneApp:
    return OneApp(
        upstream=upstream,
        issuer=issuer,
        preset=preset,
        client_secret=reference,
        secret_flag="--client-secret",
        allow=allow,
        allow_private_network=False,
        plain={"--client-id": "a"} if plain is None else plain,
    )


def settings(made: OneApp, **environ: str) -> Settings:
    return load_one(made, "/state", {"SECRET": "s", **environ}).settings


def errors(made: OneApp, **environ: str) -> list[str]:
    with pytest.raises(ConfigErrors) as found:
        settings(made, **environ)
    return list(found.value.lines)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("3000", "http://127.0.0.1:3000"),
        (":3000", "http://127.0.0.1:3000"),
        ("grafana:3000", "http://grafana:3000"),
        ("[::1]:3000", "http://[::1]:3000"),
        ("https://grafana.example.com", "https://grafana.example.com"),
        ("unix:/run/app.sock", "unix:/run/app.sock"),
        ("grafana:65535", "http://grafana:65535"),
    ],
    ids=["port", "colon", "host", "IPv6", "URL", "socket", "highest port"],
)
def test_an_upstream_may_be_written_short(text: str, url: str) -> None:
    assert upstream_url(text) == url


def test_it_is_one_tunnel_on_localhost_with_one_provider() -> None:
    found = settings(app())
    (route,) = routes_of(found, 4180)

    assert route.origin == "http://localhost:4180"
    assert route.providers == ("oidc",)
    assert found.edge.listen == ("127.0.0.1:4180",)
    assert found.state == Path("/state")
    assert found.store.url == "embedded"


def test_a_preset_gives_the_provider_its_name() -> None:
    found = settings(app(issuer=None, preset="github"))

    assert list(found.provider) == ["github"]


def test_what_cannot_be_a_preset_is_one_mistake() -> None:
    (line,) = errors(app(issuer=None, preset="my space"))

    assert line.startswith("--oauth: provider.oauth.provider: must be")


def test_flags_go_where_their_keys_are() -> None:
    plain = {
        "--client-id": "a",
        "--hostname": "app.example.com",
        "--public-url": "https://app.example.com:8443",
        "--listen": "127.0.0.1:1",
        "--admin-listen": "127.0.0.1:2",
        "--state": "/elsewhere",
    }
    found = settings(app(plain=plain))
    (route,) = routes_of(found, 1)

    assert route.origin == "https://app.example.com:8443"
    assert (found.edge.listen, found.admin.listen) == (("127.0.0.1:1",), "127.0.0.1:2")
    assert found.state == Path("/elsewhere")


def test_a_flag_wins_over_the_environment_and_the_environment_over_the_default() -> None:
    plain = {"--client-id": "a", "--listen": "127.0.0.1:1"}
    found = settings(
        app(plain=plain),
        OUTERWARD_EDGE_LISTEN="127.0.0.1:9",
        OUTERWARD_ADMIN_LISTEN="127.0.0.1:8",
        OUTERWARD_PROVIDER_OIDC_CLIENT_ID="b",
    )

    assert (found.edge.listen, found.admin.listen) == (("127.0.0.1:1",), "127.0.0.1:8")
    assert getattr(found.provider["oidc"], "client_id", "") == "a"


def test_the_credentials_may_be_in_the_environment_as_for_a_file() -> None:
    found = settings(
        app(reference=None, plain={}),
        OUTERWARD_PROVIDER_OIDC_CLIENT_ID="b",
        OUTERWARD_PROVIDER_OIDC_CLIENT_SECRET="t",
    )

    assert getattr(found.provider["oidc"], "client_id", "") == "b"


@pytest.mark.parametrize(
    ("made", "start"),
    [
        (app(upstream="grafana"), "UPSTREAM: tunnel[app].upstream: must begin with"),
        (app(issuer="http://id.example.com"), "--oidc: provider.oidc.issuer: "),
        (app(issuer=None, preset="myspace"), "--oauth: provider.myspace.provider: must be"),
        (app(allow=("ops",)), "--allow: tunnel[app].allow: "),
        (app(reference="env:NOWHERE"), "--client-secret: provider.oidc.client_secret: the environment"),
        (app(reference=None), "--client-secret: provider.oidc.client_secret: "),
        (app(plain={}), "--client-id: provider.oidc.client_id: is required"),
        (app(plain={"--client-id": "a", "--hostname": "a b"}), "--hostname: tunnel[app].hostname: "),
        (app(plain={"--client-id": "a", "--listen": "4180"}), "--listen: edge.listen: must be HOST:PORT"),
        (
            app(plain={"--client-id": "a", "--public-url": "http://app.example.com"}),
            "--public-url: tunnel[app].public_url: ",
        ),
    ],
    ids=[
        "upstream",
        "issuer",
        "preset",
        "allow",
        "variable",
        "no secret",
        "no client",
        "hostname",
        "listen",
        "public URL",
    ],
)
def test_what_is_wrong_is_said_under_the_name_of_its_flag(made: OneApp, start: str) -> None:
    assert [line[: len(start)] for line in errors(made)][:1] == [start]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["3000", *OIDC], "--allow '*' for everyone who can sign in"),
        (["3000", "--allow", "*"], "name one provider: --oidc ISSUER or --oauth PRESET"),
        (["3000", *OIDC, "--oauth", "google", "--allow", "*"], "name one provider"),
        (
            ["3000", "--oauth", "google", "--client-secret", "canary", "--allow", "*"],
            "--client-secret takes env:NAME or file:PATH",
        ),
        (["3000", *OIDC, "--client-secret-file", "f", "--allow", "*"], "one is enough"),
        (OIDC, "Missing argument"),
        (["grafana", *OIDC, "--allow", "*"], "UPSTREAM is a URL, HOST:PORT, or a port of this machine"),
        (["65536", *OIDC, "--allow", "*"], "from 1 to 65535"),
        (["grafana:0", *OIDC, "--allow", "*"], "from 1 to 65535"),
    ],
    ids=[
        "nobody",
        "no provider",
        "two providers",
        "secret in the open",
        "two secrets",
        "no upstream",
        "a word",
        "too high a port",
        "port 0",
    ],
)
def test_a_wrong_command_line_is_2_and_says_what_to_write(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["http", *arguments]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "canary" not in error


def test_a_bad_value_is_78_and_leaves_no_folder_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SECRET", "s")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    assert main(["http", "http://grafana/x", *OIDC, "--allow", "*"]) == 78
    assert capsys.readouterr().err.startswith("UPSTREAM: ")
    assert list(tmp_path.iterdir()) == []
