"""Logins through npm's certified ``oidc-provider``, over loopback, with a headless walk of its pages."""

from collections.abc import AsyncIterator, Iterator

import pytest

from idp_adapters import (
    Identity,
    LoginError,
    OidcProvider,
    OidcSettings,
    Prompt,
    Provider,
    allowed,
    parse_rule,
)
from tests.support.oidc_login import CALLBACK, PARTY, url_of
from tests.support.oidc_provider import OidcServer, RegisteredClient, browser, sign_in

CLIENT = RegisteredClient("outer:ward +1", "se+cret /&%:", (CALLBACK,))
USERS = {
    "ada": {
        "email": "ada@example.com",
        "email_verified": True,
        "name": "Ada Lovelace",
        "preferred_username": "ada",
        "groups": ["ops", "a,b"],
    },
    "eve": {"email": "eve@example.com", "email_verified": False},
}


@pytest.fixture
def server() -> Iterator[OidcServer]:
    with OidcServer(users=USERS, clients=[CLIENT]) as started:
        yield started


@pytest.fixture
async def oidc(server: OidcServer) -> AsyncIterator[Provider]:
    provider = OidcProvider("corp", settings(server))
    yield provider
    await provider.close()


def settings(server: OidcServer) -> OidcSettings:
    return OidcSettings(
        issuer=server.issuer,
        client_id=CLIENT.client_id,
        client_secret=CLIENT.client_secret,
        allow_private_network=True,
    )


async def login(oidc: Provider, user: str, prompt: Prompt = "") -> Identity:
    begun = await oidc.begin(PARTY, prompt)
    async with browser() as client:
        landing = await sign_in(client, url_of(begun), user, until=CALLBACK)
    return (await oidc.complete(landing.parameters, begun.transaction, PARTY)).identity


async def test_a_login_completes_with_the_claims_of_userinfo(oidc: Provider, server: OidcServer) -> None:
    assert await login(oidc, "ada") == Identity(
        issuer=server.issuer,
        subject="ada",
        username="ada",
        name="Ada Lovelace",
        email="ada@example.com",
        email_verified=True,
        groups=("ops", "a,b"),
    )


async def test_a_login_completes_with_the_claims_in_the_id_token() -> None:
    with OidcServer(users=USERS, clients=[CLIENT], id_token_claims=True) as server:
        oidc = OidcProvider("corp", settings(server))
        identity = await login(oidc, "ada")
        await oidc.close()
    assert (identity.email, identity.email_verified, identity.groups) == (
        "ada@example.com",
        True,
        ("ops", "a,b"),
    )


async def test_rules_decide_over_who_came(oidc: Provider) -> None:
    rules = [parse_rule("@example.com")]
    assert allowed(rules, await login(oidc, "ada"))
    assert not allowed(rules, await login(oidc, "eve"))


@pytest.mark.parametrize("prompt", ["login", "select_account"])
async def test_somebody_else_signs_in_where_one_is_signed_in_already(prompt: Prompt, oidc: Provider) -> None:
    async with browser() as client:
        first = await oidc.begin(PARTY)
        await sign_in(client, url_of(first), "ada", until=CALLBACK)
        second = await oidc.begin(PARTY, prompt)
        landing = await sign_in(client, url_of(second), "eve", until=CALLBACK)
    assert (await oidc.complete(landing.parameters, second.transaction, PARTY)).identity.subject == "eve"


async def test_the_person_says_no(oidc: Provider) -> None:
    with pytest.raises(LoginError) as caught:
        await login(oidc, "")
    assert caught.value.reason == "denied"


async def test_a_code_is_worth_something_once(oidc: Provider) -> None:
    begun = await oidc.begin(PARTY)
    async with browser() as client:
        landing = await sign_in(client, url_of(begun), "ada", until=CALLBACK)
    await oidc.complete(landing.parameters, begun.transaction, PARTY)
    with pytest.raises(LoginError, match="invalid_grant"):
        await oidc.complete(landing.parameters, begun.transaction, PARTY)


async def test_a_wrong_secret_is_named_without_being_shown(server: OidcServer) -> None:
    wrong = OidcSettings(
        issuer=server.issuer, client_id=CLIENT.client_id, client_secret="wr0ng", allow_private_network=True
    )
    oidc = OidcProvider("corp", wrong)
    with pytest.raises(LoginError, match="invalid_client") as caught:
        await login(oidc, "ada")
    await oidc.close()
    assert caught.value.reason == "provider_error"
    assert "wr0ng" not in str(caught.value)


async def test_m15_a_provider_restarted_with_new_keys_signs_in_at_once(
    server: OidcServer, oidc: Provider
) -> None:
    await login(oidc, "ada")
    server.restart(new_keys=True)
    assert (await login(oidc, "ada")).subject == "ada"


async def test_m13_a_provider_that_is_down_is_unreachable_and_then_used_again(
    server: OidcServer, oidc: Provider
) -> None:
    server.stop()
    with pytest.raises(LoginError) as caught:
        await oidc.begin(PARTY)
    assert caught.value.reason == "provider_unreachable"
    server.restart()
    assert (await login(oidc, "ada")).subject == "ada"


async def test_m13_a_provider_that_goes_down_during_a_login_is_unreachable(
    server: OidcServer, oidc: Provider
) -> None:
    begun = await oidc.begin(PARTY)
    async with browser() as client:
        landing = await sign_in(client, url_of(begun), "ada", until=CALLBACK)
    server.stop()
    with pytest.raises(LoginError) as caught:
        await oidc.complete(landing.parameters, begun.transaction, PARTY)
    assert caught.value.reason == "provider_unreachable"


async def test_o12_without_permission_for_a_private_network_nothing_is_configured(server: OidcServer) -> None:
    with pytest.raises(ValueError, match="allow_private_network"):
        OidcSettings(issuer=server.issuer, client_id="a", client_secret="b")
