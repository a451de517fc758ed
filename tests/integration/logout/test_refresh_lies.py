"""OIDC-28, OIDC-29: a refresh is believed only where it is about the same person, and says why it failed."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from aiohttp import web

from idp_adapters import LoginCompleted, LoginError, OidcProvider
from idp_adapters.oidc.logout import names_of
from idp_adapters.oidc.session import read_memory
from tests.support.hostile_oidc import (
    MISSING,
    Edit,
    HostileProvider,
    base64url,
    change,
    fresh_key,
    mac_with,
    same,
    sign_with,
)
from tests.support.oidc_login import PARTY, url_of


@dataclass
class Refreshing:
    """A provider that gives refresh tokens, each worth one refresh, and our side of it."""

    hostile: HostileProvider
    oidc: OidcProvider
    first: LoginCompleted
    claims: Edit = same
    header: Edit = same
    tokens: Edit = same
    signature: Any = None
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        """The token endpoint once a login is made."""
        form = await request.post()
        token, grant = str(form.get("refresh_token")), form.get("grant_type")
        if grant != "refresh_token" or token != f"r-{len(self.asked)}":
            return web.json_response({"error": "invalid_grant"}, status=400)
        self.asked.append(token)
        answer = {
            "access_token": "an-access-token",
            "token_type": "Bearer",
            "refresh_token": f"r-{len(self.asked)}",
            "id_token": self._id_token(),
        }
        return web.json_response(self.tokens(answer))

    def _id_token(self) -> str:
        now = int(time.time())
        usual = {
            "iss": self.hostile.issuer,
            "sub": "ada",
            "aud": self.hostile.client_id,
            "exp": now + 300,
            "iat": now,
            "sid": "s-1",
        }
        head = base64url(msgspec.json.encode(self.header({"alg": "RS256", "kid": self.hostile.key.kid})))
        signed = f"{head}.{base64url(msgspec.json.encode(self.claims(usual)))}"
        signature = (self.signature or sign_with(self.hostile.key))(signed.encode())
        return f"{signed}.{base64url(signature)}"

    async def refresh(self, memory: bytes | None = None) -> LoginCompleted:
        """Refresh, which must go well."""
        completed = await self.oidc.refresh(memory or self.first.memory, self.first.identity)
        assert completed is not None
        return completed

    async def refused(self) -> LoginError:
        """Refresh, which must fail: the error."""
        with pytest.raises(LoginError) as caught:
            await self.oidc.refresh(self.first.memory, self.first.identity)
        return caught.value


@pytest.fixture
async def session() -> AsyncIterator[Refreshing]:
    async with HostileProvider.running() as hostile:
        hostile.lies.tokens = change(refresh_token="r-0")
        hostile.lies.claims = change(sid="s-1")
        oidc = OidcProvider("corp", hostile.settings())
        begun = await oidc.begin(PARTY)
        first = await oidc.complete(hostile.authorize(url_of(begun)), begun.transaction, PARTY)
        made = Refreshing(hostile, oidc, first)
        hostile.lies.answers["/token"] = made.answer
        yield made
        await oidc.close()


async def test_a_refresh_tells_of_the_same_person_and_brings_the_next_refresh_token(
    session: Refreshing,
) -> None:
    session.hostile.user["groups"] = ["dev"]
    second = await session.refresh()
    third = await session.refresh(second.memory)
    kept = read_memory(third.memory)

    assert (second.identity.subject, second.identity.groups) == ("ada", ("dev",))
    assert second.names == names_of("ada", "s-1") == session.first.names
    assert session.asked == ["r-0", "r-1"]
    assert kept is not None
    assert kept.refresh_token == "r-2"


async def test_o9_a_refresh_token_is_sent_once_and_an_old_one_is_denied(session: Refreshing) -> None:
    await session.refresh()

    assert (await session.refused()).reason == "denied"
    assert session.asked == ["r-0"]


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "eve"},
        {"sub": "ADA"},
        {"sub": MISSING},
        {"iss": "https://other.example"},
        {"iss": MISSING},
        {"aud": "them"},
        {"nonce": "another"},
        {"exp": 1},
        {"iat": 1},
        {"events": {}},
    ],
    ids=lambda changes: " ".join(f"{name} {value}" for name, value in changes.items())[:20],
)
async def test_oidc_28_a_refreshed_token_of_another_person_issuer_or_login_ends_it(
    session: Refreshing, changes: dict[str, Any]
) -> None:
    session.claims = change(**changes)
    error = await session.refused()

    assert (error.reason, error.detail[:18]) == ("invalid_token", "refreshed ID token")


@pytest.mark.parametrize("lie", ["key", "none", "hmac", "logout token"])
async def test_oidc_28_a_refreshed_token_that_the_provider_did_not_sign_ends_it(
    session: Refreshing, lie: str
) -> None:
    if lie == "key":
        session.signature = sign_with(fresh_key())
    elif lie == "logout token":
        session.header = change(typ="logout+jwt")
    else:
        session.header = change(alg="none" if lie == "none" else "HS256")
        session.signature = (
            (lambda _: b"x") if lie == "none" else mac_with(session.hostile.client_secret.encode())
        )

    assert (await session.refused()).reason == "invalid_token"


async def test_oidc_28_userinfo_of_somebody_else_after_a_refresh_ends_it(session: Refreshing) -> None:
    session.hostile.lies.userinfo = change(sub="eve")

    assert (await session.refused()).reason == "invalid_token"


@pytest.mark.parametrize("missing", ["id_token", "refresh_token"])
async def test_what_a_refresh_does_not_bring_stays_as_it_was(session: Refreshing, missing: str) -> None:
    session.tokens = change(**{missing: MISSING})
    before, after = (
        read_memory(session.first.memory),
        read_memory((completed := await session.refresh()).memory),
    )

    assert before is not None
    assert after is not None
    assert getattr(after, missing) == getattr(before, missing)
    assert (completed.identity.subject, completed.identity.email) == ("ada", "ada@example.com")
    assert completed.names == session.first.names
    assert after.nonce == before.nonce


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, {"error": "invalid_grant"}, "denied"),
        (401, {"error": "invalid_client"}, "provider_error"),
        (400, {"error": "unsupported_grant_type"}, "provider_error"),
        (500, {}, "provider_error"),
        (503, {"error": "temporarily_unavailable"}, "provider_error"),
        (200, {"error": "invalid_grant"}, "provider_error"),
        (200, {}, "provider_error"),
        (302, {}, "provider_misconfigured"),
    ],
)
async def test_oidc_29_only_invalid_grant_is_denied(
    session: Refreshing, status: int, body: dict[str, str], reason: str
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    session.hostile.lies.answers["/token"] = answer

    assert (await session.refused()).reason == reason


async def test_oidc_29_a_provider_that_breaks_off_is_unreachable(session: Refreshing) -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    session.hostile.lies.answers["/token"] = answer

    assert (await session.refused()).reason == "provider_unreachable"


async def test_oidc_29_a_provider_that_is_silent_is_unreachable(
    session: Refreshing, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        await gone.wait()
        return web.Response()

    session.hostile.lies.answers["/token"] = answer
    monkeypatch.setattr("idp_adapters.oidc.session.REFRESH_PATIENCE_S", 0.2)

    assert (await session.refused()).reason == "provider_unreachable"
    gone.set()


async def test_a_session_without_any_token_cannot_be_asked_about(session: Refreshing) -> None:
    kept = read_memory(session.first.memory)
    assert kept is not None
    without = msgspec.msgpack.encode(msgspec.structs.replace(kept, refresh_token="", access_token=""))

    for memory in (without, b"", b"of another kind"):
        assert await session.oidc.refresh(memory, session.first.identity) is None
    assert session.asked == []


async def test_log_02_no_token_is_in_the_words_of_a_refusal(session: Refreshing) -> None:
    session.tokens = change(access_token="canary\r\n", id_token="canary")
    first = await session.refused()
    session.asked.clear()
    session.tokens = change(id_token="canary.canary.canary")
    second = await session.refused()

    assert "canary" not in f"{first}{first!r}{second}{second!r}"
    assert "r-0" not in f"{first}{second}"
