"""Cookies that hosts share, the host that all logins run on, and lists of providers: what is accepted."""

from pathlib import Path

import pytest

from outerward.config import ConfigErrors, Settings, load_settings, login_host_of, routes_of
from proxy import LoginHost

HEAD = """\
[provider.corp]
type = "oidc"
issuer = "https://id.example.com"
client_id = "outerward"
client_secret = "s3cr3t-of-corp"
"""


def tunnel(name: str, hostname: str, *lines: str) -> str:
    return "\n".join(
        [
            "[[tunnel]]",
            f'name = "{name}"',
            f'hostname = "{hostname}"',
            'upstream = "http://127.0.0.1:3000"',
            'provider = "corp"',
            'allow = ["*"]',
            *lines,
            "",
        ]
    )


def shared(domain: str, *lines: str) -> tuple[str, ...]:
    return (f'auth_cookie_domain = "{domain}"', *lines)


def read(folder: Path, *parts: str) -> Settings:
    file = folder / "outerward.toml"
    file.write_text("".join(parts))
    return load_settings(file, {}).settings


def errors(folder: Path, *parts: str) -> list[str]:
    """What is said, without the file's name and line."""
    try:
        read(folder, *parts)
    except ConfigErrors as found:
        return [line.removeprefix(f"{folder}/outerward.toml:").partition(": ")[2] for line in found.lines]
    return []


@pytest.mark.parametrize("domain", ["example.com", ".example.com", "EXAMPLE.com", "example.com."])
def test_hosts_under_one_domain_share_a_cookie_and_the_default_prefix_names_it(
    tmp_path: Path, domain: str
) -> None:
    settings = read(
        tmp_path,
        HEAD,
        tunnel("a", "a.example.com", *shared(domain)),
        tunnel("b", "deep.b.example.com", *shared(domain)),
        tunnel("c", "example.com", *shared(domain)),
        tunnel("d", "d.example.com"),
    )
    cookies = [route.cookie for route in routes_of(settings, 4180)]

    assert [(each.name, each.scope, each.domain) for each in cookies] == [
        *[("outerward.session", ".example.com", "example.com")] * 3,
        ("__Host-outerward", "d.example.com", ""),
    ]


SUFFIX = "is a public suffix: strangers have hosts under it"
NO_DOMAIN = "is not a domain that hosts can share"


@pytest.mark.parametrize(
    ("hostname", "domain", "words"),
    [
        ("a.com", "com", NO_DOMAIN),
        ("a.co.uk", "co.uk", SUFFIX),
        ("a.github.io", "github.io", SUFFIX),
        ("a.github.io", ".GitHub.io.", SUFFIX),
        ("a.kobe.jp", "kobe.jp", SUFFIX),
        ("a.xn--55qx5d.cn", "公司.cn", SUFFIX),
        ("a.s3.amazonaws.com", "s3.amazonaws.com", SUFFIX),
        ("a.localhost", "localhost", NO_DOMAIN),
        ("192.0.2.1", "192.0.2.1", NO_DOMAIN),
        ("[2001:db8::1]", "[2001:db8::1]", NO_DOMAIN),
    ],
    ids=["tld", "co.uk", "github.io", "spelling", "wildcard", "idn", "amazon", "localhost", "ipv4", "ipv6"],
)
def test_a_domain_that_strangers_have_hosts_under_is_refused(
    tmp_path: Path, hostname: str, domain: str, words: str
) -> None:
    (found,) = errors(tmp_path, HEAD, tunnel("a", hostname, *shared(domain)))

    assert found.startswith("tunnel[a].auth_cookie_domain: ")
    assert found.endswith(words)


@pytest.mark.parametrize(
    "domain", ["", ".", "..example.com", "a b", "https://example.com", "*.example.com", "example.com:443"]
)
def test_what_is_no_domain_is_refused(tmp_path: Path, domain: str) -> None:
    (found,) = errors(tmp_path, HEAD, tunnel("a", "a.example.com", *shared(domain)))

    assert found.startswith("tunnel[a].auth_cookie_domain: ")


@pytest.mark.parametrize("domain", ["example.co.uk", "someone.github.io", "apps.localhost", "city.kobe.jp"])
def test_a_domain_of_ones_own_is_accepted(tmp_path: Path, domain: str) -> None:
    assert errors(tmp_path, HEAD, tunnel("a", f"a.{domain}", *shared(domain))) == []


@pytest.mark.parametrize("hostname", ["evilexample.com", "example.com.evil.example", "example.org"])
def test_a_host_that_is_not_under_the_domain_is_refused(tmp_path: Path, hostname: str) -> None:
    assert errors(tmp_path, HEAD, tunnel("a", hostname, *shared("example.com"))) == [
        f'tunnel[a].auth_cookie_domain: "{hostname}" is not under "example.com"'
    ]


def test_a_route_of_an_edge_is_held_to_the_domain_of_its_tunnel_too(tmp_path: Path) -> None:
    plain = '[[tunnel]]\nname = "{}"\nupstream = "http://127.0.0.1:3001"\n{}\n'
    route = (
        '[[edge_route]]\nedge = "apps"\nhostname = "{}"\npath_prefix = "/{}"\ntunnel = "{}"\n'
        'provider = "corp"\nallow = ["*"]\n'
    )
    wiki = plain.format("wiki", 'auth_cookie_domain = "example.com"')
    notes = plain.format("notes", "")
    host = "apps.example.com"

    assert errors(tmp_path, HEAD, wiki, route.format("apps.example.org", "w", "wiki")) == [
        'tunnel[wiki].auth_cookie_domain: "apps.example.org" is not under "example.com"'
    ]
    assert errors(
        tmp_path, HEAD, wiki, notes, route.format(host, "w", "wiki"), route.format(host, "n", "notes")
    ) == [f'tunnel[notes].auth_cookie_domain: another route of "{host}" has another session cookie']
    assert (
        errors(tmp_path, HEAD, wiki, route.format(host, "w", "wiki"), route.format(host, "v", "wiki")) == []
    )


def test_two_cookies_of_one_name_may_not_reach_one_host(tmp_path: Path) -> None:
    outer = tunnel("a", "a.example.com", *shared("example.com"))
    inner = tunnel("b", "b.team.example.com", *shared("team.example.com"))
    apart = tunnel("b", "b.team.example.com", *shared("team.example.com", 'cookie_prefix = "team-"'))
    beside = tunnel("b", "b.example.org", *shared("example.org"))
    (found,) = errors(tmp_path, HEAD, outer, inner)

    assert found.startswith(
        'tunnel[b].auth_cookie_domain: the cookie "outerward.session" of "example.com" reaches'
        ' "b.team.example.com" too'
    )
    assert errors(tmp_path, HEAD, outer, apart) == []
    assert errors(tmp_path, HEAD, outer, beside) == []


def test_hosts_on_http_and_on_https_share_no_cookie(tmp_path: Path) -> None:
    found = errors(
        tmp_path,
        "[edge]\ninsecure_http = true\n",
        HEAD,
        tunnel("a", "a.example.com", *shared("example.com")),
        tunnel("b", "b.example.com", *shared("example.com", 'public_url = "http://b.example.com"')),
    )

    assert [line.partition(":")[0] for line in found] == [
        "tunnel[a].auth_cookie_domain",
        "tunnel[b].auth_cookie_domain",
    ]
    assert all("use one scheme for all" in line for line in found)


@pytest.mark.parametrize(
    ("prefix", "words"),
    [
        ("", "must be 1 to 64 characters that a cookie's name may have"),
        ("a b", "must be 1 to 64 characters that a cookie's name may have"),
        ("a=b", "must be 1 to 64 characters that a cookie's name may have"),
        ("a;", "must be 1 to 64 characters that a cookie's name may have"),
        ("ä", "must be 1 to 64 characters that a cookie's name may have"),
        ("a\\n", "must be 1 to 64 characters that a cookie's name may have"),
        ("x" * 65, "must be 1 to 64 characters that a cookie's name may have"),
        ("__Host-", "begins like a cookie that means something else"),
        ("__SECURE-", "begins like a cookie that means something else"),
        ("outerward-login-", "begins like a cookie that means something else"),
    ],
    ids=["empty", "blank", "equals", "semicolon", "umlaut", "line end", "long", "host", "secure", "login"],
)
def test_a_prefix_that_makes_no_good_name_is_refused(tmp_path: Path, prefix: str, words: str) -> None:
    lines = shared("example.com", f'cookie_prefix = "{prefix}"')

    assert errors(tmp_path, HEAD, tunnel("a", "a.example.com", *lines)) == [
        f"tunnel[a].cookie_prefix: {words}"
    ]


def edge(login_host: str, *lines: str) -> str:
    return "\n".join(["[edge]", f'login_host = "{login_host}"', *lines, ""])


@pytest.mark.parametrize(
    ("lines", "text", "expected"),
    [
        ((), "Login.Example.com.", LoginHost("login.example.com", "https://login.example.com", secure=True)),
        ((), "login.localhost", LoginHost("login.localhost", "http://login.localhost:4180", secure=False)),
        (
            ('public_url = "https://x:8443"',),
            "login.example.com",
            LoginHost("login.example.com", "https://login.example.com:8443", secure=True),
        ),
        ((), "a.example.com", LoginHost("a.example.com", "https://a.example.com", secure=True)),
    ],
    ids=["https", "local", "port", "an application's host"],
)
def test_the_login_host_has_the_scheme_and_port_of_the_edge(
    tmp_path: Path, lines: tuple[str, ...], text: str, expected: LoginHost
) -> None:
    settings = read(tmp_path, edge(text, *lines), HEAD, tunnel("a", "a.example.com"))

    assert login_host_of(settings, 4180) == expected


def test_without_one_there_is_no_login_host(tmp_path: Path) -> None:
    assert login_host_of(read(tmp_path, HEAD, tunnel("a", "a.example.com")), 4180) is None


@pytest.mark.parametrize(
    "text", ["", "a b", "https://login.example.com", "login.example.com:443", "*.example.com"]
)
def test_what_is_no_hostname_is_no_login_host(tmp_path: Path, text: str) -> None:
    (found,) = errors(tmp_path, edge(text), HEAD, tunnel("a", "a.example.com"))

    assert found.startswith("edge.login_host: ")


def test_a_login_host_on_http_needs_insecure_http(tmp_path: Path) -> None:
    http = 'public_url = "http://x:8080"'
    app = tunnel("a", "a.example.com", 'public_url = "https://a.example.com"')

    assert errors(tmp_path, edge("login.example.com", http), HEAD, app) == [
        "edge.login_host: http://login.example.com:8080 would carry login cookies without Secure; use https"
    ]
    assert errors(tmp_path, edge("login.example.com", http, "insecure_http = true"), HEAD, app) == []
    assert errors(tmp_path, edge("login.localhost", http), HEAD, app) == []


def test_a_login_host_is_nobody_elses_public_url(tmp_path: Path) -> None:
    taken = tunnel("a", "inner.example.com", 'public_url = "https://login.example.com"')
    assert errors(tmp_path, edge("login.example.com"), HEAD, taken) == [
        'edge.login_host: https://login.example.com is the public URL of "inner.example.com" already'
    ]


def test_a_shared_cookie_reaches_the_host_that_visitors_see(tmp_path: Path) -> None:
    seen = tunnel("a", "a.example.com", 'public_url = "https://a.example.org"', *shared("example.com"))
    assert errors(tmp_path, HEAD, seen) == [
        'tunnel[a].auth_cookie_domain: "a.example.org" is not under "example.com"'
    ]


def test_answers_that_nobody_asked_for_and_a_login_host_exclude_each_other(tmp_path: Path) -> None:
    okta = '[provider.okta]\ntype = "saml"\nidp_metadata_url = "https://id.example.com/m"\n'
    allowed = okta + "allow_idp_initiated = true\n"
    app = tunnel("a", "a.example.com")
    (found,) = errors(tmp_path, edge("login.example.com"), HEAD, allowed, app)

    assert found.startswith("provider.okta.allow_idp_initiated: cannot be used with edge.login_host")
    assert errors(tmp_path, edge("login.example.com"), HEAD, okta, app) == []
    assert errors(tmp_path, HEAD, allowed, app) == []


PROVIDERS = HEAD + HEAD.replace("corp", "okta")


def test_a_tunnel_may_name_several_providers_and_has_them_in_order(tmp_path: Path) -> None:
    app = tunnel("a", "a.example.com").replace('"corp"', '["okta", "corp"]')
    (route,) = routes_of(read(tmp_path, PROVIDERS, app), 4180)

    assert route.providers == ("okta", "corp")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ('["corp", "crop"]', 'there is no provider "crop" (did you mean corp?)'),
        ('["corp", "okta", "corp"]', 'names "corp" more than once'),
        ("[]", "is required on a tunnel with a hostname"),
        ("[3]", "must be a string, not a number"),
    ],
    ids=["unknown", "twice", "none", "a number"],
)
def test_a_list_of_providers_that_cannot_be_chosen_from_is_refused(
    tmp_path: Path, value: str, words: str
) -> None:
    app = tunnel("a", "a.example.com").replace('"corp"', value)
    found = errors(tmp_path, PROVIDERS, app)

    assert found[0] == f"tunnel[a].provider: {words}"
