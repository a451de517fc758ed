"""What exactly reaches the upstream: the request as it came, without anything that only we may say."""

import pytest

from proxy.limits import LARGEST_FORM
from session_store import Store
from tests.support.edge import HOST, Edge, ada, route, running_edge
from tests.support.http_client import Headers, chunked, exchange, request
from tests.support.upstreams import Echo, received


async def test_the_upstream_gets_the_visitor_and_nothing_else_that_is_ours(edge: Edge, cookie: str) -> None:
    sent: Headers = [
        ("Cookie", "a=1"),
        ("User-Agent", "Tester/1.0"),
        ("X-Forwarded-User", "root"),
        ("x_forwarded_user", "root"),
        ("X-Forwarded-Email", "root@example.com"),
        ("X-Outerward-Session", "edgses_forged"),
        ("Remote-User", "root"),
        ("Forwarded", "for=6.6.6.6"),
        ("X-Forwarded-For", "6.6.6.6"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "evil"),
        ("X-Request-Id", "forged"),
        ("Connection", "close, X-Forwarded-User, X-Hop"),
        ("X-Hop", "1"),
        ("Keep-Alive", "timeout=5"),
        ("TE", "trailers"),
        ("X-Custom_Name", "kept"),
    ]
    request_ = received(await edge.ask("/a?b", host=f"{HOST}:4180", cookie=cookie, headers=sent))
    (session_id,) = request_.all("X-Outerward-Session")
    (request_id,) = request_.all("X-Request-Id")

    assert session_id.startswith("edgses_")
    assert session_id != "edgses_forged"
    assert request_id != "forged"
    assert sorted(request_.headers) == sorted(
        [
            ("Host", f"{HOST}:4180"),
            ("User-Agent", "Tester/1.0"),
            ("X-Custom_Name", "kept"),
            ("Cookie", "a=1"),
            ("X-Forwarded-User", "ada"),
            ("X-Forwarded-Email", "ada@example.com"),
            ("X-Forwarded-Preferred-Username", "ada.l"),
            ("X-Forwarded-Groups", "ops,dev"),
            ("X-Outerward-Session", session_id),
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Forwarded-Proto", "http"),
            ("X-Forwarded-Host", f"{HOST}:4180"),
            ("Via", "1.1 outerward"),
            ("TE", "trailers"),
            ("Connection", "TE"),
            ("X-Request-Id", request_id),
        ]
    )


async def test_every_request_has_an_id_of_its_own(edge: Edge, cookie: str) -> None:
    ids = {tuple(received(await edge.ask(cookie=cookie)).all("X-Request-Id")) for _ in range(20)}

    assert len(ids) == 20


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/?",
        "/a?b=c&d=%2F%00%0d%0a",
        "/@scope%2fname",
        "/group%2Fproject;v=1//x/./y/../z",
        "/%E2%82%AC%20",
        "/a\\b",
        "/~user/'(),;:@!$&=+*",
        "/?q=//../..;%5c\\",
        "/.well-known/acme",
        "/" + "a" * 4000,
    ],
)
async def test_a_host_without_path_rules_passes_a_target_byte_for_byte(
    edge: Edge, cookie: str, upstream: Echo, target: str
) -> None:
    assert received(await edge.ask(target, cookie=cookie)).target == target


async def test_an_absolute_target_goes_on_in_origin_form(edge: Edge, cookie: str) -> None:
    assert received(await edge.ask(f"http://{HOST}/a?b", cookie=cookie)).target == "/a?b"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "REPORT"])
@pytest.mark.parametrize("body", [b"", b"x" * 100_000])
async def test_any_method_passes_with_its_body(edge: Edge, cookie: str, method: str, body: bytes) -> None:
    request_ = received(await edge.ask(method=method, cookie=cookie, body=body))

    assert (request_.method, request_.body) == (method, body)


async def test_a_chunked_body_arrives_whole_and_its_trailers_do_not(edge: Edge, cookie: str) -> None:
    body = chunked(b"hello ", b"w", b"orld")[:-2] + b"X-Trailer: 1\r\nX-Forwarded-User: root\r\n\r\n"
    data = request("POST", cookie=cookie, headers=[("Transfer-Encoding", "chunked")], body=body)
    (answer,) = await exchange(edge.port, data)
    request_ = received(answer)

    assert request_.body == b"hello world"
    assert request_.all("X-Forwarded-User") == ["ada"]
    assert "x-trailer" not in request_.names


async def test_a_trailer_is_never_taken_for_a_header(edge: Edge, cookie: str) -> None:
    body = chunked(b"x")[:-2] + b"User-Agent: Trailer/1.0\r\n\r\n"
    data = request("POST", cookie=cookie, headers=[("Transfer-Encoding", "chunked")], body=body)
    assert (await exchange(edge.port, data, "POST"))[0].status == 200
    await edge.worker.recorder.flush()
    (view,) = (await edge.store.sessions(limit=10, before=None)).items

    assert view.activity.context.user_agent.raw == ""


async def test_a_value_that_is_not_utf_8_passes_byte_for_byte(edge: Edge, cookie: str) -> None:
    headers = [("X-Raw", "caf\xe9 \xff"), ("Authorization", "Basic \xe9")]
    request_ = received(await edge.ask(cookie=cookie, headers=headers))

    assert request_.all("X-Raw") == ["caf\xe9 \xff"]
    assert request_.all("Authorization") == ["Basic \xe9"]


async def test_the_identity_is_utf_8(store: Store, upstream: Echo) -> None:
    person = ada(username="ädä", name="Ädä 山", groups=("a,b", "ü"))
    async with running_edge(store, [route(upstream, headers=("x-forwarded", "remote-user"))]) as edge:
        cookie = await edge.sign_in(HOST, person)
        request_ = received(await edge.ask(cookie=cookie))

    told = {name: value.encode("latin-1").decode() for name, value in request_.headers}
    assert told["X-Forwarded-Preferred-Username"] == told["Remote-User"] == "ädä"
    assert told["X-Forwarded-Groups"] == "a%2Cb,ü"
    assert told["Remote-Name"] == "Ädä 山"


async def test_a_secure_endpoint_has_its_own_cookie_and_says_https(store: Store, upstream: Echo) -> None:
    async with running_edge(store, [route(upstream, secure=True)]) as edge:
        cookie = await edge.sign_in()
        assert (await edge.ask(cookie=cookie)).status == 401
        header = [("Cookie", f"a=1; __Host-outerward={cookie}; b=2")]
        request_ = received(await edge.ask(headers=header))

    assert request_.all("X-Forwarded-Proto") == ["https"]
    assert request_.all("Cookie") == ["a=1; b=2"]


# Behind proxies that are trusted


async def test_a_trusted_proxy_is_believed_about_the_client_and_the_request_id(
    store: Store, upstream: Echo
) -> None:
    async with running_edge(store, [route(upstream)], trusted_proxies=["127.0.0.0/8"]) as edge:
        cookie = await edge.sign_in()
        headers = [("X-Forwarded-For", "6.6.6.6, 203.0.113.9"), ("X-Request-Id", "front-1")]
        request_ = received(await edge.ask(cookie=cookie, headers=headers))
        await edge.worker.recorder.flush()
        (view,) = (await store.sessions(limit=10, before=None)).items

    assert request_.all("X-Forwarded-For") == ["6.6.6.6, 203.0.113.9, 127.0.0.1"]
    assert request_.all("X-Request-Id") == ["front-1"]
    assert request_.all("X-Forwarded-Host") == [HOST]
    assert view.activity.context.ip_address == "203.0.113.9"


@pytest.mark.parametrize("value", ["a b", "", "x" * 65, "a\xe9", "a,b"])
async def test_a_request_id_that_is_none_is_replaced_even_from_a_trusted_proxy(
    store: Store, upstream: Echo, value: str
) -> None:
    async with running_edge(store, [route(upstream)], trusted_proxies=["127.0.0.1"]) as edge:
        cookie = await edge.sign_in()
        request_ = received(await edge.ask(cookie=cookie, headers=[("X-Request-Id", value)]))

    (request_id,) = request_.all("X-Request-Id")
    assert request_id != value


# Our own pages


@pytest.mark.parametrize(
    "path",
    ["/.outerward/login?redirect_path=/", "/.outerward/", "/.outerward/x", "/ngrok/login", "/ngrok/logout"],
)
async def test_a_reserved_path_goes_to_the_control_app_and_never_upstream(
    edge: Edge, cookie: str, upstream: Echo, path: str
) -> None:
    forged = [("X-Outerward-Edge", "6.6.6.6 evil forged"), ("x_outerward_edge", "6.6.6.6 evil forged")]
    answer = await edge.ask(path, host=f"{HOST.upper()}:1", cookie=cookie, headers=forged)

    assert answer.status == 200
    assert answer.all("set-cookie") == ["outerward-login-a=b; Path=/"]
    assert answer.all("server") == []
    (seen,) = edge.control_requests
    assert seen["target"] == path
    headers = dict(seen["headers"])
    assert headers["Cookie"] == f"outerward={cookie}"
    address, hostname, request_id = headers["X-Outerward-Edge"].split(" ")
    assert (address, hostname) == ("127.0.0.1", HOST)
    assert request_id != "forged"
    assert not [name for name in headers if name.startswith("X-Forwarded")]
    assert upstream.hits == 0


async def test_a_head_that_we_take_is_not_too_large_for_our_own_pages(edge: Edge) -> None:
    cookies = [("Cookie", f"c{number}=" + "x" * 9_000) for number in range(3)]
    answer = await edge.ask("/.outerward/" + "a" * 8_000, headers=cookies)

    assert answer.status == 200
    assert len(dict(answer.json["headers"])["Cookie"]) > 27_000


async def test_a_reserved_path_takes_a_small_body_and_no_large_one(edge: Edge) -> None:
    small, large = b"x" * 1000, b"x" * (LARGEST_FORM + 1)

    assert (await edge.ask("/.outerward/logout", method="POST", body=small)).json["body"] == 1000
    assert (await edge.ask("/.outerward/logout", method="POST", body=large)).problem == (413, "1010")
    data = request(
        "POST",
        "/.outerward/x",
        headers=[("Transfer-Encoding", "chunked")],
        body=chunked(*[b"x" * 10_000] * 60),
    )
    (answer,) = await exchange(edge.port, data)
    assert answer.problem == (413, "1010")
    assert len(edge.control_requests) == 1


async def test_a_route_with_a_limit_takes_no_larger_body(store: Store, upstream: Echo) -> None:
    async with running_edge(store, [route(upstream, max_body=1000)]) as edge:
        cookie = await edge.sign_in()
        assert received(await edge.ask(method="POST", cookie=cookie, body=b"x" * 1000)).method == "POST"
        hits = upstream.hits
        assert (await edge.ask(method="POST", cookie=cookie, body=b"x" * 1001)).problem == (413, "1010")
        body = chunked(b"x" * 600, b"x" * 401)
        headers = [("Transfer-Encoding", "chunked")]
        (answer,) = await exchange(
            edge.port, request("POST", cookie=cookie, headers=headers, body=body), "POST"
        )
        assert answer.problem == (413, "1010")
        assert answer.header("connection") == "close"

    assert upstream.hits == hits
