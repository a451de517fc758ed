"""Whole logins through npm's oidc-provider: let in, denied, cancelled, tabs, new keys, provider away."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from urllib.parse import quote

import aiohttp
import pytest

from idp_adapters import OidcProvider, OidcSettings
from session_store import Store
from tests.support.control import Browser, Control, Reply, route, serving
from tests.support.oidc_provider import OidcServer, RegisteredClient, browser, sign_in

ORIGIN = "http://app.localhost:4180"
CALLBACK = f"{ORIGIN}/.outerward/callback/corp"
USERS = {
    "ada": {"email": "ada@example.com", "email_verified": True, "name": "Ada Lovelace"},
    "eve": {"email": "eve@elsewhere.example", "email_verified": True, "name": "Eve"},
}


@dataclass(frozen=True)
class Person:
    """One browser: our host's side of it, and the provider's."""

    ours: Browser
    theirs: aiohttp.ClientSession

    async def leave(self, return_path: str = "/report") -> Reply:
        """To the login address."""
        return await self.ours.get(f"/.outerward/login?redirect_path={quote(return_path)}")

    async def come_back(self, begun: Reply, user: str) -> Reply:
        """Through the provider's pages as ``user``, and back to the callback."""
        return await self.ours.get(await self.walk(begun, user))

    async def walk(self, begun: Reply, user: str) -> str:
        """Through the provider's pages as ``user``; the path of the callback that it leads to."""
        landing = await sign_in(self.theirs, begun.location, user, until=CALLBACK)
        return landing.url.removeprefix(ORIGIN)

    async def sign_in(self, user: str = "ada") -> Reply:
        """A whole login."""
        return await self.come_back(await self.leave(), user)


@pytest.fixture
def server() -> Iterator[OidcServer]:
    with OidcServer(users=USERS, clients=[RegisteredClient("outerward", "secret", (CALLBACK,))]) as running:
        yield running


@pytest.fixture
async def control(store: Store, server: OidcServer) -> AsyncIterator[Control]:
    settings = OidcSettings(
        issuer=server.issuer, client_id="outerward", client_secret="secret", allow_private_network=True
    )
    provider = OidcProvider("corp", settings)
    routes = [route("app.localhost", origin=ORIGIN, allow=("@example.com",))]
    async with serving(routes, store, [provider]) as running:
        yield running
    await provider.close()


@pytest.fixture
async def person(control: Control) -> AsyncIterator[Person]:
    async with browser() as theirs:
        yield Person(control.browser("app.localhost"), theirs)


async def test_a_person_signs_in_and_is_a_user_from_then_on(
    store: Store, person: Person, server: OidcServer
) -> None:
    landing = await person.sign_in()
    (view,) = (await store.users(limit=10, before=None)).items
    principal = view.user.principal

    assert (landing.status, landing.location) == (302, "/report")
    assert person.ours.session is not None
    assert (principal.issuer, principal.subject) == (server.issuer, "ada")
    assert (principal.name, principal.email, principal.email_verified) == (
        "Ada Lovelace",
        "ada@example.com",
        True,
    )


async def test_a_person_whom_the_rules_refuse_signs_in_as_someone_else(store: Store, person: Person) -> None:
    refused = await person.sign_in("eve")

    assert (refused.status, refused.code) == (403, "OUT-2001")
    assert "eve@elsewhere.example" in refused.text
    assert (await store.users(limit=10, before=None)).items == []
    begun = await person.ours.post(refused.form("Sign in as someone else"))
    assert begun.parameters["prompt"] == "select_account"
    person.theirs.cookie_jar.clear()
    assert (await person.come_back(begun, "ada")).location == "/report"


async def test_cancelling_at_the_provider_is_a_page_and_no_session(person: Person) -> None:
    reply = await person.sign_in("")

    assert (reply.status, reply.code) == (403, "OUT-2023")
    assert person.ours.cookies == {}
    assert (await person.ours.get(reply.link("Sign in"))).status == 302


async def test_oidc_04_three_tabs_opened_at_once_all_come_back_to_their_own_pages(person: Person) -> None:
    begun = [await person.leave(f"/tab{number}") for number in range(3)]
    landings = [await person.come_back(tab, "ada") for tab in reversed(begun)]

    assert [landing.location for landing in landings] == ["/tab2", "/tab1", "/tab0"]


async def test_a_provider_with_new_keys_is_believed_again_at_the_next_login(
    person: Person, server: OidcServer
) -> None:
    assert (await person.sign_in()).status == 302
    server.restart(new_keys=True)
    person.theirs.cookie_jar.clear()

    assert (await person.sign_in()).status == 302


async def test_a_provider_that_is_away_stops_logins_in_words_and_no_session_that_is_open(
    person: Person, server: OidcServer
) -> None:
    await person.sign_in()
    session = person.ours.session
    callback = await person.walk(await person.leave(), "ada")
    server.stop()
    reply = await person.ours.get(callback)

    assert (reply.status, reply.code, "Retry-After" in reply.headers) == (503, "OUT-2020", True)
    assert person.ours.session == session
    server.start()
    person.theirs.cookie_jar.clear()
    assert (await person.sign_in()).status == 302


async def test_a_provider_that_was_never_there_answers_503_until_it_comes(
    person: Person, server: OidcServer
) -> None:
    server.stop()
    away = await person.leave()
    server.start()

    assert (away.status, away.code) == (503, "OUT-2020")
    assert person.ours.cookies == {}
