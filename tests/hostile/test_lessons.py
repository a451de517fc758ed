"""What broke elsewhere (lessons about headers, paths, forwarding and caches), where no other test has it.

``tests/hostile/lessons.md`` names the test of every lesson.
"""

import itertools
import re
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy import HeaderPreset
from proxy.cookie_header import read_cookies
from proxy.fields import Fields, read_fields
from session_store import Store
from tests.support.edge import HOST, Edge, ada, route, running_edge
from tests.support.http_client import chunked, connected, exchange, request
from tests.support.upstreams import Echo, received

PRESETS: tuple[HeaderPreset, ...] = ("x-forwarded", "x-auth-request", "remote-user", "ngrok")
OURS = [
    *("X-Forwarded-" + end for end in ("User", "Email", "Groups", "Preferred-Username", "Access-Token")),
    *("X-Forwarded-" + end for end in ("For", "Proto", "Host")),
    *("X-Auth-Request-" + end for end in ("User", "Email", "Groups", "Preferred-Username", "Access-Token")),
    *("Remote-" + end for end in ("User", "Email", "Name", "Groups")),
    *("ngrok-auth-user-" + end for end in ("id", "email", "name")),
    *("X-Outerward-Session", "X-Outerward-Jwt", "X-Outerward-Edge", "X-Request-Id"),
]


@pytest.fixture
async def upstream() -> AsyncIterator[Echo]:
    async with Echo.running() as echo:
        yield echo


@pytest.fixture
async def edge(store: Store, upstream: Echo) -> AsyncIterator[Edge]:
    async with running_edge(store, [route(upstream, headers=PRESETS)]) as running:
        yield running


def wsgi(name: str) -> str:
    """The variable that a WSGI server makes of a header's name (PEP 3333, as CGI's RFC 3875 §4.1.18)."""
    return "HTTP_" + name.upper().replace("-", "_")


def cgi(name: str) -> str:
    """The variable that a careful CGI server makes of it: only letters, digits and ``_`` are left."""
    return "HTTP_" + re.sub(r"[^A-Z0-9]", "_", name.upper())


separators = st.text("-_.!#$%&'*+^`|~", min_size=1, max_size=1)


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """A name of ours as a CGI or WSGI upstream would take it for the same."""
    name = draw(st.sampled_from(OURS))
    letters = (draw(st.sampled_from([char.lower(), char.upper()])) for char in name)
    return "".join(draw(separators) if char == "-" else char for char in letters)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(spellings(), min_size=1, max_size=5))
def test_lesson_7_no_spelling_reaches_an_upstream_that_folds_names(names: list[str]) -> None:
    fields = read_fields(
        [(b"Host", b"x"), *((name.encode(), b"forged") for name in names)],
        http10=False,
        keep_alive=True,
        upgrade=False,
    )

    assert isinstance(fields, Fields)
    kept = [line.partition(b":")[0].decode() for line in fields.kept.split(b"\r\n")]
    for fold in (wsgi, cgi):
        assert not {fold(name) for name in OURS} & {fold(name) for name in kept}


async def test_lesson_7_to_an_upstream_that_folds_names_each_variable_of_ours_has_our_value(
    edge: Edge,
) -> None:
    cookie = await edge.sign_in()
    forged = [(name.replace("-", "_"), "root") for name in OURS] + [(name, "root") for name in OURS]
    for start in range(0, len(forged), 25):
        asked = received(await edge.ask(cookie=cookie, headers=forged[start : start + 25]))
        for fold in (wsgi, cgi):
            variables: dict[str, list[str]] = {}
            for name, value in asked.headers:
                variables.setdefault(fold(name), []).append(value)
            assert variables["HTTP_X_FORWARDED_USER"] == variables["HTTP_X_AUTH_REQUEST_USER"] == ["ada"]
            assert variables["HTTP_REMOTE_USER"] == ["ada.l"]
            assert "root" not in itertools.chain.from_iterable(variables.values())


TRUSTED_NOBODY = [
    *("X-Forwarded-" + end for end in ("Uri", "Url", "Path", "Prefix", "Method", "Proto", "Host", "Port")),
    *("X-Forwarded-" + end for end in ("Scheme", "Server", "Ssl", "Client-Cert")),
    *("X-Original-" + end for end in ("Url", "Uri", "Host", "Method", "Forwarded-For", "Path")),
    *("X-Rewrite-Url", "X-Envoy-Original-Path", "X-Envoy-External-Address", "X-Replaced-Path"),
    *("X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "X-Cluster-Client-Ip"),
    *("X-Host", "X-Http-Host-Override", "X-Http-Method-Override", "Forwarded", "X-Accel-Redirect"),
]


@pytest.mark.parametrize("trusted", [[], ["127.0.0.1"]])
async def test_lesson_2_and_68_no_forwarding_header_changes_a_verdict(
    store: Store, upstream: Echo, trusted: list[str]
) -> None:
    routes = [
        route(upstream, prefix="/open"),
        route(upstream, prefix="/admin", allow=["group:board"]),
        route(upstream, "other.localhost"),
    ]
    async with running_edge(store, routes, trusted_proxies=trusted) as edge:
        cookie = await edge.sign_in()
        for name in TRUSTED_NOBODY:
            for value in ("/open", f"http://{HOST}/open", "other.localhost", "127.0.0.1", "GET"):
                headers = [(name, value)]
                assert (await edge.ask("/admin", cookie=cookie, headers=headers)).problem == (403, "2001")
                assert (await edge.ask("/open", headers=headers)).problem == (401, "2000")
        refused = [(name, "/open") for name in TRUSTED_NOBODY]
        assert (await edge.ask("/admin", cookie=cookie, headers=refused)).problem == (403, "2001")
    assert upstream.hits == 0


@pytest.mark.parametrize("name", TRUSTED_NOBODY)
async def test_lesson_23_what_an_untrusted_peer_says_of_itself_is_not_recorded(edge: Edge, name: str) -> None:
    cookie = await edge.sign_in()
    await edge.ask(cookie=cookie, headers=[(name, "6.6.6.6"), (name, "for=6.6.6.6")])
    await edge.worker.recorder.flush()
    (view,) = (await edge.store.sessions(limit=10, before=None)).items

    assert view.activity.context.ip_address == "127.0.0.1"


INTERNALS = [
    *("/metrics", "/debug/pprof/", "/debug/vars", "/healthz", "/readyz", "/status", "/server-status"),
    *("/app/sessions", "/app/users", "/dashboard/users", "/nginx_status", "/.well-known/x", "/config"),
]


@pytest.mark.parametrize("path", INTERNALS)
async def test_lesson_13_nothing_of_ours_but_the_reserved_prefix_is_on_the_public_listener(
    edge: Edge, upstream: Echo, path: str
) -> None:
    for host, status in ((HOST, 401), ("localhost", 404), ("127.0.0.1", 404)):
        answer = await edge.ask(path, host=host)
        assert answer.status == status
        assert edge.control_requests == []
    assert upstream.hits == 0
    assert received(await edge.ask(path, cookie=await edge.sign_in())).target == path


@pytest.mark.parametrize("agent", ["", "kube-probe/1.31", "GoogleHC/1.0", "ELB-HealthChecker/2.0", "curl/8"])
async def test_lesson_33_nothing_follows_an_answer_of_ours(edge: Edge, upstream: Echo, agent: str) -> None:
    bodies = [(b"", []), (chunked(b"x" * 5000), [("Transfer-Encoding", "chunked")])]
    for method, (body, framing) in itertools.product(("GET", "POST"), bodies):
        headers = [("User-Agent", agent), ("Sec-Fetch-Mode", "navigate"), ("Connection", "close"), *framing]
        async with connected(edge.port) as client:
            client.write(request(method, headers=headers, body=body))
            answer = await client.answer(method)
            assert (answer.status, answer.body) == (302 if method == "GET" else 303, b"")
            assert await client.ended() == b""
    assert upstream.hits == 0


async def test_lesson_64_the_same_session_at_two_routes_is_judged_by_each(
    store: Store, upstream: Echo
) -> None:
    routes = [
        route(upstream, prefix="/open"),
        route(upstream, prefix="/board", allow=["group:board"]),
        route(upstream, prefix="/ops", allow=["group:ops"]),
        route(upstream, prefix="/okta", provider="okta"),
    ]
    async with running_edge(store, routes) as edge:
        cookie = await edge.sign_in(HOST, ada())
        data = b"".join(
            request(target=path, cookie=cookie) for path in ("/open", "/board", "/ops", "/okta") * 3
        )
        answers = await exchange(edge.port, data, *["GET"] * 12)

    assert [answer.status for answer in answers] == [200, 403, 200, 401] * 3
    assert upstream.targets == ["/open", "/ops"] * 3


cookie_bytes = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=60)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(cookie_bytes, max_size=4))
def test_lesson_31_no_cookie_header_brings_a_cookie_of_ours_through(lines: list[str]) -> None:
    spliced = [line.replace("a", "outerward=").encode("latin-1") for line in lines]
    others = read_cookies(spliced, b"outerward").others

    assert not any(part.strip(b" \t").startswith(b"outerward=") for part in others.split(b";"))
