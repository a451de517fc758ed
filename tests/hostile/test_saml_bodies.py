"""Bodies too large, that swell, come slowly or are no form, at ACS and SLO (SAML-27, SAML-30, HTTP-40)."""

import asyncio
import gzip
import resource
import time
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from urllib.parse import quote, urlencode

import pytest

from idp_adapters.saml.names import RSA_SHA256
from proxy.limits import LARGEST_FORM
from session_store import Store
from tests.support.edge import HOST
from tests.support.http_client import Client, chunked, connected, request
from tests.support.saml_messages import deflate, redirect_query
from tests.support.saml_scene import ACS, FORM, FROM_PROVIDER, SLO, SamlScene, code_of, saml_scene

MB = 1024 * 1024
BOTH = pytest.mark.parametrize("target", [ACS, SLO], ids=["ACS", "SLO"])
UNREAD_MOST_S = 0.5


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[SamlScene]:
    async with saml_scene(store) as running:
        yield running


def resident() -> int:
    """Bytes of memory in use now."""
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


def head(target: str, *lines: str) -> bytes:
    """The head of a form's post, framed by ``lines``."""
    told = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
    return request("POST", target, headers=[*FROM_PROVIDER, ("Content-Type", FORM), *told])


async def status_of(client: Client) -> int:
    return (await client.answer("POST")).status


@BOTH
async def test_saml_30_10_mb_that_are_announced_are_refused_unread(scene: SamlScene, target: str) -> None:
    before = resident()
    async with connected(scene.edge.port) as client:
        await client.send(head(target, "Content-Length: 10000000") + b"SAMLResponse=" + bytes(1000))
        assert await status_of(client) == 413
    assert resident() - before < 10 * MB
    assert (await scene.sign_in("/report")).startswith("outerward=")


@BOTH
async def test_saml_30_10_mb_in_chunks_are_refused_at_the_limit(scene: SamlScene, target: str) -> None:
    await scene.begin()
    before, most = resident(), 0
    sent = 0
    async with connected(scene.edge.port) as client:
        client.write(head(target, "Transfer-Encoding: chunked"))
        answer = asyncio.create_task(client.answer("POST"))
        while not answer.done() and sent < 10 * MB:
            client.write(b"%x\r\n%b\r\n" % (65536, b"a" * 65536))
            sent += 65536
            most = max(most, resident())
            await asyncio.sleep(0.005)
        assert (await answer).status == 413
    assert most - before < 20 * MB
    assert sent < 10 * MB


@BOTH
async def test_saml_30_the_largest_form_is_read_and_one_octet_more_is_not(
    scene: SamlScene, target: str
) -> None:
    for size, fits in ((LARGEST_FORM, True), (LARGEST_FORM + 1, False)):
        body = b"SAMLResponse=" + b"a" * (size - 13)
        answer = await scene.send(body, target=target)
        assert (answer.status != 413) == fits
        await scene.assert_refused(answer)


@BOTH
@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "x", "identity, gzip"])
async def test_http_40_a_body_that_swells_is_not_inflated(scene: SamlScene, target: str, coding: str) -> None:
    await scene.begin()
    bomb = gzip.compress(b"SAMLResponse=" + bytes(60 * MB), 9)
    before = resident()
    answer = await scene.send(bomb, target=target, headers=[*FROM_PROVIDER, ("Content-Encoding", coding)])

    assert answer.status == 413
    assert resident() - before < 20 * MB
    await scene.assert_refused(answer)


@BOTH
async def test_http_40_two_content_encodings_are_not_read_either(scene: SamlScene, target: str) -> None:
    headers = [*FROM_PROVIDER, ("Content-Encoding", "identity"), ("Content-Encoding", "identity")]
    assert (await scene.send(b"SAMLResponse=x", target=target, headers=headers)).status in (400, 413)


async def test_saml_30_a_deflate_bomb_at_the_acs_is_not_inflated(scene: SamlScene) -> None:
    begun = await scene.begin()
    bomb = zlib.compress(bytes(50 * MB), 9)
    before = resident()
    for message in (bomb, deflate(bytes(50 * MB)), gzip.compress(bytes(50 * MB), 9)):
        await scene.assert_refused(await scene.post(message, begun.state))
    assert resident() - before < 70 * MB
    assert (await scene.post(scene.response(begun), begun.state)).status == 303


@pytest.mark.parametrize("signed", [False, True], ids=["unsigned", "signed by the provider"])
@pytest.mark.parametrize("name", ["SAMLRequest", "SAMLResponse"])
async def test_saml_30_a_deflate_bomb_by_redirect_is_bounded(
    scene: SamlScene, name: str, signed: bool
) -> None:
    """As large as a target may be; signed it is inflated, up to the size of a message."""
    await scene.begin()
    bomb = b"<a>" + bytes(4 * MB)
    signature = (scene.idp.key, RSA_SHA256) if signed else None
    query = redirect_query(name, bomb, None, signature)
    assert 4000 < len(query) < 8000
    before, used = resident(), time.process_time()
    for _ in range(10):
        await scene.assert_refused(await scene.get(f"{SLO}?{query}"))
    assert time.process_time() - used < 10 * UNREAD_MOST_S
    assert resident() - before < 10 * MB


async def test_saml_30_a_target_that_is_too_long_is_refused_before_it_is_read(scene: SamlScene) -> None:
    answer = await scene.get(f"{SLO}?SAMLRequest={'a' * 65_000}")
    assert answer.status in (414, 431)


@BOTH
@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/xml",
        "",
        "application/x-www-form-urlencodedx",
    ],
)
async def test_saml_another_kind_of_body_is_no_form(scene: SamlScene, target: str, content_type: str) -> None:
    begun = await scene.begin()
    message = urlencode({"SAMLResponse": b64encode(scene.response(begun)), "RelayState": begun.state})
    answer = await scene.send(message.encode(), target=target, content_type=content_type)
    await scene.assert_refused(answer)


@BOTH
@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe", b"%ff%fe=x&SAMLResponse=%ff", b"&" * 1000, b"=" * 1000, b"SAMLResponse=%", b"\0" * 100],
    ids=["octets", "coded octets", "ampersands", "equals signs", "a broken code", "NUL"],
)
async def test_saml_a_body_of_anything_is_refused(scene: SamlScene, target: str, body: bytes) -> None:
    await scene.assert_refused(await scene.send(body, target=target))


async def test_saml_a_chunked_form_is_read_like_another(scene: SamlScene) -> None:
    begun = await scene.begin()
    body = urlencode({"SAMLResponse": b64encode(scene.response(begun)), "RelayState": begun.state}).encode()
    async with connected(scene.edge.port) as client:
        await client.send(head(ACS, "Transfer-Encoding: chunked") + chunked(body[:7], body[7:]))
        assert await status_of(client) == 303


@BOTH
async def test_saml_a_form_that_breaks_off_is_nobodys(scene: SamlScene, target: str) -> None:
    begun = await scene.begin()
    body = urlencode({"SAMLResponse": b64encode(scene.response(begun)), "RelayState": begun.state}).encode()
    for _ in range(5):
        async with connected(scene.edge.port) as client:
            await client.send(head(target, f"Content-Length: {len(body) + 1}") + body)
            client.reset()
    good = await scene.post(scene.response(begun), begun.state)
    assert (await scene.finish(good, begun)).status == 302


async def test_saml_slow_forms_do_not_keep_a_good_one_out(scene: SamlScene) -> None:
    """Many, of one octet each: they hold next to no memory."""
    begun = await scene.begin()
    async with AsyncExitStack() as stack:
        for _ in range(80):
            client = await stack.enter_async_context(connected(scene.edge.port))
            await client.send(head(ACS, "Content-Length: 1000") + b"S")
        await asyncio.sleep(0.3)
        good = await scene.post(scene.response(begun), begun.state)
        assert good.status == 303, code_of(good)


@BOTH
async def test_saml_a_form_that_takes_too_long_is_given_up(
    scene: SamlScene, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.login.forms.TIMEOUT_S", 0.3)
    async with connected(scene.edge.port) as client:
        await client.send(head(target, "Content-Length: 1000") + b"SAMLResponse=")
        assert await status_of(client) == 408


@BOTH
async def test_saml_27_what_is_costly_to_decode_costs_little(scene: SamlScene, target: str) -> None:
    """Forms as large as they may be, of what Python's own decoders are slowest with."""
    most = LARGEST_FORM - 20
    for octets in (b"%41" * (most // 3), b"+a" * (most // 2), b"%2B" * (most // 3), b"%0D%0A" * (most // 6)):
        used = time.process_time()
        answer = await scene.send(b"SAMLResponse=" + octets, target=target)
        used = time.process_time() - used
        await scene.assert_refused(answer)
        assert used < UNREAD_MOST_S


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
async def test_saml_the_logout_address_takes_get_and_post_alone(scene: SamlScene, method: str) -> None:
    cookie = await scene.sign_in()
    query = scene.idp.logout_query(scene.logout_options())
    answer = await scene.edge.ask(f"{SLO}?{query}", method=method, headers=FROM_PROVIDER)

    assert (answer.status, answer.header("allow")) == (405, "GET, POST")
    assert await scene.is_in(cookie)


@pytest.mark.parametrize(
    "path",
    [
        ACS + "/",
        ACS + "?x=1",
        ACS.replace("corp", "other"),
        ACS.replace("corp", "CORP"),
        ACS.replace("acs", "ACS"),
        ACS.replace("saml", "%73aml"),
        ACS + "%2e",
        ACS + ";x",
    ],
)
async def test_saml_only_the_exact_address_is_the_acs(scene: SamlScene, path: str) -> None:
    begun = await scene.begin()
    answer = await scene.post(scene.response(begun), begun.state, target=path)
    if path == ACS + "?x=1":
        assert answer.status == 303
    else:
        await scene.assert_refused(answer)


async def test_saml_the_answers_of_the_acs_are_kept_by_nobody_and_framed_by_nobody(scene: SamlScene) -> None:
    begun = await scene.begin()
    bad = await scene.post(b"<x/>", begun.state)
    good = await scene.post(scene.response(begun), begun.state)

    for answer in (bad, good):
        assert answer.header("cache-control") == "no-store"
        assert answer.header("referrer-policy") == "no-referrer"
    assert "frame-ancestors 'none'" in bad.header("content-security-policy")
    assert quote(begun.state) in good.header("location")
    assert good.header("location").startswith("/.outerward/")
    assert HOST not in good.header("location")
