"""Signing in to the dashboard through a provider: what is accepted, and the site that follows from it."""
# ruff: noqa: E501 - a line of the table is a case

from pathlib import Path

import pytest

from outerward.config import Loaded, Settings, admin_origin, dashboard_site_of, load_settings
from proxy import Host
from tests.unit.outerward.config.test_config_errors import changed, errors
from tests.unit.outerward.config.test_config_session_rules import HEAD, tunnel

ROLES = '[admin]\nprovider = "corp"\nroles = { viewer = ["@example.com"], admin = ["group:ops"] }\n'


def read(folder: Path, *parts: str, **environ: str) -> Loaded:
    file = folder / "outerward.toml"
    file.write_text("".join((HEAD, tunnel("a", "a.example.com"), *parts)))
    return load_settings(file, environ)


def host_of(settings: Settings) -> Host:
    site = dashboard_site_of(settings)
    assert site is not None
    (host,) = site.hosts.values()
    return host


def test_without_a_provider_there_is_no_site(tmp_path: Path) -> None:
    assert dashboard_site_of(read(tmp_path).settings) is None


def test_the_site_lets_in_whoever_has_any_role(tmp_path: Path) -> None:
    loaded = read(tmp_path, ROLES)
    (route,) = host_of(loaded.settings).routes

    assert loaded.warnings == ()
    assert [(rule.kind, rule.value) for rule in route.rules] == [("domain", "example.com"), ("group", "ops")]
    assert (route.providers, route.path_prefix, route.max_session_s) == (("corp",), "", 8 * 3600)


@pytest.mark.parametrize(
    ("lines", "origin", "hostname", "cookie"),
    [
        ("", "http://127.0.0.1:4040", "127.0.0.1:4040", "outerward-admin"),
        ('listen = "[::]:9000"\n', "http://[::1]:9000", "[::1]:9000", "outerward-admin"),
        ('listen = "0.0.0.0:0"\n', "http://127.0.0.1:0", "127.0.0.1:0", "outerward-admin"),
        (
            'public_url = "https://Admin.example.com"\n',
            "https://admin.example.com",
            "admin.example.com:443",
            "__Host-outerward-admin",
        ),
    ],
    ids=["by default", "IPv6", "a free port", "https"],
)
def test_origin_and_cookie_follow_the_public_url(
    tmp_path: Path, lines: str, origin: str, hostname: str, cookie: str
) -> None:
    settings = read(tmp_path, ROLES, lines).settings
    host = host_of(settings)

    assert (host.origin, host.hostname, host.cookie.name) == (origin, hostname, cookie)
    assert str(admin_origin(settings)) == origin
    assert host.cookie.secure == origin.startswith("https:")


def test_the_scope_of_the_cookie_can_be_no_hostname_and_no_domain(tmp_path: Path) -> None:
    scope = host_of(read(tmp_path, ROLES).settings).cookie.scope

    assert scope.startswith("dashboard:")


def test_the_login_host_is_nothing_to_the_dashboard(tmp_path: Path) -> None:
    settings = read(tmp_path, '[edge]\nlogin_host = "login.example.com"\n', ROLES).settings
    site = dashboard_site_of(settings)

    assert site is not None
    assert site.login is None
    assert site.spoken_to_at(host_of(settings)).origin == "http://127.0.0.1:4040"


def test_plain_http_is_accepted_where_all_cookies_may_go_without_secure(tmp_path: Path) -> None:
    lines = 'public_url = "http://admin.example.com"\n'

    assert not host_of(read(tmp_path, "[edge]\ninsecure_http = true\n", ROLES, lines).settings).cookie.secure


def test_everyone_in_a_role_is_a_warning(tmp_path: Path) -> None:
    loaded = read(tmp_path, ROLES.replace("@example.com", "*"))

    (warning,) = loaded.warnings
    assert warning.endswith('admin.roles.viewer: everyone who can sign in at "corp" has this role')


def test_the_provider_may_come_from_the_environment_and_roles_may_not(tmp_path: Path) -> None:
    roles = '[admin]\nroles = { admin = ["group:ops"] }\n'
    loaded = read(tmp_path, roles, OUTERWARD_ADMIN_PROVIDER="corp", OUTERWARD_ADMIN_ROLES="x")

    assert loaded.settings.admin.provider == "corp"
    assert loaded.warnings == ("OUTERWARD_ADMIN_ROLES: stands for no key and is not used",)


MISTAKES = [
    ('provider = "corp"', "4: admin.roles: is required with admin.provider: who is viewer, operator, admin"),
    ('provider = "corp"\nroles = {}', "6: admin.roles: is required with admin.provider: who is viewer, operator, admin"),
    ('provider = ["corp"]', "5: admin.provider: must be a string, not a list"),
    ('provider = "crop"\nroles = { viewer = ["*"] }', '5: admin.provider: there is no provider "crop" (did you mean corp?)'),
    ('provider = ""\nroles = { viewer = ["*"] }', '5: admin.provider: there is no provider ""'),
    ('roles = { viewer = ["*"] }', "5: admin.roles: needs admin.provider, through which people sign in to the dashboard"),
    ('provider = "corp"\nroles = ["*"]', "6: admin.roles: must be a table [admin.roles], not a list"),
    ('provider = "corp"\nroles = { viewer = [] }', "6: admin.roles.viewer: must not be empty; leave it out where nobody has this role"),
    ('provider = "corp"\nroles = { viewers = ["*"], admin = ["a@b.c"] }', "6: admin.roles.viewers: unknown key (did you mean viewer?)"),
    ('provider = "corp"\nroles = { admin = ["example.com"] }', "6: admin.roles.admin: 'example.com' is not '*', '@domain', an e-mail address, 'group:NAME' or 'github-team:ORG/TEAM'; for everyone of that domain write '@example.com'"),
    ('provider = "corp"\nroles = { admin = [1] }', "6: admin.roles.admin: must be a string, not a number"),
    ('provider = "corp"\nroles = { admin = ["github-team:acme/ops"] }', '6: admin.roles.admin: "github-team:acme/ops" needs a provider of type oauth for github'),
    ('provider = "corp"\nroles = { admin = ["a@b.c"] }\npublic_url = "http://admin.example.com"', "7: admin.public_url: http://admin.example.com would carry session cookies without Secure; use https, or set edge.insecure_http"),
    ('provider = "corp"\nroles = { admin = ["a@b.c"] }\nlisten = "192.0.2.1:4040"', "7: admin.listen: http://192.0.2.1:4040 would carry session cookies without Secure; use https, or set edge.insecure_http"),
    ('public_url = "https://apps.example.com"', '5: admin.public_url: https://apps.example.com is the public URL of "apps.example.com"; it needs one of its own'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "error"), MISTAKES)
def test_a_mistake_is_reported_with_its_line_and_key(tmp_path: Path, text: str, error: str) -> None:
    assert errors(tmp_path, changed(5, text)) == [f"outerward.toml:{error}"]
