"""What a visitor gets: let through, sent to the login, forbidden, not found; and if the upstream is asked."""

import asyncio
from urllib.parse import parse_qs, urlsplit

import pytest

from session_store import Store
from tests.support.edge import HOST, Edge, ada, route, running_edge
from tests.support.http_client import Answer, Headers
from tests.support.upstreams import Echo, Peer, Scripted, ok, received

NAVIGATION: Headers = [("Sec-Fetch-Mode", "navigate"), ("Accept", "text/html")]


def reason(answer: Answer) -> str:
    """The machine-readable reason of a JSON refusal."""
    assert answer.header("cache-control") == "no-store"
    return str(answer.json["details"]["reason"])


async def test_who_has_no_session_is_sent_to_the_login_and_back(edge: Edge, upstream: Echo) -> None:
    answer = await edge.ask("/report?year=1843&x=%2F", headers=NAVIGATION)

    assert answer.status == 302
    assert urlsplit(answer.header("location")).path == "/.outerward/login"
    assert parse_qs(urlsplit(answer.header("location")).query) == {
        "redirect_path": ["/report?year=1843&x=%2F"]
    }
    assert answer.header("cache-control") == "no-store"
    assert upstream.hits == 0


async def test_a_form_without_session_is_sent_to_the_login_and_back_to_the_root(
    edge: Edge, upstream: Echo
) -> None:
    answer = await edge.ask("/form", method="POST", headers=NAVIGATION, body=b"a=b")

    assert answer.status == 303
    assert answer.header("location") == "/.outerward/login?redirect_path=/"
    assert upstream.hits == 0


async def test_a_script_without_session_gets_401_json_with_a_challenge(edge: Edge, upstream: Echo) -> None:
    answer = await edge.ask("/api")

    assert answer.problem == (401, "2000")
    assert reason(answer) == "no_session"
    assert answer.header("www-authenticate") == f'Outerward realm="{HOST}"'
    assert answer.header("x-request-id") == answer.json["details"]["operation_id"]
    assert upstream.hits == 0


async def test_an_upgrade_without_session_gets_401(edge: Edge, upstream: Echo) -> None:
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
    answer = await edge.ask("/socket", headers=[*NAVIGATION, *upgrade])

    assert answer.problem == (401, "2000")
    assert upstream.hits == 0


async def test_who_is_signed_in_reaches_the_upstream(edge: Edge, cookie: str, upstream: Echo) -> None:
    assert (await edge.ask("/", cookie=cookie)).status == 200
    assert upstream.hits == 1


async def test_who_is_signed_in_and_not_on_the_list_is_forbidden_by_name(
    store: Store, upstream: Echo
) -> None:
    async with running_edge(store, [route(upstream, allow=["@example.org", "group:board"])]) as edge:
        cookie = await edge.sign_in()
        script = await edge.ask("/", cookie=cookie)
        page = await edge.ask("/", cookie=cookie, headers=NAVIGATION)

    assert script.problem == (403, "2001")
    assert reason(script) == "not_allowed"
    assert page.status == 403
    assert page.header("content-type") == "text/html; charset=utf-8"
    assert b"ada@example.com" in page.body
    assert upstream.hits == 0


async def test_who_is_taken_off_the_list_is_forbidden_at_the_next_request(
    store: Store, upstream: Echo
) -> None:
    async with running_edge(store, [route(upstream, allow=["group:ops"])]) as edge:
        cookie = await edge.sign_in()
        assert (await edge.ask("/", cookie=cookie)).status == 200
    async with running_edge(store, [route(upstream, allow=["group:board"])]) as edge:
        assert (await edge.ask("/", cookie=cookie)).problem == (403, "2001")

    assert upstream.hits == 1


@pytest.mark.parametrize(
    "host", ["other.localhost", "localhost", "xapp.localhost", "app.localhost.evil", "[::1]"]
)
async def test_an_unknown_host_is_404_and_never_another_app(
    edge: Edge, cookie: str, upstream: Echo, host: str
) -> None:
    for path in ("/", "/.outerward/login", "/ngrok/login"):
        assert (await edge.ask(path, host=host, cookie=cookie)).problem == (404, "1001")
    assert upstream.hits == 0
    assert edge.control_requests == []


@pytest.mark.parametrize(
    "host", ["APP.Localhost", "app.localhost.", "app.localhost:4180", "App.Localhost.:1"]
)
async def test_a_host_is_known_in_any_case_with_port_and_final_dot(
    edge: Edge, cookie: str, upstream: Echo, host: str
) -> None:
    assert (await edge.ask("/", host=host, cookie=cookie)).status == 200


async def test_a_path_without_route_is_404(store: Store, upstream: Echo) -> None:
    async with running_edge(store, [route(upstream, prefix="/wiki")]) as edge:
        cookie = await edge.sign_in()
        assert (await edge.ask("/wikis", cookie=cookie)).problem == (404, "1002")
        assert (await edge.ask("/", cookie=cookie)).problem == (404, "1002")
        assert (await edge.ask("/wiki/page", cookie=cookie)).status == 200

    assert upstream.targets == ["/wiki/page"]


async def test_a_person_is_told_so_on_a_page(edge: Edge) -> None:
    answer = await edge.ask("/", host="other.localhost", headers=NAVIGATION)

    assert answer.status == 404
    assert b"OUT-1001" in answer.body
    assert answer.header("x-request-id").encode() in answer.body


# Sessions at several endpoints


async def test_a_session_counts_for_its_own_host_only(store: Store, upstream: Echo) -> None:
    routes = [route(upstream), route(upstream, "other.localhost")]
    async with running_edge(store, routes) as edge:
        cookie = await edge.sign_in("app.localhost")
        answer = await edge.ask("/", host="other.localhost", cookie=cookie)
        assert answer.problem == (401, "2000")
        assert reason(answer) == "no_session"

    assert upstream.hits == 0


async def test_each_endpoint_has_its_own_application_session(store: Store, upstream: Echo) -> None:
    routes = [route(upstream, prefix="/wiki"), route(upstream, prefix="/mail")]
    async with running_edge(store, routes) as edge:
        cookie = await edge.sign_in()
        for path in ("/wiki", "/mail", "/wiki/again"):
            assert (await edge.ask(path, cookie=cookie)).status == 200
        views = (await store.sessions(limit=10, before=None)).items

    assert {view.session.endpoint.path_prefix for view in views} == {"/wiki", "/mail"}
    assert len(views) == 2


async def test_a_route_is_judged_by_its_own_rules_and_provider(store: Store, upstream: Echo) -> None:
    routes = [
        route(upstream, prefix="/wiki"),
        route(upstream, prefix="/wiki/admin", allow=["group:board"]),
        route(upstream, prefix="/mail", provider="okta"),
    ]
    async with running_edge(store, routes) as edge:
        cookie = await edge.sign_in()
        assert (await edge.ask("/wiki", cookie=cookie)).status == 200
        assert (await edge.ask("/wiki/admin", cookie=cookie)).problem == (403, "2001")
        assert (await edge.ask("/wiki/admin/x", cookie=cookie)).problem == (403, "2001")
        assert (await edge.ask("/mail", cookie=cookie)).problem == (401, "2000")

    assert upstream.targets == ["/wiki"]


async def test_the_session_exists_before_its_first_request_reaches_the_upstream(store: Store) -> None:
    found: list[int] = []

    async def script(peer: Peer) -> None:
        request = await peer.request()
        (session_id,) = request.all("X-Outerward-Session")
        views = (await store.sessions(limit=10, before=None)).items
        found.append([view.session.id for view in views].count(session_id))  # type: ignore[arg-type]
        await peer.send(ok())

    async with Scripted.running(script) as upstream, running_edge(store, [route(upstream)]) as edge:
        assert (await edge.ask("/", cookie=await edge.sign_in())).status == 200
    assert found == [1]


async def test_many_first_requests_at_once_are_one_session(edge: Edge, cookie: str, store: Store) -> None:
    answers = await asyncio.gather(*(edge.ask(f"/{number}", cookie=cookie) for number in range(30)))

    (view,) = (await store.sessions(limit=10, before=None)).items
    ids = {tuple(received(answer).all("X-Outerward-Session")) for answer in answers}
    assert ids == {(view.session.id,)}


async def test_two_visitors_never_get_each_others_identity(edge: Edge) -> None:
    people = [ada(subject=f"user-{number}", email=f"user-{number}@example.com") for number in range(20)]
    cookies = [await edge.sign_in(HOST, person) for person in people]

    async def ask(number: int) -> None:
        request = received(await edge.ask(f"/{number}", cookie=cookies[number]))
        assert request.all("X-Forwarded-User") == [f"user-{number}"]
        assert request.all("X-Forwarded-Email") == [f"user-{number}@example.com"]

    await asyncio.gather(*(ask(number % 20) for number in range(200)))
