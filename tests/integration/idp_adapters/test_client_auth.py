"""O11: each way of proving who we are, at logins and refreshes, against a provider that takes it alone."""

from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from idp_adapters import LoginError
from tests.support.hostile_oidc import HostileProvider, change, fresh_key
from tests.support.oidc_login import Login, opened, url_of

WAYS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
KEYS: dict[str, Callable[[], RSAKey | ECKey]] = {
    "RSA": fresh_key,
    "P-256": lambda: ECKey.generate_key("P-256", private=True),
    "P-384": lambda: ECKey.generate_key("P-384", private=True),
}
METHODS = "token_endpoint_auth_methods_supported"


def take(hostile: HostileProvider, way: str, key: RSAKey | ECKey | None = None) -> None:
    hostile.client.client_auth = way
    hostile.client.key = (key or fresh_key()) if way == "private_key_jwt" else None


async def log_in_and_refresh(login: Login) -> None:
    first = await login.completed()
    second = await login.oidc.refresh(first.memory, first.identity)
    assert second is not None
    assert second.identity == first.identity


@pytest.mark.parametrize("way", WAYS)
async def test_a_login_and_a_refresh_prove_who_we_are(way: str, hostile: HostileProvider) -> None:
    take(hostile, way)
    hostile.refresh_tokens.given = True
    hostile.lies.metadata = change(**{METHODS: [way]})
    async with opened(hostile) as login:
        await log_in_and_refresh(login)


@pytest.mark.parametrize("kind", KEYS)
async def test_an_assertion_is_good_by_each_kind_of_key(kind: str, hostile: HostileProvider) -> None:
    take(hostile, "private_key_jwt", KEYS[kind]())
    hostile.refresh_tokens.given = True
    async with opened(hostile) as login:
        await log_in_and_refresh(login)
    assert len({claims["jti"] for claims in hostile.client.assertions}) == 2


@pytest.mark.parametrize("way", WAYS)
async def test_no_other_way_is_tried(way: str, hostile: HostileProvider) -> None:
    take(hostile, way)
    settings = hostile.settings()
    for other in set(WAYS) - {way}:
        take(hostile, other)
        given = {name: getattr(settings, name) for name in ("client_auth", "client_secret", "private_key")}
        async with opened(hostile, given) as login:
            error = await login.refused()
        assert (error.reason, "invalid_client" in error.detail) == ("provider_error", True)


async def test_another_key_than_the_registered_one_is_refused_without_a_word_of_it(
    hostile: HostileProvider,
) -> None:
    take(hostile, "private_key_jwt")
    async with opened(hostile) as login:
        hostile.client.key = fresh_key()
        error = await login.refused()
    assert error.reason == "provider_error"
    assert "invalid_client" in error.detail
    assert not any(word in f"{error!r}{login.oidc!r}" for word in ("eyJ", "PRIVATE"))


@pytest.mark.parametrize(
    "changes",
    [{"client_secret": "wrong"}, {"client_id": "another"}],
    ids=["secret", "id"],
)
@pytest.mark.parametrize("way", ["client_secret_basic", "client_secret_post"])
async def test_wrong_credentials_are_an_error_that_does_not_show_them(
    way: str, changes: dict[str, Any], hostile: HostileProvider
) -> None:
    take(hostile, way)
    async with opened(hostile, changes) as login:
        error = await login.refused()
    assert error.reason == "provider_error"
    assert not any(value in str(error) for value in (*changes.values(), hostile.client_secret))


async def test_a_way_that_the_provider_does_not_offer_is_told_before_anybody_signs_in(
    hostile: HostileProvider,
) -> None:
    hostile.lies.metadata = change(**{METHODS: ["private_key_jwt"]})
    async with opened(hostile) as login:
        error = await login.refused()
    assert error.reason == "provider_misconfigured"
    assert error.detail == f"{METHODS} has none of client_secret_basic"
    assert hostile.codes_sent == []


async def test_o2_a_public_client_s_code_is_worth_nothing_without_its_verifier(
    hostile: HostileProvider,
) -> None:
    take(hostile, "none")
    async with opened(hostile) as login:
        first, second = await login.begin(), await login.begin()
        answer = hostile.authorize(url_of(first))
        stolen = [(name, second.state if name == "state" else value) for name, value in answer]
        hostile.lies.callback = lambda _: stolen
        with pytest.raises(LoginError, match="invalid_grant"):
            await login.complete(second)
