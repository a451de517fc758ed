"""The session cookie of a host: its name, where it counts, the lines that set and clear it."""

import pytest

from proxy import LoginHost, SessionCookie, Site
from proxy.session_cookie import DEFAULT_PREFIX
from tests.support.control import route

ALONE = SessionCookie.of("app.example.com", secure=True)
SHARED = SessionCookie.of("app.example.com", secure=True, domain="example.com")
PLAIN = SessionCookie.of("app.localhost", secure=False)


def test_a_host_alone_has_a_cookie_that_no_other_host_can_set() -> None:
    assert (ALONE.name, ALONE.scope, ALONE.domain) == ("__Host-outerward", "app.example.com", "")
    assert (PLAIN.name, PLAIN.scope) == ("outerward", "app.localhost")
    assert ALONE.setting("v") == "__Host-outerward=v; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert PLAIN.setting("v") == "outerward=v; Path=/; HttpOnly; SameSite=Lax"


def test_a_shared_cookie_has_the_prefixs_name_and_counts_in_its_whole_domain() -> None:
    own = SessionCookie.of("app.example.com", secure=True, domain="example.com", prefix="suite-")

    assert (SHARED.name, SHARED.scope) == (f"{DEFAULT_PREFIX}session", ".example.com")
    assert own.name == "suite-session"
    assert SHARED.setting("v").endswith("; HttpOnly; SameSite=Lax; Domain=example.com; Secure")


def test_the_prefix_means_nothing_without_a_domain() -> None:
    assert SessionCookie.of("app.example.com", secure=True, prefix="suite-") == ALONE


@pytest.mark.parametrize("cookie", [ALONE, SHARED, PLAIN], ids=["alone", "shared", "plain"])
def test_a_cookie_is_cleared_with_the_attributes_that_it_was_set_with(cookie: SessionCookie) -> None:
    name, *setting = cookie.setting("v").split("; ")
    cleared, *clearing = cookie.clearings[0].split("; ")

    assert (name, cleared) == (f"{cookie.name}=v", f"{cookie.name}=")
    assert set(clearing) - set(setting) == {"Max-Age=0"}
    assert set(setting) <= set(clearing)


def test_a_shared_cookie_is_cleared_together_with_its_namesake_that_has_no_domain() -> None:
    shared, planted = SHARED.clearings

    assert planted == shared.replace("; Domain=example.com", "")
    assert len(ALONE.clearings) == 1


def test_what_is_issued_for_a_host_that_is_called_like_the_domain_does_not_count_under_it() -> None:
    assert SessionCookie.of("example.com", secure=True).scope != SHARED.scope


@pytest.mark.parametrize(
    ("hostname", "reached"),
    [
        ("example.com", True),
        ("app.example.com", True),
        ("a.b.example.com", True),
        ("evilexample.com", False),
        ("example.com.evil.example", False),
        ("com", False),
        ("", False),
    ],
)
def test_a_shared_cookie_reaches_whole_labels_only(hostname: str, reached: bool) -> None:
    assert SHARED.reaches(hostname) is reached


def test_a_cookie_of_one_host_reaches_no_other() -> None:
    assert not ALONE.reaches("app.example.com")
    assert not ALONE.reaches("")


def test_every_host_that_a_shared_cookie_reaches_knows_its_name() -> None:
    site = Site.of(
        [
            route("app.example.com", cookie_domain="example.com"),
            route("other.example.com"),
            route("deep.team.example.com", cookie_domain="team.example.com", cookie_prefix="team-"),
            route("elsewhere.example.org"),
        ],
        LoginHost("login.example.com", "https://login.example.com", secure=True),
    )
    known = {name: [each.domain_cookies for each in host.routes] for name, host in site.hosts.items()}

    assert known == {
        "app.example.com": [{b"outerward.session"}],
        "other.example.com": [{b"outerward.session"}],
        "deep.team.example.com": [{b"outerward.session", b"team-session"}],
        "elsewhere.example.org": [frozenset()],
        "login.example.com": [],
    }
    assert site.domain_cookies == {b"outerward.session", b"team-session"}


def test_a_shared_session_lasts_as_long_as_the_longest_of_its_endpoints_and_of_no_other() -> None:
    site = Site.of(
        [
            route("a.example.com", cookie_domain="example.com", max_session_s=60),
            route("b.example.com", cookie_domain="example.com", max_session_s=120),
            route("c.example.com", max_session_s=600),
        ]
    )

    assert site.max_session_s(".example.com") == 120
    assert site.max_session_s("c.example.com") == 600
