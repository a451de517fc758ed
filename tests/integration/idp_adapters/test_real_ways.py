"""npm's certified ``oidc-provider``: each way to prove who we are, to be answered, to be let in again."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from idp_adapters import LoginCompleted, LoginError, OidcProvider, OidcSettings
from idp_adapters.oidc.session import read_memory
from tests.support.hostile_oidc import fresh_key
from tests.support.oidc_login import CALLBACK, PARTY, url_of
from tests.support.oidc_provider import OidcServer, RegisteredClient, browser, sign_in

USERS = {"ada": {"email": "ada@example.com", "email_verified": True, "groups": ["ops"]}}
SECRET = "se+cret /&%:"
KEYS: dict[str, RSAKey | ECKey] = {
    "rsa": fresh_key(),
    "ec": ECKey.generate_key("P-256", private=True, auto_kid=True),
}
CLIENTS = [
    RegisteredClient("post", SECRET, (CALLBACK,), client_auth="client_secret_post", refreshes=True),
    RegisteredClient("public", "", (CALLBACK,), client_auth="none", refreshes=True),
    RegisteredClient("rsa", "", (CALLBACK,), client_auth="private_key_jwt", key=KEYS["rsa"], refreshes=True),
    RegisteredClient("ec", "", (CALLBACK,), client_auth="private_key_jwt", key=KEYS["ec"], refreshes=True),
]
CREDENTIALS: dict[str, dict[str, Any]] = {
    "post": {"client_auth": "client_secret_post", "client_secret": SECRET},
    "public": {"client_auth": "none"},
    "rsa": {"client_auth": "private_key_jwt", "private_key": KEYS["rsa"].as_pem(private=True).decode()},
    "ec": {"client_auth": "private_key_jwt", "private_key": KEYS["ec"].as_pem(private=True).decode()},
}
OFFLINE = {"scopes": ("openid", "email", "profile", "offline_access")}


@pytest.fixture(scope="module")
def server() -> Iterator[OidcServer]:
    with OidcServer(users=USERS, clients=CLIENTS, offline_only=True, address="127.0.0.7") as started:
        yield started


@asynccontextmanager
async def provider(server: OidcServer, client: str, **changes: Any) -> AsyncIterator[OidcProvider]:
    """Our side, as one of the clients."""
    known: dict[str, Any] = {"issuer": server.issuer, "client_id": client, "allow_private_network": True}
    oidc = OidcProvider("corp", OidcSettings(**(known | CREDENTIALS[client] | changes)))
    try:
        yield oidc
    finally:
        await oidc.close()


async def login(oidc: OidcProvider) -> LoginCompleted:
    async with browser() as client:
        begun = await oidc.begin(PARTY)
        landing = await sign_in(client, url_of(begun), "ada", until=CALLBACK)
    parameters = list(landing.fields.items()) if oidc.response_mode == "form_post" else landing.parameters
    return await oidc.complete(parameters, begun.transaction, PARTY)


@pytest.mark.parametrize("client", CREDENTIALS)
async def test_o11_a_login_and_a_refresh_prove_who_we_are(client: str, server: OidcServer) -> None:
    async with provider(server, client, prompt="consent", **OFFLINE) as oidc:
        first = await login(oidc)
        second = await oidc.refresh(first.memory, first.identity)
    assert second is not None
    assert second.identity == first.identity
    assert second.identity.groups == ("ops",)
    assert second.access_token not in ("", first.access_token)


async def test_o11_an_assertion_of_another_key_is_refused(server: OidcServer) -> None:
    other = fresh_key().as_pem(private=True).decode()
    async with provider(server, "rsa", private_key=other) as oidc:
        with pytest.raises(LoginError, match="invalid_client") as caught:
            await login(oidc)
    assert caught.value.reason == "provider_error"


@pytest.mark.parametrize("changes", [OFFLINE, {"prompt": "consent"}], ids=["no consent", "no offline_access"])
async def test_offline_access_without_consent_or_the_other_way_round_brings_no_refresh_token(
    changes: dict[str, Any], server: OidcServer
) -> None:
    async with provider(server, "post", **changes) as oidc:
        kept = read_memory((await login(oidc)).memory)
    assert kept is not None
    assert kept.refresh_token == ""


@pytest.mark.parametrize("client", ["post", "public"])
async def test_an_answer_by_form_post_completes_a_login(client: str, server: OidcServer) -> None:
    async with provider(server, client, response_mode="form_post") as oidc:
        assert (await login(oidc)).identity.subject == "ada"


@pytest.mark.parametrize("max_age", [timedelta(0), timedelta(hours=1)], ids=["anew", "an hour"])
async def test_c10_a_provider_that_is_sent_max_age_tells_when_the_person_signed_in(
    max_age: timedelta, server: OidcServer
) -> None:
    async with provider(server, "post", max_age=max_age) as oidc:
        assert (await login(oidc)).identity.subject == "ada"


async def test_a_parameter_of_the_operator_s_own_does_no_harm(server: OidcServer) -> None:
    async with provider(server, "post", authz_url_params={"audience": "a & b"}) as oidc:
        assert (await login(oidc)).identity.subject == "ada"
