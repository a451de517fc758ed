"""Our side of a module of the conformance suite: the whole edge as relying party, a provider that can err.

The suite's tester is a person with a browser; ``RelyingParty`` is that person. ``signs_in`` and ``refuses``
are the two ways in which a module can end.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from session_store import Store
from tests.support.edge import HOST
from tests.support.hostile_oidc import HostileProvider
from tests.support.http_client import Answer
from tests.support.logout_tokens import (
    LOGOUT,
    TYPED_IN,
    Begun,
    LogoutScene,
    code_of,
    cookies_in,
    logout_scene,
)
from tests.support.oidc_login import Prepare

TOKEN_INVALID = 2025
"""The page of a login whose tokens did not pass."""


def honestly(_: HostileProvider) -> None:
    """No error."""


@dataclass(frozen=True)
class RelyingParty:
    """The edge, and the person in front of it. ``mode`` is how the provider answers."""

    scene: LogoutScene
    mode: str = "query"

    @property
    def provider(self) -> HostileProvider:
        """The other side."""
        return self.scene.corp

    async def begin(self, path: str = "/") -> Begun:
        """Go to the provider, and sign in there."""
        return await self.scene.begin(path=path)

    async def asked(self) -> dict[str, str]:
        """What an authorization request says."""
        away = await self.scene.get("/.outerward/login")
        assert away.status == 302, away.body
        assert away.header("location").startswith(f"{self.provider.issuer}/authorize?")
        return dict(parse_qsl(urlsplit(away.header("location")).query, strict_parsing=True))

    async def come_back(self, begun: Begun) -> Answer:
        """Come back from the provider, whose post brings no cookie along."""
        if self.mode == "query":
            return await self.scene.come_back(begun)
        path, _, query = begun.callback.partition("?")
        across_sites = (
            ("Origin", self.provider.issuer),
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Mode", "navigate"),
            ("Accept", "text/html"),
        )
        posted = await self.scene.send(query.encode(), *across_sites, target=path, host=begun.host)
        if posted.status != 303:
            return posted
        return await self.scene.get(posted.header("location"), cookie=begun.cookie, host=begun.host)

    async def ends(self, err: Prepare = honestly, path: str = "/") -> Answer:
        """A whole login in which the provider errs: its last answer."""
        begun = await self.begin(path)
        err(self.provider)
        return await self.come_back(begun)

    async def signs_in(self, err: Prepare = honestly, path: str = "/") -> str:
        """A whole login, which must go through: the session cookie's value."""
        landing = await self.ends(err, path)
        assert (landing.status, landing.header("location")) == (302, path), landing.body
        cookie = cookies_in(landing)["outerward"]
        assert await self.scene.is_in(cookie)
        return cookie

    async def refuses(self, err: Prepare, code: int = TOKEN_INVALID) -> None:
        """A login that must come to nothing: a page that says so, no session, nothing at the application."""
        before = self.scene.upstream.hits
        refusal = await self.ends(err)
        assert 400 <= refusal.status < 500, refusal.body
        assert code_of(refusal) == code, refusal.body
        assert cookies_in(refusal) == {}
        assert (await self.scene.store.users(limit=10, before=None)).items == []
        assert self.scene.upstream.hits == before

    async def signs_out(self, cookie: str, host: str = HOST) -> dict[str, str]:
        """Sign out here, which leads to the provider: what that is told."""
        away = await self.scene.get(LOGOUT, cookie=f"outerward={cookie}", host=host, headers=TYPED_IN)
        assert away.status == 302, away.body
        assert away.header("location").startswith(f"{self.provider.issuer}/end?")
        assert not await self.scene.is_in(cookie, host)
        return dict(parse_qsl(urlsplit(away.header("location")).query, strict_parsing=True))


@asynccontextmanager
async def relying_party(store: Store, **settings: Any) -> AsyncIterator[RelyingParty]:
    """One with these settings of its provider, which takes logouts too."""
    async with logout_scene(store, end_session=True, **settings) as scene:
        yield RelyingParty(scene, settings.get("response_mode", "query"))
