"""Every mistake has its line: a good configuration with one thing wrong, and what is said of it."""
# ruff: noqa: E501 - a line of the table is a case

from pathlib import Path

import pytest

from outerward.config import ConfigErrors, load_settings

GOOD = """\
state = "./data"
[edge]
listen = ["127.0.0.1:4180"]
[admin]
listen = "127.0.0.1:4040"
[store]
url = "embedded"
[provider.corp]
type = "oidc"
issuer = "https://id.example.com"
client_id = "outerward"
client_secret = "s3cr3t-of-corp"
[[tunnel]]
name = "grafana"
hostname = "grafana.example.com"
upstream = "http://127.0.0.1:3000"
provider = "corp"
allow = ["@example.com"]
[[tunnel]]
name = "wiki"
upstream = "http://127.0.0.1:3001"
[[edge_route]]
edge = "apps"
hostname = "apps.example.com"
path_prefix = "/wiki"
tunnel = "wiki"
provider = "corp"
allow = ["*"]
"""


def errors(folder: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    file = folder / "outerward.toml"
    file.write_text(text)
    try:
        load_settings(file, environ or {})
    except ConfigErrors as found:
        return [line.removeprefix(f"{folder}/") for line in found.lines]
    return []


def changed(line: int, text: str) -> str:
    lines = GOOD.splitlines()
    lines[line - 1] = text
    return "\n".join(lines) + "\n"


def test_the_good_configuration_has_no_error(tmp_path: Path) -> None:
    assert errors(tmp_path, GOOD) == []


TABLE = [
    # top
    (1, "state = 3", "1: state: must be a string, not a number"),
    (1, 'state = ""', "1: state: is no path"),
    (1, 'sate = "./data"', "1: sate: unknown key (did you mean state?)"),
    (1, "geoip.databases = [3]", "1: geoip.databases: must be a string, not a number"),
    (1, 'geoip.databases = [""]', "1: geoip.databases: is no path"),
    (1, "geoip.database = []", "1: geoip.database: unknown key (did you mean databases?)"),
    (1, "geoip = 1", "1: geoip: must be a table [geoip], not a number"),
    (1, "metrics.listen = ''", "1: metrics.listen: must be HOST:PORT, such as 127.0.0.1:4180, 0.0.0.0:4180 or [::1]:4180"),
    (1, "metrics.listen = 9100", "1: metrics.listen: must be a string, not a number"),
    (1, "metrics.listen = '0.0.0.0:4180'", "1: metrics.listen: must not be the edge's listener \"127.0.0.1:4180\""),
    (1, "metrics.listen = '[::]:4040'", "1: metrics.listen: must not be the admin listener \"127.0.0.1:4040\""),
    (1, "metrics.path = '/'", "1: metrics.path: unknown key"),
    (1, '"a\\nb" = 1', '1: "a\\nb": unknown key'),
    (1, "log.level = 'loud'", '1: log.level: must be "debug", "error", "info" or "warning", not "loud"'),
    (1, "log.format = 1", '1: log.format: must be "auto", "console" or "json", not a number'),
    (1, "log.access = 'common'", '1: log.access: must be "combined", "json" or "none", not "common"'),
    # edge
    (2, "[egde]", "2: egde: unknown key (did you mean edge?)"),
    (2, "[[edge]]", "2: edge: must be a table [edge], not a list"),
    (3, 'listn = ["127.0.0.1:4180"]', "3: edge.listn: unknown key (did you mean listen?)"),
    (3, "listen = []", "3: edge.listen: must name at least one HOST:PORT"),
    (3, "listen = [1]", "3: edge.listen: must be a string, not a number"),
    (3, 'listen = [":4180"]', "3: edge.listen: must be HOST:PORT, such as 127.0.0.1:4180, 0.0.0.0:4180 or [::1]:4180"),
    (3, 'listen = "::1:4180"', "3: edge.listen: an IPv6 address must be in brackets, such as [::1]:4180"),
    (3, 'listen = ["a:1", "a:1"]', '3: edge.listen: "a:1" is listened on already'),
    (3, "workers = 0", '3: edge.workers: must be "auto" or between 1 and 512'),
    (3, "workers = 513", '3: edge.workers: must be "auto" or between 1 and 512'),
    (3, 'workers = "many"', '3: edge.workers: must be a whole number, or "auto", not a string'),
    (3, "workers = true", '3: edge.workers: must be a whole number, or "auto", not a boolean'),
    (3, "insecure_http = 1", "3: edge.insecure_http: must be true or false, not a number"),
    (3, "insecure_http = 2020-01-01", "3: edge.insecure_http: must be true or false, not a date or time"),
    (3, 'public_url = "ftp://a"', "3: edge.public_url: must begin with http:// or https://"),
    (3, 'public_url = "https://a/b"', "3: edge.public_url: must not have a path"),
    (3, 'public_url = "https://a?b"', "3: edge.public_url: must have neither query nor fragment"),
    (3, 'public_url = "https://a#b"', "3: edge.public_url: must have neither query nor fragment"),
    (3, 'forwarded = "proxy-protocol"', '3: edge.forwarded: "proxy-protocol" is not available in this version'),
    (3, 'forwarded = "nothing"', '3: edge.forwarded: must be "none" or "x-forwarded", not "nothing"'),
    (3, 'trusted_proxies = ["x"]', '3: edge.trusted_proxies: "x" is not a network such as 10.0.0.0/8'),
    (
        3,
        'trusted_proxies = ["10.0.0.1/8"]',
        '3: edge.trusted_proxies: "10.0.0.1/8" is not a network such as 10.0.0.0/8 (bits are set beyond its length)',
    ),
    (3, 'login_host = "a b"', "3: edge.login_host: is not a valid hostname"),
    (3, "max_line = '1023'", "3: edge.max_line: must be between 1k and 64k"),
    (3, "max_line = '65k'", "3: edge.max_line: must be between 1k and 64k"),
    (3, "max_line = '8 kB'", "3: edge.max_line: must be a size such as 32k, 10m or a number of bytes"),
    (3, "max_header = '3k'", "3: edge.max_header: must be between 4k and 256k"),
    (3, "max_header = '257k'", "3: edge.max_header: must be between 4k and 256k"),
    (3, "max_headers = 9", "3: edge.max_headers: must be between 10 and 1000"),
    (3, "max_headers = 1001", "3: edge.max_headers: must be between 10 and 1000"),
    (3, "max_headers = '100'", "3: edge.max_headers: must be a whole number, not a string"),
    (3, "header_timeout = '0'", "3: edge.header_timeout: must be between 1s and 5m"),
    (3, "header_timeout = '301s'", "3: edge.header_timeout: must be between 1s and 5m"),
    (3, "idle_timeout = '999ms'", "3: edge.idle_timeout: must be between 1s and 1h"),
    (3, "idle_timeout = '61m'", "3: edge.idle_timeout: must be between 1s and 1h"),
    (3, "drain = '61m'", "3: edge.drain: must be between 0 and 1h"),
    (3, "drain = 30", "3: edge.drain: must be a duration such as 500ms, 90s, 15m, 12h or 30d"),
    (3, 'cert = "a"', "3: edge.cert: is not available in this version"),
    # admin
    (5, "listen = 4040", "5: admin.listen: must be a string, not a number"),
    (5, 'listen = "4040"', "5: admin.listen: must be HOST:PORT, such as 127.0.0.1:4180, 0.0.0.0:4180 or [::1]:4180"),
    (5, 'listen = "0.0.0.0:4180"', '5: admin.listen: must not be the edge\'s listener "127.0.0.1:4180"'),
    (5, 'public_url = "https://a/b"', "5: admin.public_url: must not have a path"),
    (5, 'bootstrap_token = "hunter2"', "5: admin.bootstrap_token: must be at least 32 characters long"),
    (
        5,
        f'bootstrap_token = "hunter2 {"x" * 32}"',
        "5: admin.bootstrap_token: must be printable ASCII without blanks, as it is sent in a header",
    ),
    (5, "bootstrap_token = 1", "5: admin.bootstrap_token: must be a string, not a number"),
    (5, 'bootstrap_token = "env:NOPE"', "5: admin.bootstrap_token: the environment variable NOPE is not set"),
    # store
    (7, 'url = "redis://h"', "6: store.secret: is required unless the store is embedded"),
    (7, 'url = "mysql://u:hunter2@h"', "7: store.url: must be embedded, redis://HOST:PORT, rediss://HOST:PORT or unix:///path"),
    (7, 'url = "redis+sentinel://h"', "7: store.url: redis+sentinel:// is not available in this version"),
    (7, 'url = "redis://hunter2@h"', "7: store.url: a user without a password"),
    (7, 'url = "unix:///s?password=hunter2"', "7: store.url: unknown parameter 'password' (only db is known)"),
    (7, 'url = ""', "7: store.url: is empty"),
    (7, 'check_timeout = "0"', "7: store.check_timeout: must be between 1ms and 1m"),
    (7, 'check_timeout = "61s"', "7: store.check_timeout: must be between 1ms and 1m"),
    (7, "check_timeout = 500", "7: store.check_timeout: must be a duration such as 500ms, 90s, 15m, 12h or 30d"),
    (7, "check_timeout = true", "7: store.check_timeout: must be a duration such as 500ms, 90s, 15m, 12h or 30d"),
    (7, 'secret = ["hunter2"]', "7: store.secret: must be at least 16 characters long"),
    (7, 'secret = "file:nope"', "7: store.secret: FOLDER/nope cannot be read: No such file or directory"),
    (7, 'user_retention = "23h"', "7: store.user_retention: must be between 1d and 3650d"),
    (7, 'user_retention = "3651d"', "7: store.user_retention: must be between 1d and 3650d"),
    (7, 'user_retention = "0"', "7: store.user_retention: must be between 1d and 3650d"),
    # provider
    (9, "", '8: provider.corp.type: is required: "oauth", "oidc" or "saml"'),
    (9, "type = 1", '9: provider.corp.type: must be "oauth", "oidc" or "saml", not a number'),
    (9, 'type = "odic"', '9: provider.corp.type: must be "oauth", "oidc" or "saml", not "odic" (did you mean oidc?)'),
    (9, 'type = "smal"', '9: provider.corp.type: must be "oauth", "oidc" or "saml", not "smal" (did you mean saml?)'),
    (9, 'type = ["saml"]', '9: provider.corp.type: must be "oauth", "oidc" or "saml", not a list'),
    (9, 'type = "oauht"', '9: provider.corp.type: must be "oauth", "oidc" or "saml", not "oauht" (did you mean oauth?)'),
    (10, "", "8: provider.corp.issuer: is required"),
    (10, 'issuer = "https://id.example.com/.well-known/openid-configuration"', "10: provider.corp.issuer: ends before /.well-known/openid-configuration"),
    (12, 'client_auth = "private_key_jwt"', "8: provider.corp.private_key: is required with client_auth = 'private_key_jwt'"),
    (12, 'client_auth = "private_key_jwt"\nprivate_key = "hunter2"', "13: provider.corp.private_key: not a private key in PEM without a passphrase"),
    (12, 'client_auth = "private_key_jwt"\nprivate_key = "file:nope"', "13: provider.corp.private_key: FOLDER/nope cannot be read: No such file or directory"),
    (12, 'client_secret = "env:NOPE"', "12: provider.corp.client_secret: the environment variable NOPE is not set"),
    (12, 'client_secret = "x"\nclient_auth = "none"', "12: provider.corp.client_secret: not used with client_auth = 'none'"),
    (12, 'client_secret = "x"\nentity_id = "https://a"', '13: provider.corp.entity_id: is a key of type = "saml", not of "oidc"'),
    (12, "client_secret = 1", "12: provider.corp.client_secret: must be a string, not a number"),
    # tunnels
    (14, "", "13: tunnel[#1].name: is required"),
    (14, 'name = ""', "14: tunnel[#1].name: a name has letters, digits, ., _ and - only, at most 64"),
    (14, 'name = "wiki"', "20: tunnel[wiki].name: another tunnel has this name already"),
    (15, 'hostname = "a b"', "15: tunnel[grafana].hostname: is not a valid hostname"),
    (15, 'hostname = "*.example.com"', "15: tunnel[grafana].hostname: must be one hostname; wildcards are not available in this version"),
    (15, 'hostname = "a.example.com"\npublic_url = ""', "16: tunnel[grafana].public_url: must begin with http:// or https://"),
    (15, 'hostname = "a.example.com"\npublic_url = "https://a/b"', "16: tunnel[grafana].public_url: must not have a path"),
    (15, 'hostname = "https://a"', "15: tunnel[grafana].hostname: must be a hostname alone, without scheme, port or path"),
    (15, 'hostname = "APPS.example.com."', '24: edge_route[apps/wiki].hostname: "apps.example.com" belongs to another tunnel or edge already'),
    (16, "", "13: tunnel[grafana].upstream: is required"),
    (16, 'upstream = "127.0.0.1:3000"', "16: tunnel[grafana].upstream: must begin with http:// or https://, or unix:/path"),
    (16, 'upstream = "http://u:hunter2@a"', "16: tunnel[grafana].upstream: must not carry a user name or password"),
    (17, 'provider = "crop"', '17: tunnel[grafana].provider: there is no provider "crop" (did you mean corp?)'),
    (17, 'provider = ["corp", "crop"]', '17: tunnel[grafana].provider: there is no provider "crop" (did you mean corp?)'),
    (17, 'provider = ["corp", "corp"]', '17: tunnel[grafana].provider: names "corp" more than once'),
    (17, "provider = []", "17: tunnel[grafana].provider: is required on a tunnel with a hostname"),
    (17, "", "13: tunnel[grafana].provider: is required on a tunnel with a hostname"),
    (18, "", "13: tunnel[grafana].allow: is required on a tunnel with a hostname"),
    (18, "allow = []", '18: tunnel[grafana].allow: must not be empty; ["*"] allows everyone who can sign in'),
    (
        18,
        'allow = ["github-team:acme/ops"]',
        '18: tunnel[grafana].allow: "github-team:acme/ops" needs a provider of type oauth for github',
    ),
    (21, 'max_session_duration = "59s"\nupstream = "http://a"', "21: tunnel[wiki].max_session_duration: must be between 1m and 30d"),
    (21, 'max_session_duration = "31d"\nupstream = "http://a"', "21: tunnel[wiki].max_session_duration: must be between 1m and 30d"),
    (21, 'idle_session_timeout = "500ms"\nupstream = "http://a"', "21: tunnel[wiki].idle_session_timeout: must be between 1s and 30d"),
    (21, 'request_timeout = "0"\nupstream = "http://a"', "21: tunnel[wiki].request_timeout: must be between 1ms and 1d"),
    (21, 'max_body = "10 MB"\nupstream = "http://a"', "21: tunnel[wiki].max_body: must be a size such as 32k, 10m or a number of bytes"),
    (21, 'max_body = 0\nupstream = "http://a"', "21: tunnel[wiki].max_body: must be at least 1 byte"),
    (21, 'headers = ["remote_user"]\nupstream = "http://a"', '21: tunnel[wiki].headers: must be "ngrok", "remote-user", "x-auth-request" or "x-forwarded", not "remote_user" (did you mean remote-user?)'),
    (21, 'public_paths = ["a"]\nupstream = "http://a"', "21: tunnel[wiki].public_paths: must begin with /"),
    (21, 'public_paths = ["/a", ""]\nupstream = "http://a"', "21: tunnel[wiki].public_paths: must begin with /"),
    (21, 'public_paths = ["/a*"]\nupstream = "http://a"', "21: tunnel[wiki].public_paths: * may stand at the end only, after a slash: /path/*"),
    (21, 'public_paths = ["/a?b=/c"]\nupstream = "http://a"', "21: tunnel[wiki].public_paths: must be a path alone: a query or a fragment decides nothing"),
    (21, 'public_paths = 3\nupstream = "http://a"', "21: tunnel[wiki].public_paths: must be a string, not a number"),
    (21, 'allow_cors_preflight = 1\nupstream = "http://a"', "21: tunnel[wiki].allow_cors_preflight: must be true or false, not a number"),
    (21, 'upstream_ca = "nope.pem"\nupstream = "https://a"', "21: tunnel[wiki].upstream_ca: FOLDER/nope.pem cannot be read: No such file or directory"),
    (21, 'upstream_ca = ""\nupstream = "https://a"', "21: tunnel[wiki].upstream_ca: is no path"),
    (21, 'upstream_ca = "."\nupstream = "https://a"', "21: tunnel[wiki].upstream_ca: FOLDER cannot be read: Is a directory"),
    (21, 'upstream_ca = "outerward.toml"\nupstream = "https://a"', "21: tunnel[wiki].upstream_ca: FOLDER/outerward.toml holds no certificate in PEM form"),
    (21, 'upstream_ca = 1\nupstream = "https://a"', "21: tunnel[wiki].upstream_ca: must be a string, not a number"),
    (21, 'identity_jwt = 1\nupstream = "http://a"', "21: tunnel[wiki].identity_jwt: must be true or false, not a number"),
    (21, 'session_limit = -1\nupstream = "http://a"', "21: tunnel[wiki].session_limit: must be between 0 (no limit) and 1000"),
    (21, 'session_limit = 1001\nupstream = "http://a"', "21: tunnel[wiki].session_limit: must be between 0 (no limit) and 1000"),
    (21, 'pin = ["country"]\nupstream = "http://a"', '21: tunnel[wiki].pin: the country is known only with geoip.databases; "country" needs one'),
    (21, 'pin = ["city"]\nupstream = "http://a"', '21: tunnel[wiki].pin: must be "country", "device" or "ip", not "city"'),
    # edge routes
    (23, "", "22: edge_route[/wiki].edge: is required"),
    (23, 'edge = "a b"', "23: edge_route[a b/wiki].edge: a name has letters, digits, ., _ and - only, at most 64"),
    (25, 'path_prefix = "wiki"', "25: edge_route[appswiki].path_prefix: must begin with /"),
    (25, 'path_prefix = "/wiki/"', "25: edge_route[apps/wiki/].path_prefix: must not end with /"),
    (26, 'tunnel = "wikki"', '26: edge_route[apps/wiki].tunnel: there is no tunnel "wikki" (did you mean wiki?)'),
    (27, 'provider = "corb"', '27: edge_route[apps/wiki].provider: there is no provider "corb" (did you mean corp?)'),
    (28, "", "22: edge_route[apps/wiki].allow: is required"),
    (28, "allow = []", '28: edge_route[apps/wiki].allow: must not be empty; ["*"] allows everyone who can sign in'),
    (28, 'headers = []\nallow = ["*"]', "28: edge_route[apps/wiki].headers: unknown key"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "text", "error"), TABLE)
def test_a_mistake_is_reported_with_its_line_and_key(
    tmp_path: Path, line: int, text: str, error: str
) -> None:
    found = errors(tmp_path, changed(line, text))
    assert found == [f"outerward.toml:{error.replace('FOLDER', str(tmp_path))}"]
    assert not any("hunter2" in each for each in found)


PLACES = {
    "apps": 'edge = "apps"\nhostname = "apps.example.com"\n',
    "other host": 'edge = "apps"\nhostname = "other.example.com"\n',
    "other edge": 'edge = "more"\nhostname = "Apps.example.com"\n',
    "more": 'edge = "more"\nhostname = "more.example.com"\n',
}
ADDED = [
    ("apps", "/wiki", "", '32: edge_route[apps/wiki].path_prefix: edge "apps" has a route for it already'),
    ("other host", "/x", "", '31: edge_route[apps/x].hostname: edge "apps" has another hostname already'),
    ("other edge", "/x", "", '31: edge_route[more/x].hostname: "apps.example.com" belongs to another tunnel or edge already'),
    ("apps", "/x", "https://apps.example.com:8443", '33: edge_route[apps/x].public_url: another route of "apps.example.com" has another origin'),
    ("more", "/x", "https://apps.example.com", "33: edge_route[more/x].public_url: https://apps.example.com is the public URL of another hostname already"),
    ("more", "/x", "https://more.example.com/y", "33: edge_route[more/x].public_url: must not have a path other than the path_prefix"),
    ("more", "/x", "http://more.example.com", "33: edge_route[more/x].public_url: http://more.example.com would carry session cookies without Secure; use https, or set edge.insecure_http"),
]  # fmt: skip


@pytest.mark.parametrize(("place", "prefix", "public_url", "error"), ADDED)
def test_routes_that_do_not_fit_together_are_reported(
    tmp_path: Path, place: str, prefix: str, public_url: str, error: str
) -> None:
    own = f'public_url = "{public_url}"\n' if public_url else ""
    route = f'[[edge_route]]\n{PLACES[place]}path_prefix = "{prefix}"\n{own}'
    added = GOOD + route + 'tunnel = "wiki"\nprovider = "corp"\nallow = ["*"]\n'
    assert errors(tmp_path, added) == [f"outerward.toml:{error}"]


def test_cookies_without_secure_are_refused_at_the_hostname_where_the_edge_is_http(tmp_path: Path) -> None:
    insecure = changed(3, 'public_url = "http://x:8080"')
    assert errors(tmp_path, insecure)[0] == (
        "outerward.toml:15: tunnel[grafana].hostname: http://grafana.example.com:8080 would carry session"
        " cookies without Secure; use https, or set edge.insecure_http"
    )
    assert errors(tmp_path, changed(3, 'public_url = "http://x:8080"\ninsecure_http = true')) == []


def test_a_misspelt_section_leaves_its_users_without_it(tmp_path: Path) -> None:
    assert errors(tmp_path, changed(8, "[providers.corp]")) == [
        "outerward.toml:8: providers: unknown key (did you mean provider?)",
        'outerward.toml:17: tunnel[grafana].provider: there is no provider "corp"',
        'outerward.toml:27: edge_route[apps/wiki].provider: there is no provider "corp"',
    ]


def test_tunnels_without_a_name_are_not_taken_for_each_other(tmp_path: Path) -> None:
    nameless = (
        '[[tunnel]]\nhostname = "{}.example.com"\nupstream = "http://a"\nprovider = "corp"\nallow = ["*"]\n'
    )
    found = errors(tmp_path, GOOD + nameless.format("x") + nameless.format("y"))
    assert found == [
        "outerward.toml:29: tunnel[#3].name: is required",
        "outerward.toml:34: tunnel[#4].name: is required",
    ]


def test_a_misspelt_key_is_both_unknown_and_missing(tmp_path: Path) -> None:
    assert errors(tmp_path, changed(12, 'client_secrt = "hunter2"')) == [
        "outerward.toml:8: provider.corp.client_secret: is required",
        "outerward.toml:12: provider.corp.client_secrt: unknown key (did you mean client_secret?)",
    ]


def test_all_errors_come_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    text = (
        changed(3, "workers = 0")
        .replace('type = "oidc"', 'type = "kerberos"')
        .replace('"@example.com"', '"nobody"')
    )
    found = errors(tmp_path, text.replace('tunnel = "wiki"', 'tunnel = "wik"'))
    assert [line.split(":")[1] for line in found] == ["3", "9", "18", "26"]


def test_several_mistakes_of_one_provider_are_all_reported(tmp_path: Path) -> None:
    text = changed(12, 'scopes = ["email"]\nid_token_algs = ["none"]')
    found = errors(tmp_path, text)
    assert [line.split(": ")[1] for line in found] == [
        "provider.corp.client_secret",
        "provider.corp.scopes",
        "provider.corp.id_token_algs",
    ]


def test_an_issuer_on_http_needs_the_private_network(tmp_path: Path) -> None:
    http = changed(10, 'issuer = "http://id.example.com"')
    assert errors(tmp_path, http)[0].startswith("outerward.toml:10: provider.corp.issuer: ")
    assert errors(tmp_path, http.replace("[[tunnel]]", "allow_private_network = true\n[[tunnel]]", 1)) == []


def test_no_mistake_is_reported_twice(tmp_path: Path) -> None:
    assert errors(tmp_path, "edge = 1\nadmin = 1\nstore = 1\nprovider = 1\ntunnel = 1\nedge_route = 1\n") == [
        "outerward.toml:1: edge: must be a table [edge], not a number",
        "outerward.toml:2: admin: must be a table [admin], not a number",
        "outerward.toml:3: store: must be a table [store], not a number",
        "outerward.toml:4: provider: must be tables [provider.NAME], not a number",
        "outerward.toml:5: tunnel: must be written as [[tunnel]]",
        "outerward.toml:6: edge_route: must be written as [[edge_route]]",
    ]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"a = 1\nb = \n", "2: not TOML: Invalid value"),
        (b"[a]\n[a]\n", "2: not TOML: Cannot declare ('a',) twice"),
        (b'a = 1\nb = """\nx\n', "3: not TOML: Unterminated string"),
        (b"a = 1\nb = " + b"9" * 5000, "2: not TOML: a number is too long"),
        (b"a = " + b"[" * 5000, "1: not TOML: values are nested too deeply"),
        (b"a = 1\r\nb = \r\n", "2: not TOML: Invalid value"),
        (b"a = 1\n# \xff\n", "2: is not UTF-8"),
        (b"#" * (1024 * 1024 + 1), "1: is larger than 1 MiB"),
    ],
)
def test_what_is_no_toml_is_reported_with_its_line(tmp_path: Path, content: bytes, error: str) -> None:
    file = tmp_path / "outerward.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigErrors) as found:
        load_settings(file, {})
    assert found.value.lines == (f"{file}:{error}",)


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    file = tmp_path / "outerward.toml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load_settings(file, {}).settings.tunnel[0].name == "grafana"


@pytest.mark.parametrize(
    ("name", "words"),
    [("missing.toml", "No such file"), ("", "Is a directory"), ("nul\0", "no file has such a name")],
)
def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(ConfigErrors) as found:
        load_settings(tmp_path / name, {})
    assert len(found.value.lines) == 1
    assert ":1: cannot be read: " in found.value.lines[0]
    assert words in found.value.lines[0]


def test_a_message_is_one_line_whatever_the_file_holds(tmp_path: Path) -> None:
    text = changed(18, 'allow = ["@a\\n\\u001b[31mb"]').replace('name = "wiki"', 'name = "w\\n\\u202eiki"')
    found = errors(tmp_path, text)
    assert len(found) == 3
    assert all(line.isprintable() for line in found)


def test_secrets_are_in_no_repr(tmp_path: Path) -> None:
    file = tmp_path / "outerward.toml"
    file.write_text(changed(5, f'bootstrap_token = "hunter2-{"x" * 32}"'))
    shown = repr(load_settings(file, {}))
    assert "s3cr3t" not in shown
    assert "hunter2" not in shown
