"""Cases for a lying provider, and a login of ours against it: the words that tests of OidcProvider use.

A ``Case`` names a lie, how to tell it, and how the login must end. ``claims``, ``times``, ``header`` and
their like tell one lie each; ``Login`` runs OidcProvider and the provider's side of it in one go.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import web

from idp_adapters import (
    Identity,
    LoginBegun,
    LoginCompleted,
    LoginError,
    LoginErrorReason,
    OidcProvider,
    Redirect,
    RelyingParty,
)
from tests.support.hostile_oidc import Handler, HostileProvider, Lies, Members, change

ORIGIN = "http://app.localhost:4180"
CALLBACK = f"{ORIGIN}/.outerward/callback/corp"

Prepare = Callable[[HostileProvider], None]


def party_at(answer: str) -> RelyingParty:
    """Us, with logins that come back to ``answer``."""
    return RelyingParty(answer=answer, logout="", metadata="", signed_out=f"{ORIGIN}/.outerward/signed-out")


PARTY = party_at(CALLBACK)


def url_of(begun: LoginBegun) -> str:
    """Where a login that was begun sends the browser."""
    assert isinstance(begun.sending, Redirect)
    return begun.sending.url


@dataclass(frozen=True)
class Case:
    """One lie; ``reason`` is None where it is none and the login completes."""

    name: str
    prepare: Prepare
    reason: LoginErrorReason | None = None


@dataclass(frozen=True)
class Login:
    """One provider of ours and the side that it talks to."""

    oidc: OidcProvider
    hostile: HostileProvider

    async def begin(self) -> LoginBegun:
        """Begin one."""
        return await self.oidc.begin(PARTY)

    async def complete(self, begun: LoginBegun) -> Identity:
        """Sign in on the other side, and complete what was begun: the person."""
        return (await self.completed(begun)).identity

    async def completed(self, begun: LoginBegun | None = None) -> LoginCompleted:
        """Sign in on the other side, and complete what was begun, or is begun for it."""
        begun = begun or await self.begin()
        return await self.oidc.complete(self.hostile.authorize(url_of(begun)), begun.transaction, PARTY)

    async def run(self) -> Identity:
        """Begin and complete."""
        return await self.complete(await self.begin())

    async def refused(self) -> LoginError:
        """Begin and complete, which must fail: the error."""
        with pytest.raises(LoginError) as caught:
            await self.run()
        return caught.value


@asynccontextmanager
async def opened(
    hostile: HostileProvider, settings: Members | None = None, **options: Any
) -> AsyncIterator[Login]:
    """A Login whose connections are given back; ``settings`` and ``options`` are those of OidcProvider."""
    oidc = OidcProvider("corp", hostile.settings(**(settings or {})), **options)
    try:
        yield Login(oidc, hostile)
    finally:
        await oidc.close()


def lies(**told: Any) -> Prepare:
    """Tell these Lies, by the names of their fields."""

    def prepare(hostile: HostileProvider) -> None:
        hostile.lies = Lies(**told)

    return prepare


def claims(**changes: Any) -> Prepare:
    """Change claims of the ID token."""
    return lies(claims=change(**changes))


def own_claims(make: Callable[[HostileProvider], Members]) -> Prepare:
    """Change claims of the ID token to values that depend on the provider."""
    return lambda hostile: claims(**make(hostile))(hostile)


def times(**offsets_s: float) -> Prepare:
    """Set times of the ID token, in seconds from now."""
    return lies(claims=lambda members: members | {name: moment(off) for name, off in offsets_s.items()})


def moment(offset_s: float) -> float:
    """A NumericDate so many seconds from now; whole where the offset is."""
    return int(time.time()) + offset_s


def claims_text(old: str, new: str) -> Prepare:
    """Change the claims as they are written, beyond what a JSON library would write."""

    def edit(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return lies(claims_text=edit)


def header(**changes: Any) -> Prepare:
    """Change the header of the ID token."""
    return lies(header=change(**changes))


def signed(signature: Callable[[HostileProvider], Callable[[bytes], bytes]], **changes: Any) -> Prepare:
    """Change the header of the ID token, and who signs."""
    return lambda hostile: lies(header=change(**changes), signature=signature(hostile))(hostile)


def keys(make: Callable[[HostileProvider], list[object]], **changes: Any) -> Prepare:
    """Publish other keys, and change the header of the ID token."""
    return lambda hostile: lies(key_set=lambda _: {"keys": make(hostile)}, header=change(**changes))(hostile)


def metadata(**changes: Any) -> Prepare:
    """Change members of the metadata."""
    return lies(metadata=change(**changes))


def user(**changes: Any) -> Prepare:
    """Change the person."""

    def prepare(hostile: HostileProvider) -> None:
        hostile.user = change(**changes)(hostile.user)

    return prepare


def answer(
    body: bytes = b"", status: int = 200, content_type: str = "application/json", **headers: str
) -> Handler:
    """A whole answer, the same each time; ``_`` in a header's name stands for ``-``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=body, status=status, headers=named, content_type=content_type)

    return handler
