"""The channel between supervisor and children: what goes in comes out, and its end is noticed."""

import socket
from datetime import timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from idp_adapters import OidcSettings
from outerward.config import Settings
from outerward.control import Asked, Assignment, Channel, Drain, EdgeStatus, Listening, Message, Told
from proxy import Counted, EdgeSettings, Sample, TunnelSettings
from session_store import StoreSettings

SETTINGS = Settings(
    state=Path("/var/lib/with a blank/\udcff"),
    edge=EdgeSettings(workers=3, trusted_proxies=("10.0.0.0/8",)),
    store=StoreSettings(url="unix:///s", secret=("first", "second"), server=Path("/usr/bin/redis-server")),
    provider={"corp": OidcSettings(issuer="https://id.example.com", client_id="a", client_secret="canary")},
    tunnel=(
        TunnelSettings(name="app", upstream="http://127.0.0.1:1", idle_session_timeout=timedelta(minutes=15)),
    ),
)


async def pair() -> tuple[Channel, Channel]:
    one, other = socket.socketpair()
    return await Channel.over(one), await Channel.over(other)


async def test_messages_arrive_whole_and_in_order() -> None:
    ours, theirs = await pair()
    messages: list[Message] = [
        Assignment(settings=SETTINGS, edge_port=4180, process="worker 1"),
        EdgeStatus(status="draining"),
        Drain(timeout_s=30.0),
        Listening(),
        Asked(),
        Told(counted=Counted((Sample("a_total", ("b", "ü"), (1, 2.5)),), (Sample("c", (), (0,)),))),
    ]
    for message in messages:
        ours.send(message)
    assert [await theirs.receive() for _ in messages] == messages
    ours.close()
    theirs.close()


async def test_the_end_of_one_side_is_told_to_the_other() -> None:
    ours, theirs = await pair()
    ours.send(Listening())
    ours.close()
    assert await theirs.receive() == Listening()
    assert await theirs.receive() is None
    theirs.send(Listening())
    theirs.close()


async def test_a_message_cut_short_is_an_end() -> None:
    one, other = socket.socketpair()
    channel = await Channel.over(one)
    other.sendall(b"\0\0\0\x09half")
    other.close()
    assert await channel.receive() is None
    channel.close()


@given(st.text(min_size=1))
def test_an_assignment_shows_no_secret(secret: str) -> None:
    settings = Settings(store=StoreSettings(secret=(f"canary{secret}",)))
    assert "canary" not in repr(Assignment(settings=settings, edge_port=1, process="admin"))
