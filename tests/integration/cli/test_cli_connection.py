"""How the client uses its connection: one for all calls, a new one where the other side has left."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from outerward.addresses import plain_url
from outerward.cli.client import AdminClient, Row
from outerward.cli.target import Target
from outerward.errors import Unreachable


@dataclass
class Server:
    """HTTP/1.1 that counts its connections, answers each request, and leaves after ``each`` answers.

    So many bytes of an answer as it ``lacks`` are promised and do not come.
    """

    url: str = ""
    each: int = 10**9
    answer: bytes = b'{"n": 1}'
    lacks: int = 0
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        for _ in range(self.each):
            head = await reader.read(65536)
            if not head:
                break
            self.requests.append(head.split(b"\r\n")[0])
            length = len(self.answer) + self.lacks
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (length, self.answer))
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    told = Server()
    listening = await asyncio.start_server(told.serve, "127.0.0.1", 0)
    told.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    yield told
    listening.close()
    await listening.wait_closed()


async def numbers(server: Server, calls: int, pause_s: float = 0) -> None:
    """So many calls, one after the other, by one client."""
    client = AdminClient(Target(plain_url(server.url), "t"))
    try:
        for _ in range(calls):
            assert (await asyncio.to_thread(client.get, "/x", Row, "x")) == {"n": 1}
            await asyncio.sleep(pause_s)
    finally:
        client.close()


async def test_all_calls_go_over_one_connection(server: Server) -> None:
    await numbers(server, 50)
    assert (server.connections, len(server.requests)) == (1, 50)


async def test_all_pages_of_a_list_go_over_one_connection(server: Server) -> None:
    client = AdminClient(Target(plain_url(server.url), "t"))
    following = {"rows": [{"n": 1}], "next_page_uri": "http://elsewhere.example.com/x?before_id=1"}
    server.answer = json.dumps(following).encode()
    assert len(await asyncio.to_thread(lambda: list(client.rows("/x", "rows", 1000)))) == 2
    client.close()
    assert server.connections == 1


async def test_a_connection_that_was_left_is_replaced_before_the_call(server: Server) -> None:
    server.each = 2
    # The other side's leaving has to arrive.
    await numbers(server, 6, pause_s=0.05)
    assert (server.connections, len(server.requests)) == (3, 6)


async def test_behind_an_answer_that_did_not_end_the_next_call_begins_anew(server: Server) -> None:
    client = AdminClient(Target(plain_url(server.url), "t"), timeout_s=0.2)
    server.lacks = 5
    with pytest.raises(Unreachable):
        await asyncio.to_thread(client.get, "/x", Row, "x")
    server.lacks = 0
    assert await asyncio.to_thread(client.get, "/x", Row, "x") == {"n": 1}
    client.close()
    assert server.connections == 2
