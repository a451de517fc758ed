"""LOGOUT-01 on the wire: the back channel takes one token in one plain form by POST, of a size, in time."""

import asyncio
import gzip
import resource
import zlib
from collections.abc import AsyncIterator
from urllib.parse import quote, urlencode

import pytest

from proxy.login import forms
from session_store import Store
from tests.support.edge import HOST
from tests.support.http_client import chunked, connected, request
from tests.support.logout_tokens import (
    BACK,
    BROWSER,
    FORM,
    OKTA,
    SECOND,
    LogoutScene,
    code_of,
    done,
    logout_scene,
)

MB = 1024 * 1024


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[LogoutScene]:
    async with logout_scene(store) as running:
        yield running


def form(token: str, *more: tuple[str, str]) -> bytes:
    return urlencode([("logout_token", token), *more]).encode()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_logout_01_another_method_is_405_with_allow_and_ends_nothing(
    scene: LogoutScene, method: str
) -> None:
    cookie = await scene.sign_in(sid="s-1")
    token = scene.token(sid="s-1")
    body = form(token) if method not in ("GET", "HEAD") else b""
    answer = await scene.send(body, method=method, target=f"{BACK}?{form(token).decode()}")

    assert (answer.status, answer.header("allow")) == (405, "POST")
    assert await scene.is_in(cookie)
    assert done(await scene.tell(token))


@pytest.mark.parametrize(
    "target", [BACK + "/", "/.outerward/backchannel-logout/%63orp", BACK + "x", BACK + ";x"]
)
async def test_logout_01_another_spelling_of_the_address_is_none(scene: LogoutScene, target: str) -> None:
    cookie = await scene.sign_in(sid="s-1")
    answer = await scene.tell(scene.token(sid="s-1"), target=target)

    assert answer.status in (400, 404)
    await scene.assert_nothing_ended(cookie, answer)


async def test_logout_01_a_host_that_does_not_use_the_provider_has_no_such_address(
    scene: LogoutScene,
) -> None:
    cookie = await scene.sign_in(sid="s-1")
    token = scene.token(sid="s-1")
    elsewhere = await scene.tell(token, host=OKTA)

    assert elsewhere.status == 404
    await scene.assert_nothing_ended(cookie, elsewhere)
    assert done(await scene.tell(token, host=SECOND))
    assert not await scene.is_in(cookie)


async def test_logout_01_a_token_in_the_query_is_not_looked_at(scene: LogoutScene) -> None:
    cookie = await scene.sign_in(sid="s-1")
    token = scene.token(sid="s-1")
    target = f"{BACK}?{form(token).decode()}"

    await scene.assert_nothing_ended(cookie, await scene.send(b"", target=target))
    await scene.assert_nothing_ended(cookie, await scene.send(b"x=1", target=target))
    assert done(await scene.tell(token))


@pytest.mark.parametrize("second", ["same", "other", "empty"])
@pytest.mark.parametrize("first", [True, False], ids=["good one first", "good one last"])
async def test_logout_01_two_tokens_are_none(scene: LogoutScene, second: str, first: bool) -> None:
    cookie = await scene.sign_in(sid="s-1")
    token = scene.token(sid="s-1")
    other = {"same": token, "other": scene.token(sid="s-2"), "empty": ""}[second]
    pair = [("logout_token", token), ("logout_token", other)]
    answer = await scene.send(urlencode(pair if first else pair[::-1]).encode())

    assert (answer.status, code_of(answer)) == (400, 2040)
    await scene.assert_nothing_ended(cookie, answer)


@pytest.mark.parametrize(
    "name", ["Logout_token", "logout_token[]", "logout-token", " logout_token", "token", "id_token", ""]
)
async def test_logout_01_a_field_of_another_name_is_no_token(scene: LogoutScene, name: str) -> None:
    cookie = await scene.sign_in(sid="s-1")
    answer = await scene.send(urlencode({name: scene.token(sid="s-1")}).encode())

    assert (answer.status, code_of(answer)) == (400, 2040)
    await scene.assert_nothing_ended(cookie, answer)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "multipart/form-data; boundary=b",
        "text/plain",
        "application/jwt",
        "application/logout+jwt",
        "application/x-www-form-urlencodedx",
        "",
    ],
)
async def test_logout_01_a_body_of_another_type_is_400(scene: LogoutScene, content_type: str) -> None:
    cookie = await scene.sign_in(sid="s-1")
    token = scene.token(sid="s-1")
    bodies = {
        "application/json": f'{{"logout_token": "{token}"}}'.encode(),
        "multipart/form-data; boundary=b": (
            f'--b\r\nContent-Disposition: form-data; name="logout_token"\r\n\r\n{token}\r\n--b--\r\n'.encode()
        ),
        "application/jwt": token.encode(),
        "application/logout+jwt": token.encode(),
    }
    for body in (bodies.get(content_type, form(token)), form(token)):
        answer = await scene.send(body, content_type=content_type)
        assert answer.status == 400
        await scene.assert_nothing_ended(cookie, answer)


@pytest.mark.parametrize(
    "content_type", [f"{FORM}; charset=utf-8", f"{FORM};charset=UTF-8", FORM.upper(), f"{FORM} "]
)
async def test_a_parameter_of_the_type_or_its_case_is_no_objection(
    scene: LogoutScene, content_type: str
) -> None:
    cookie = await scene.sign_in(sid="s-1")

    assert done(await scene.send(form(scene.token(sid="s-1")), content_type=content_type))
    assert not await scene.is_in(cookie)


async def test_other_fields_beside_the_token_are_ignored(scene: LogoutScene) -> None:
    cookie = await scene.sign_in(sid="s-1")

    assert done(await scene.send(form(scene.token(sid="s-1"), ("x", "1"), ("x", "2"), ("state", "s"))))
    assert not await scene.is_in(cookie)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "x-gzip", "GZIP", "gzip, identity", "zstd"])
async def test_logout_01_a_compressed_body_is_413_and_is_not_unpacked(
    scene: LogoutScene, encoding: str
) -> None:
    cookie = await scene.sign_in(sid="s-1")
    plain = form(scene.token(sid="s-1"))
    packed = gzip.compress(plain) if "gzip" in encoding.lower() else zlib.compress(plain)
    for body in (packed, plain):
        answer = await scene.send(body, ("Content-Encoding", encoding))
        assert (answer.status, code_of(answer)) == (413, 1010)
        await scene.assert_nothing_ended(cookie, answer)


async def test_logout_01_a_gzip_bomb_costs_nothing(scene: LogoutScene) -> None:
    bomb = gzip.compress(bytes(50 * MB))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(5):
        assert (await scene.send(bomb, ("Content-Encoding", "gzip"))).status == 413

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_logout_01_a_body_of_10_mb_is_413_at_once_and_ends_nothing(
    scene: LogoutScene, framing: str
) -> None:
    cookie = await scene.sign_in(sid="s-1")
    head = [("Content-Type", FORM)]
    more = ("Content-Length", str(10 * MB)) if framing == "length" else ("Transfer-Encoding", "chunked")
    padding = b"&x=" + b"y" * 65_000
    async with asyncio.timeout(10), connected(scene.edge.port) as client:
        client.write(request("POST", BACK, host=HOST, headers=[*head, more]))
        client.write(_framed(form(scene.token(sid="s-1")), framing))
        for _ in range(20):
            client.write(_framed(padding, framing))
        answer = await client.answer("POST")

    assert (answer.status, code_of(answer)) == (413, 1010)
    await scene.assert_nothing_ended(cookie, answer)


def _framed(piece: bytes, framing: str) -> bytes:
    return piece if framing == "length" else b"%x\r\n%b\r\n" % (len(piece), piece)


async def test_logout_01_a_chunked_form_in_many_pieces_is_taken(scene: LogoutScene) -> None:
    cookie = await scene.sign_in(sid="s-1")
    whole = form(scene.token(sid="s-1"))
    body = chunked(*(whole[at : at + 7] for at in range(0, len(whole), 7)))
    headers = [("Content-Type", FORM), ("Transfer-Encoding", "chunked")]
    answer = await scene.edge.ask(BACK, method="POST", headers=headers, body=body)

    assert done(answer)
    assert not await scene.is_in(cookie)


async def test_logout_01_a_form_of_which_a_byte_is_missing_is_none(scene: LogoutScene) -> None:
    cookie = await scene.sign_in(sid="s-1")
    body = form(scene.token(sid="s-1"))
    async with connected(scene.edge.port) as client:
        length = ("Content-Length", str(len(body) + 1))
        await client.send(request("POST", BACK, headers=[("Content-Type", FORM), length]) + body)
        await asyncio.sleep(0.05)
        client.half_close()
        await client.ended()

    assert await scene.is_in(cookie)


async def test_logout_01_a_form_that_does_not_come_in_time_is_408_and_the_next_is_taken(
    scene: LogoutScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forms, "TIMEOUT_S", 0.3)
    cookie = await scene.sign_in(sid="s-1")
    body = form(scene.token(sid="s-1"))
    head = request("POST", BACK, headers=[("Content-Type", FORM), ("Content-Length", str(len(body)))])
    async with connected(scene.edge.port) as slow, asyncio.timeout(10):
        await slow.send(head + body[:-1])
        answer = await slow.answer("POST")

    assert (answer.status, code_of(answer)) == (408, 1013)
    await scene.assert_nothing_ended(cookie, answer)
    assert done(await scene.tell(scene.token(sid="s-1")))


async def test_logout_01_more_of_slow_forms_than_may_be_held_leaves_the_rest_of_the_edge_alone(
    scene: LogoutScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = b"logout_token="
    monkeypatch.setattr(forms, "MOST_HELD", len(begun))
    cookie = await scene.sign_in(sid="s-1")
    token = scene.token(sid="s-1")
    head = request("POST", BACK, headers=[("Content-Type", FORM), ("Content-Length", "1000")])
    async with connected(scene.edge.port) as slow:
        await slow.send(head + begun)
        await asyncio.sleep(0.1)
        busy = await scene.tell(token)
        assert (busy.status, code_of(busy)) == (503, 2038)
        assert await scene.is_in(cookie)
        assert (await scene.get("/.outerward/login")).status == 302
        slow.reset()
    monkeypatch.undo()
    assert done(await scene.tell(token))
    assert not await scene.is_in(cookie)


@pytest.mark.parametrize(
    "body",
    [
        b"logout_token=%ff%fe",
        b"logout_token=\xff\xfe",
        b"logout_token=" + "é".encode(),
        b"&".join(b"x=%d" % n for n in range(21)),
        b"",
        b"&&&",
        b"logout_token",
        b"=",
        b"\x00" * 100,
        b"logout_token=%00",
        b"{}",
    ],
)
async def test_logout_01_what_is_no_form_is_400(scene: LogoutScene, body: bytes) -> None:
    cookie = await scene.sign_in(sid="s-1")
    answer = await scene.send(body)

    assert answer.status == 400
    await scene.assert_nothing_ended(cookie, answer)


async def test_logout_01_a_browser_that_posts_a_good_token_gets_no_more_than_a_provider(
    scene: LogoutScene,
) -> None:
    """Whoever holds the token could send it as well; cookies and pages play no part."""
    cookie = await scene.sign_in(sid="s-1")
    victim = await scene.sign_in(sid="s-2")
    cross_site = (*BROWSER, ("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site"))
    refused = await scene.send(form("x"), *cross_site, ("Cookie", f"outerward={victim}"))
    answer = await scene.send(form(scene.token(sid="s-1")), *cross_site, ("Cookie", f"outerward={victim}"))

    assert refused.status == 400
    assert b"OUT-2041" in refused.body
    assert refused.all("set-cookie") == []
    assert done(answer)
    assert answer.all("set-cookie") == []
    assert not await scene.is_in(cookie)
    assert await scene.is_in(victim)


async def test_lesson_text_of_a_hostile_form_is_on_no_page(scene: LogoutScene) -> None:
    body = f"logout_token={quote('<script>alert(1)</script>')}".encode()
    answer = await scene.send(body, *BROWSER)

    assert answer.status == 400
    assert b"<script" not in answer.body


async def test_logout_01_a_flood_of_slow_forms_ends_when_its_clients_do(scene: LogoutScene) -> None:
    head = request("POST", BACK, headers=[("Content-Type", FORM), ("Content-Length", "1000")])
    for _ in range(100):
        async with connected(scene.edge.port) as client:
            await client.send(head + b"logout_token=")
            client.reset()

    assert done(await scene.tell(scene.token(sid="s-1")))
