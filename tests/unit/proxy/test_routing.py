"""Routes: the host decides first, then the longest prefix; and a prefix ends at a slash."""

import pytest

from proxy.routes import Site
from tests.support.edge import route
from tests.support.upstreams import Echo

UPSTREAM = Echo().address
SITE = Site.of(
    [
        route(UPSTREAM, "apps.localhost", "/wiki", max_session_s=60),
        route(UPSTREAM, "apps.localhost", "/wiki/admin", max_session_s=120),
        route(UPSTREAM, "apps.localhost", "/x"),
        route(UPSTREAM, "app.localhost"),
    ]
)


@pytest.mark.parametrize(
    ("path", "prefix"),
    [
        ("/wiki", "/wiki"),
        ("/wiki/", "/wiki"),
        ("/wiki/page", "/wiki"),
        ("/wiki/admin", "/wiki/admin"),
        ("/wiki/admin/x", "/wiki/admin"),
        ("/wiki/administrator", "/wiki"),
        ("/wikis", None),
        ("/Wiki", None),
        ("/", None),
        ("/xy", None),
        ("/x", "/x"),
    ],
)
def test_the_longest_prefix_that_ends_at_a_slash_wins(path: str, prefix: str | None) -> None:
    found = SITE.hosts["apps.localhost"].match(path)

    assert (found.path_prefix if found else None) == prefix


@pytest.mark.parametrize("path", ["/", "/wiki", "/anything/at/all"])
def test_a_tunnel_has_its_whole_host(path: str) -> None:
    found = SITE.hosts["app.localhost"].match(path)

    assert found is not None
    assert found.hostname == "app.localhost"


def test_a_host_has_path_rules_when_it_has_a_prefix_or_several_routes() -> None:
    assert SITE.hosts["apps.localhost"].has_path_rules
    assert Site.of([route(UPSTREAM, "one.localhost", "/only")]).hosts["one.localhost"].has_path_rules
    assert not SITE.hosts["app.localhost"].has_path_rules


def test_the_longest_session_of_a_host_is_that_of_its_most_lasting_endpoint() -> None:
    assert SITE.max_session_s("apps.localhost") == 3600


def test_the_cookie_of_a_secure_endpoint_is_bound_to_its_host_by_its_name() -> None:
    assert route(UPSTREAM, secure=True).cookie.name == "__Host-outerward"
    assert route(UPSTREAM).cookie.name == "outerward"
