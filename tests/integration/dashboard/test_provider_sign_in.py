"""Signing in to the dashboard through a real OpenID provider, in the whole program: roles, refusals, ends."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from yarl import URL

from tests.support.browser import Landing, walk
from tests.support.oidc_provider import OidcServer, RegisteredClient
from tests.support.program import CANARY, HOST, lasting_port, request
from tests.support.provider_sign_in import (
    BOOTSTRAP,
    COOKIE,
    Administrator,
    DashboardProgram,
    administrator,
    dashboard_program,
)


def _member(name: str, domain: str, **more: object) -> dict[str, object]:
    return {"email": f"{name}@{domain}", "email_verified": True, "name": name.title(), **more}


USERS = {
    "vera": _member("vera", "view.example"),
    "otto": _member("otto", "work.example", groups=["support"]),
    "anna": _member("anna", "view.example", groups=["support"]),
    "mallory": _member("mallory", "evil.example", groups=["Support", "support2"]),
    "fake": _member("fake", "view.example") | {"email_verified": False},
}
ROLES = '{ viewer = ["@view.example"], operator = ["group:support"], admin = ["anna@view.example"] }'
NOBODY = "/app/users/edgusr_000000000000000000000000000"


@pytest.fixture(scope="module")
def port() -> int:
    return lasting_port()


@pytest.fixture(scope="module")
def other_port() -> int:
    """For a program beside the one that the tests share."""
    return lasting_port()


@pytest.fixture(scope="module")
def provider(port: int, other_port: int) -> Iterator[OidcServer]:
    origin = f"http://127.0.0.1:{port}"
    client = RegisteredClient(
        "client",
        CANARY,
        tuple(f"http://127.0.0.1:{each}/.outerward/callback/nobody" for each in (port, other_port)),
        (f"{origin}/.outerward/signed-out",),
        backchannel_logout_uri=f"{origin}/.outerward/backchannel-logout/nobody",
    )
    with OidcServer(users=USERS, clients=[client], address="127.0.0.2") as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("program")


@pytest.fixture(scope="module")
def at(provider: OidcServer, port: int, folder: Path) -> Iterator[DashboardProgram]:
    with dashboard_program(folder, roles=ROLES, issuer=provider.issuer, port=port) as running:
        yield running


@pytest.mark.parametrize(
    ("user", "reads", "deletes", "tokens"),
    [("vera", 200, 403, 403), ("otto", 200, 404, 403), ("anna", 200, 404, 200)],
    ids=["viewer", "operator", "admin on all lists"],
)
async def test_each_role_may_do_what_it_says_and_no_more(
    at: DashboardProgram, user: str, reads: int, deletes: int, tokens: int
) -> None:
    async with administrator(at.url) as person:
        landing = await person.sign_in(user, "/dashboard/events?type=login")

        assert landing.url == f"{at.url}/dashboard/events?type=login"
        assert await person.ask("GET", "/app/users") == reads
        assert await person.ask("DELETE", NOBODY) == deletes
        assert await person.ask("GET", "/tokens") == tokens


async def test_what_it_does_is_told_as_done_by_that_person(at: DashboardProgram) -> None:
    async with administrator(at.url) as otto, administrator(at.url) as vera:
        await otto.sign_in("otto")
        await vera.sign_in("vera")
        users = at.users()

        assert await otto.ask("DELETE", f"/app/users/{users['vera@view.example']}") == 204
        (deleted, *_) = at.events("user_deleted")
        assert deleted["actor"] == users["otto@work.example"]
        assert await vera.ask("GET", "/app/users") == 401


async def test_a_token_that_signs_in_over_a_person_ends_what_the_person_had(at: DashboardProgram) -> None:
    async with administrator(at.url) as anna:
        await anna.sign_in("anna")
        before = anna.cookie
        assert (await anna.press("/dashboard/login", token=BOOTSTRAP)).status == 200
        assert before != anna.cookie != ""

        anna.client.cookie_jar.update_cookies({COOKIE: before}, URL(at.url))
        assert anna.cookie == before
        assert await anna.ask("GET", "/app/users") == 401


@pytest.mark.parametrize("user", ["mallory", "fake"], ids=["on no list", "with an address not verified"])
async def test_a_stranger_is_refused_and_offered_another_account(at: DashboardProgram, user: str) -> None:
    async with administrator(at.url) as person:
        landing = await person.sign_in(user)

        assert landing.status == 403
        assert "OUT-2001" in landing.text
        assert "Sign in as someone else" in landing.text
        assert person.cookie == ""
    (denied, *_) = at.events("login_denied")
    assert denied["details"]["account"] == USERS[user]["email"]
    assert (denied["details"]["place"], denied["details"]["public_url"]) == ("dashboard", at.url)
    assert USERS[user]["email"] not in at.users()


async def test_whoever_is_blocked_is_out_at_once_and_stays_out(at: DashboardProgram) -> None:
    async with administrator(at.url) as vera:
        await vera.sign_in("vera")
        assert await vera.ask("GET", "/app/users") == 200
        block = f"/app/users/{at.users()['vera@view.example']}/block"

        assert at.call("PUT", block, {"until": None, "reason": "left"}).status == 200
        assert await vera.ask("GET", "/app/users") == 401
        notice = await vera.sign_in("vera")
        refused = await vera.press("/.outerward/login?redirect_path=/dashboard/users", "vera")
        assert at.call("DELETE", block).status == 204

    assert (notice.status, "An administrator blocked your account" in notice.text) == (200, True)
    assert (refused.status, "OUT-2047" in refused.text) == (403, True)
    (denied, *_) = at.events("login_denied")
    assert denied["details"]["reason"] == "blocked"


async def test_signing_out_ends_the_session_here_and_at_the_provider(
    at: DashboardProgram, provider: OidcServer
) -> None:
    async with administrator(at.url) as anna:
        await anna.sign_in("anna")
        cookie = anna.cookie
        landing = await anna.press("/.outerward/logout")

        assert landing.url.startswith(f"{at.url}/.outerward/signed-out")
        assert anna.cookie == ""
        assert _at_api(at, cookie) == 401
        asked = await _login_page(anna)
    assert asked.url.startswith(f"{provider.issuer}/interaction/")
    login, logout = at.events("login", "dashboard_logout")[1::-1]
    assert (login["type"], logout["type"]) == ("login", "dashboard_logout")
    assert login["actor"] == logout["actor"] == at.users()["anna@view.example"]
    assert (login["details"]["place"], logout["details"]["place"]) == ("dashboard", "dashboard")


async def _login_page(person: Administrator) -> Landing:
    return await walk(person.client, f"{person.url}/.outerward/login?provider=nobody")


def _at_api(at: DashboardProgram, cookie: str) -> int:
    return request(at.url, "/app/users", {"Cookie": f"{COOKIE}={cookie}"}).status


async def test_the_end_of_the_session_at_the_provider_ends_it_here(
    at: DashboardProgram, provider: OidcServer
) -> None:
    async with administrator(at.url) as anna:
        await anna.sign_in("anna")
        assert await anna.ask("GET", "/app/users") == 200
        await walk(anna.client, provider.logout_url)

        assert await anna.ask("GET", "/app/users") == 401


async def test_cookie_16_the_dashboards_cookie_opens_no_endpoint(at: DashboardProgram) -> None:
    async with administrator(at.url) as anna:
        await anna.sign_in("anna")
        value = anna.cookie

        for sent in (f"outerward={value}", f"{COOKIE}={value}"):
            assert request(at.program.edge, "/", {"Host": HOST, "Cookie": sent}).status == 401
        assert await anna.ask("GET", "/app/users") == 200


async def test_cookie_16_an_endpoints_cookie_opens_no_dashboard(at: DashboardProgram) -> None:
    async with administrator(at.url) as anna:
        await anna.sign_in("anna")
        visitor = await at.visitor("anna")

        assert at.program.visit(visitor).status == 502
        assert _at_api(at, visitor) == 401


async def test_who_has_no_role_any_more_is_nobody_and_who_has_another_has_that(
    provider: OidcServer, other_port: int, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{other_port}"
    async with administrator(url) as vera, administrator(url) as otto:
        with dashboard_program(tmp_path, roles=ROLES, issuer=provider.issuer, port=other_port):
            await vera.sign_in("vera")
            await otto.sign_in("otto")
        changed = '{ operator = ["anna@view.example"], admin = ["group:support"] }'
        with dashboard_program(tmp_path, roles=changed, issuer=provider.issuer, port=other_port):
            assert await vera.ask("GET", "/app/users") == 401
            assert await otto.ask("GET", "/tokens") == 200
