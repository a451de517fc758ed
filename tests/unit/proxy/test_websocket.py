"""What the edge knows of a WebSocket: the handshake, the rule of origins, and where a frame ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from proxy.websocket import CLOSE_POLICY, Frames, agrees, is_handshake, origin_allowed

Headers = list[tuple[bytes, bytes]]

UPGRADE = (b"Upgrade", b"websocket")
KEY = (b"Sec-WebSocket-Key", b"dGhlIHNhbXBsZSBub25jZQ==")
VERSION = (b"Sec-WebSocket-Version", b"13")
OWN = "http://app.localhost:4180"


@pytest.mark.parametrize(
    ("headers", "method", "http10", "asks"),
    [
        ([UPGRADE, KEY, VERSION], b"GET", False, True),
        ([(b"upgrade", b" WebSocket "), (b"SEC-WEBSOCKET-KEY", b"x"), VERSION], b"GET", False, True),
        ([UPGRADE, KEY, VERSION], b"POST", False, False),
        ([UPGRADE, KEY, VERSION], b"GET", True, False),
        ([UPGRADE, KEY], b"GET", False, False),
        ([UPGRADE, VERSION], b"GET", False, False),
        ([KEY, VERSION], b"GET", False, False),
        ([UPGRADE, KEY, KEY, VERSION], b"GET", False, False),
        ([UPGRADE, KEY, VERSION, VERSION], b"GET", False, False),
        ([UPGRADE, KEY, (b"Sec-WebSocket-Version", b"8")], b"GET", False, False),
        ([(b"Upgrade", b"h2c"), KEY, VERSION], b"GET", False, False),
        ([(b"Upgrade", b"h2c, websocket"), KEY, VERSION], b"GET", False, False),
        ([UPGRADE, (b"Upgrade", b"h2c"), KEY, VERSION], b"GET", False, False),
    ],
)
def test_a_handshake_asks_for_one_websocket_of_version_13(
    headers: Headers, method: bytes, http10: bool, asks: bool
) -> None:
    assert is_handshake(method, headers, http10=http10) is asks


@pytest.mark.parametrize(
    ("headers", "agreed"),
    [
        ([UPGRADE, (b"Connection", b"Upgrade")], True),
        ([UPGRADE, (b"connection", b"keep-alive, upgrade")], True),
        ([UPGRADE], False),
        ([(b"Connection", b"Upgrade")], False),
        ([(b"Upgrade", b"h2c"), (b"Connection", b"Upgrade")], False),
    ],
)
def test_an_answer_agrees_only_to_a_websocket(headers: Headers, agreed: bool) -> None:
    assert agrees(headers) is agreed


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [
        ([], True),
        ([OWN.encode()], True),
        ([b"HTTP://App.Localhost:4180"], True),
        ([b"http://evil.example"], False),
        ([b"http://app.localhost"], False),
        ([b"https://app.localhost:4180"], False),
        ([b"http://app.localhost:4180/"], False),
        ([b"http://app.localhost:4180.evil.example"], False),
        ([b"null"], False),
        ([b""], False),
        ([OWN.encode(), OWN.encode()], False),
    ],
)
def test_a_page_may_only_be_of_the_endpoint_itself(origins: list[bytes], allowed: bool) -> None:
    assert origin_allowed(origins, OWN) is allowed


frames = st.builds(
    lambda opcode, size, fin, mask: Frame(opcode, b"x" * size, fin).serialize(mask=mask),
    st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.CONT]),
    st.one_of(st.integers(0, 130), st.sampled_from([65535, 65536, 70000])),
    st.booleans(),
    st.booleans(),
)


@given(st.lists(frames, max_size=4), st.lists(st.integers(1, 50), max_size=40))
def test_the_end_of_a_frame_is_known_in_whatever_pieces_it_comes(sent: list[bytes], cuts: list[int]) -> None:
    data = b"".join(sent)
    ends = {0}
    for frame in sent:
        ends.add(max(ends) + len(frame))
    followed = Frames()
    at = 0
    for cut in [*cuts, len(data)]:
        followed.feed(data[at : at + cut])
        at = min(at + cut, len(data))
        assert followed.between is (at in ends)


def test_the_close_frame_says_policy_violation() -> None:
    assert Frame(Opcode.CLOSE, (1008).to_bytes(2, "big")).serialize(mask=False) == CLOSE_POLICY
