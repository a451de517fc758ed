"""The demo's applications: what they show of a request, escaped."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from outerward.demo.apps import clock_app, echo_app, wiki_app
from outerward.listeners import bind


@pytest.fixture
async def urls() -> AsyncIterator[tuple[str, str, str]]:
    runners = []
    urls = []
    links = [("http://other.localhost:1", "Open the other")]
    apps = (
        echo_app(links),
        clock_app(links, lambda: 0.0),
        wiki_app(links, "http://localhost:1/saml/"),
    )
    for app in apps:
        door = bind("127.0.0.1:0")
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, door.sockets[0]).start()
        runners.append(runner)
        urls.append(door.url)
    yield urls[0], urls[1], urls[2]
    for runner in runners:
        await runner.cleanup()


async def test_the_echo_shows_identity_apart_and_escapes_everything(urls: tuple[str, str, str]) -> None:
    headers = {"X-Forwarded-Preferred-Username": "<i>ada", "User-Agent": "</dd><script>"}
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{urls[0]}/any/path?x=1", headers=headers) as response,
    ):
        page = await response.text()
    assert "You are &lt;i&gt;ada" in page
    assert "<script" not in page
    assert "/any/path?x=1" in page
    assert 'href="/.outerward/logout"' in page
    assert 'href="http://other.localhost:1">Open the other</a>' in page


async def test_the_echo_answers_programs_in_json(urls: tuple[str, str, str]) -> None:
    headers = {"Accept": "application/json", "X-Forwarded-Email": "ada@example.com"}
    async with aiohttp.ClientSession() as http, http.post(f"{urls[0]}/x", headers=headers) as response:
        told = await response.json()
    assert told == {"identity": {"X-Forwarded-Email": "ada@example.com"}, "method": "POST", "target": "/x"}


async def test_without_an_identity_it_says_so(urls: tuple[str, str, str]) -> None:
    async with aiohttp.ClientSession() as http, http.get(urls[0]) as response:
        assert "Nobody told who you are" in await response.text()


async def test_the_clock_tells_the_time(urls: tuple[str, str, str]) -> None:
    async with aiohttp.ClientSession() as http, http.get(urls[1]) as response:
        page = await response.text()
    assert 'datetime="1970-01-01T00:00:00+00:00"' in page
    assert "00:00:00" in page


async def test_the_clock_ticks_over_a_websocket_until_it_is_closed(urls: tuple[str, str, str]) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(f"{urls[1]}/ticks") as line:
        assert await line.receive_str() == "1970-01-01T00:00:00+00:00"
        assert await line.receive_str() == "1970-01-01T00:00:00+00:00"
        assert await line.close()


async def test_the_clock_ticks_as_an_event_stream(urls: tuple[str, str, str]) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{urls[1]}/events") as response:
        assert response.content_type == "text/event-stream"
        for _ in range(2):
            assert await response.content.readline() == b"data: 1970-01-01T00:00:00+00:00\n"
            assert await response.content.readline() == b"\n"


async def test_the_wiki_shows_its_pages_who_reads_them_and_the_ways_on(urls: tuple[str, str, str]) -> None:
    headers = {"X-Forwarded-Preferred-Username": "<i>ada", "X-Forwarded-Email": "ada@example.com"}
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{urls[2]}/radio", headers=headers) as response,
    ):
        assert response.status == 200
        page = await response.text()
    assert "Channel 8 is ours" in page
    assert "Signed in as &lt;i&gt;ada (ada@example.com)" in page
    for target in ("/boat", "/.outerward/logout", "http://other.localhost:1", "http://localhost:1/saml/"):
        assert f'href="{target}"' in page
    assert 'href="/radio"' not in page


async def test_the_wiki_has_no_page_that_nobody_wrote_and_answers_programs_in_json(
    urls: tuple[str, str, str],
) -> None:
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{urls[2]}/nothing") as response:
            assert response.status == 404
            assert "No such page" in await response.text()
        headers = {"Accept": "application/json", "X-Forwarded-Email": "ada@example.com"}
        async with http.get(f"{urls[2]}/radio", headers=headers) as response:
            assert (await response.json())["identity"] == {"X-Forwarded-Email": "ada@example.com"}
