"""Back-channel logout where there is a login host: it is heard there, and at any application's host."""

from collections.abc import AsyncIterator

import pytest

from idp_adapters import OidcProvider
from proxy import LoginHost
from session_store import BrowserSession, Store
from tests.support.control import Browser, Control, route, serving
from tests.support.edge import hash_of
from tests.support.hostile_oidc import HostileProvider, Lies, change
from tests.support.logout_tokens import LogoutToken

HOST = LoginHost("login.example.com", "https://login.example.com", secure=True)
HOSTS = ("app.example.com", "other.example.com")
BACK = "/.outerward/backchannel-logout/corp"


@pytest.fixture
async def hostile() -> AsyncIterator[HostileProvider]:
    async with HostileProvider.running() as provider:
        provider.lies = Lies(claims=change(sid="s-1"))
        yield provider


@pytest.fixture
async def control(store: Store, hostile: HostileProvider) -> AsyncIterator[Control]:
    provider = OidcProvider("corp", hostile.settings())
    async with serving([route(host) for host in HOSTS], store, [provider], HOST) as running:
        yield running
    await provider.close()


async def signed_in(control: Control, hostile: HostileProvider, host: str) -> Browser:
    visitor, login = control.browser(host), control.browser(HOST.hostname)
    begun = await visitor.get("/.outerward/login")
    query = "&".join(f"{name}={value}" for name, value in hostile.authorize(begun.location))
    reply = await login.get(f"/.outerward/callback/corp?{query}")
    assert (await visitor.get(reply.location.removeprefix(visitor.origin))).status == 302
    return visitor


async def is_live(store: Store, visitor: Browser) -> bool:
    found = await store.browser_session(hash_of(visitor.session or ""))
    return isinstance(found, BrowserSession)


@pytest.mark.parametrize("told", [HOST.hostname, *HOSTS], ids=["the login host", "one", "another"])
async def test_a_logout_message_at_any_host_ends_the_sessions_at_all_of_them(
    control: Control, store: Store, hostile: HostileProvider, told: str
) -> None:
    visitors = [await signed_in(control, hostile, host) for host in HOSTS]
    assert [await is_live(store, each) for each in visitors] == [True, True]
    token = LogoutToken().signed_by(hostile, sid="s-1")
    reply = await control.browser(told).deliver(BACK, {"logout_token": token})

    assert reply.status == 200
    assert [await is_live(store, each) for each in visitors] == [False, False]


async def test_a_session_that_the_provider_ended_between_answer_and_finish_does_not_begin(
    control: Control, store: Store, hostile: HostileProvider
) -> None:
    visitor, login = control.browser(HOSTS[0]), control.browser(HOST.hostname)
    begun = await visitor.get("/.outerward/login")
    query = "&".join(f"{name}={value}" for name, value in hostile.authorize(begun.location))
    arrived = await login.get(f"/.outerward/callback/corp?{query}")
    token = LogoutToken().signed_by(hostile, sid="s-1")
    assert (await login.deliver(BACK, {"logout_token": token})).status == 200
    landing = await visitor.get(arrived.location.removeprefix(visitor.origin))

    assert (landing.status, landing.code) == (409, "OUT-2013")
    assert visitor.session is None
