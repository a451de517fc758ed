"""Who is found by the cookie of a sign-in through a provider, and who is not, in a real store."""

import hashlib
from dataclasses import dataclass

import pytest

from admin_api import Person, RoleSettings, Scope
from outerward.administrators import Administrators, Roles
from session_store import BrowserSession, CookieHash, EndReason, Principal, Store
from tests.support.dashboard_rim import dashboard_route
from tests.support.scene import HOUR_MS, Clock

DASHBOARD = dashboard_route("http://127.0.0.1:4040")
SCOPE = DASHBOARD.cookie.scope
COOKIE = CookieHash(hashlib.sha256(b"cookie").digest())


@dataclass
class People:
    """The store with whoever signs in, and the clock that all go by."""

    store: Store
    clock: Clock

    async def sign_in(self, scope: str = SCOPE, provider: str = "corp", name: str = "Ada") -> BrowserSession:
        return await self.store.complete_login(
            Principal(
                provider=provider,
                issuer="https://corp.example",
                subject="ada",
                name=name,
                email="ada@example.com",
                email_verified=True,
            ),
            provider_name="Corp",
            begun_at=await self.store.now(),
            scope=scope,
            cookie_hash=COOKIE,
            expires_at=self.clock() + HOUR_MS,
        )

    async def found(self, *admins: str) -> Person | None:
        roles = Roles.of(RoleSettings(admin=admins or ("ada@example.com",)))
        return await Administrators(self.store, DASHBOARD, roles, self.clock).find(COOKIE)


@pytest.fixture
def people(store: Store) -> People:
    return People(store, Clock())


async def test_somebody_with_a_role_is_found_as_the_user_that_the_store_knows(people: People) -> None:
    session = await people.sign_in()
    found = await people.found()

    assert found is not None
    assert (found.caller.actor, found.caller.scope) == (session.user_id, Scope.ADMIN)
    assert (found.caller.user_tag, found.name) == (session.user_tag, "Ada")


async def test_somebody_without_a_name_is_called_by_address(people: People) -> None:
    await people.sign_in(name="")
    found = await people.found()

    assert found is not None
    assert found.name == "ada@example.com"


async def test_a_cookie_that_the_store_does_not_know_is_nobody(people: People) -> None:
    assert await people.found() is None


async def test_somebody_on_no_list_is_nobody(people: People) -> None:
    await people.sign_in()

    assert await people.found("bob@example.com") is None


@pytest.mark.parametrize(
    "scope",
    ["127.0.0.1", "127.0.0.1:4040", ".example.com", "dashboard:127.0.0.1:4041"],
    ids=["a hostname", "the dashboard's address", "a cookie domain", "another dashboard"],
)
async def test_cookie_16_a_session_of_another_scope_is_nobody(people: People, scope: str) -> None:
    await people.sign_in(scope=scope)

    assert await people.found() is None


async def test_somebody_of_a_provider_that_is_not_the_dashboards_any_more_is_nobody(people: People) -> None:
    await people.sign_in(provider="former")

    assert await people.found() is None


async def test_a_session_is_over_when_its_time_is(people: People) -> None:
    await people.sign_in()
    people.clock.advance(HOUR_MS - 1)
    assert await people.found() is not None
    people.clock.advance(1)

    assert await people.found() is None


async def test_a_session_that_was_ended_is_over_at_once(people: People) -> None:
    session = await people.sign_in()
    await people.store.end_browser_session(COOKIE, EndReason.REVOKED, session.user_id)

    assert await people.found() is None
