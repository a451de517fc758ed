"""The lines that stand for a session: which there are at a route, and for how long they hold."""

from typing import Any

import pytest

from proxy.credentials import FOR_GOOD, Credentials
from proxy.identity_jwt import REUSED_MS, IdentityKey
from session_store import StoreUnavailable
from tests.support.edge import route
from tests.support.upstreams import Echo
from tests.unit.proxy.test_gate import NOW, session

TOKEN = "an-access-token"


async def settled(_: str, proposal: bytes) -> bytes:
    return proposal


async def credentials(token: str | None = TOKEN) -> Credentials:
    key = IdentityKey(settled)
    await key.document()
    return Credentials(lambda _: token, key)


def names(block: bytes) -> list[str]:
    return [line.partition(b":")[0].decode() for line in block.splitlines()]


def at(**rules: Any) -> Any:
    return route(Echo().address, headers=(), **rules)


async def test_a_route_that_asks_for_neither_token_gets_none_and_its_lines_hold_for_good() -> None:
    lines = (await credentials()).lines(session(), at(), NOW)
    assert (names(lines.block), lines.hold_until_ms) == (["X-Outerward-Session"], FOR_GOOD)


async def test_an_access_token_is_a_line_where_there_is_one_and_holds_for_good() -> None:
    lines = (await credentials()).lines(session(), at(pass_access_token=True), NOW)
    assert lines.block.endswith(f"X-Forwarded-Access-Token: {TOKEN}\r\n".encode())
    assert lines.hold_until_ms == FOR_GOOD
    assert TOKEN not in repr(lines)
    for none in (None, ""):
        lines = (await credentials(none)).lines(session(), at(pass_access_token=True), NOW)
        assert names(lines.block) == ["X-Outerward-Session"]


async def test_a_signed_identity_is_a_line_that_holds_for_half_a_minute() -> None:
    lines = (await credentials()).lines(session(), at(identity_jwt=True), NOW)
    assert names(lines.block) == ["X-Outerward-Session", "X-Outerward-Jwt"]
    assert lines.hold_until_ms == NOW + REUSED_MS


async def test_a_token_that_would_be_two_lines_is_an_error_and_no_line() -> None:
    with pytest.raises(ValueError, match="control character"):
        (await credentials("a\r\nX-Forwarded-User: root")).lines(session(), at(pass_access_token=True), NOW)


def test_without_a_key_there_are_no_lines_where_one_is_due() -> None:
    keyless = Credentials(lambda _: TOKEN, IdentityKey(settled))
    with pytest.raises(StoreUnavailable):
        keyless.lines(session(), at(identity_jwt=True), NOW)
    assert keyless.lines(session(), at(), NOW).block
