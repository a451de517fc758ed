"""Callbacks that are not the answer to the login: none of them sends a code anywhere."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from joserfc import jws

from idp_adapters import LoginError, LoginErrorReason
from tests.support.hostile_oidc import MISSING, HostileProvider, change, fresh_key
from tests.support.oidc_login import CALLBACK, PARTY, Login, opened, party_at, url_of

Parameters = list[tuple[str, str]]


@dataclass(frozen=True)
class Case:
    name: str
    edit: Callable[[Parameters], Parameters]
    reason: LoginErrorReason = "invalid_response"


def put(**values: str) -> Callable[[Parameters], Parameters]:
    return lambda given: [*((n, v) for n, v in given if n not in values), *values.items()]


def drop(*names: str) -> Callable[[Parameters], Parameters]:
    return lambda given: [(name, value) for name, value in given if name not in names]


def error(**values: str) -> Callable[[Parameters], Parameters]:
    return lambda given: put(**values)(drop("code")(given))


def twice(name: str) -> Callable[[Parameters], Parameters]:
    return lambda given: [*given, *((n, v) for n, v in given if n == name)]


CASES = [
    Case("OIDC-01 no state", drop("state")),
    Case("OIDC-02 another state", put(state="x" * 43)),
    Case("OIDC-02 an empty state", put(state="")),
    Case("a state with a lone surrogate", put(state="\ud800")),
    Case("C18 an error with another state", error(error="access_denied", state="x")),
    Case("C18 an error without a state", lambda _: [("error", "access_denied")]),
    Case("O4 OIDC-18 iss of another", put(iss="https://other.example")),
    Case("O4 OIDC-18 iss with a slash", lambda given: [*given[:2], ("iss", given[2][1] + "/")]),
    Case("O4 OIDC-18 iss missing though announced", drop("iss")),
    Case("O4 an error with iss of another", error(error="access_denied", iss="https://other.example")),
    Case("lesson 39 code twice", twice("code")),
    Case("lesson 39 another code", lambda given: [*given, ("code", "another")]),
    Case("lesson 39 state twice", twice("state")),
    Case("lesson 39 iss twice", twice("iss")),
    Case("lesson 39 error twice", lambda given: [*given, ("error", "a"), ("error", "b")]),
    Case("no code", drop("code")),
    Case("an empty code", put(code="")),
    Case("a code with a line break", put(code="a\nb")),
    Case("a code of 5 kB", put(code="a" * 5000)),
    Case("nothing", lambda _: []),
    Case("a signed response in the place of a code", lambda _: [("response", "e30.e30.e30")]),
    Case("a response twice", lambda given: [*given, ("response", "a"), ("response", "b")]),
    Case("the person said no", error(error="access_denied"), "denied"),
    Case("another error", error(error="login_required"), "provider_error"),
    Case("an error beside a code", put(error="server_error"), "provider_error"),
    Case("an empty error", put(error=""), "provider_error"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_wrong_callback_sends_no_code(case: Case, login: Login) -> None:
    login.hostile.lies.callback = case.edit
    assert (await login.refused()).reason == case.reason
    assert login.hostile.hits["/token"] == 0


async def test_oidc_24_a_huge_hostile_error_is_cut_and_escaped(login: Login) -> None:
    login.hostile.lies.callback = error(error="<script>\r\n", error_description="\x1b[31m" + "a" * 100_000)
    refusal = await login.refused()
    assert refusal.reason == "provider_error"
    assert len(str(refusal)) < 250
    assert refusal.detail.isprintable()


async def test_o1_oidc_25_tokens_in_the_front_channel_are_not_looked_at(login: Login) -> None:
    forged = jws.serialize_compact({"alg": "RS256"}, "{}", fresh_key())
    login.hostile.lies.callback = put(id_token=forged, access_token="evil", response=forged)
    assert (await login.run()).subject == "ada"


async def test_o1_oidc_25_a_front_channel_token_stands_for_no_code(login: Login) -> None:
    login.hostile.lies.callback = lambda given: put(id_token="x.y.z")(drop("code")(given))
    assert (await login.refused()).reason == "invalid_response"
    assert login.hostile.hits["/token"] == 0


async def test_parameters_without_a_meaning_may_come_twice(login: Login) -> None:
    login.hostile.lies.callback = lambda given: [*given, ("foo", "1"), ("foo", "2")]
    assert (await login.run()).subject == "ada"


async def test_o4_iss_may_be_missing_where_it_is_not_announced(hostile: HostileProvider) -> None:
    hostile.lies.metadata = change(authorization_response_iss_parameter_supported=MISSING)
    hostile.lies.callback = drop("iss")
    async with opened(hostile) as login:
        assert (await login.run()).subject == "ada"


async def test_o4_iss_of_another_is_refused_where_none_is_announced(hostile: HostileProvider) -> None:
    hostile.lies.metadata = change(authorization_response_iss_parameter_supported=MISSING)
    hostile.lies.callback = put(iss="https://other.example")
    async with opened(hostile) as login:
        assert (await login.refused()).reason == "invalid_response"
    assert hostile.hits["/token"] == 0


async def test_o2_each_login_has_secrets_of_its_own(login: Login) -> None:
    first, second = await login.begin(), await login.begin()
    assert first.state != second.state
    assert first.transaction != second.transaction
    assert first.state not in repr(first)


async def test_oidc_04_two_logins_at_once_complete_in_any_order(login: Login) -> None:
    first, second = await login.begin(), await login.begin()
    assert (await login.complete(second)).subject == "ada"
    assert (await login.complete(first)).subject == "ada"


async def test_o3_an_answer_completes_no_other_login(login: Login) -> None:
    first, second = await login.begin(), await login.begin()
    with pytest.raises(LoginError, match="invalid_response"):
        await login.oidc.complete(login.hostile.authorize(url_of(first)), second.transaction, PARTY)
    assert login.hostile.hits["/token"] == 0


async def test_o2_lesson_28_a_code_goes_with_the_verifier_of_its_login(login: Login) -> None:
    """The provider checks PKCE: one login's code with another's state is worth nothing at its endpoint."""
    first, second = await login.begin(), await login.begin()
    stolen = login.hostile.authorize(url_of(first))[0]
    parameters = [stolen, *login.hostile.authorize(url_of(second))[1:]]
    with pytest.raises(LoginError, match="invalid_grant") as caught:
        await login.oidc.complete(parameters, second.transaction, PARTY)
    assert caught.value.reason == "provider_error"


async def test_o4_an_answer_at_another_redirect_uri_is_refused(login: Login) -> None:
    begun = await login.begin()
    elsewhere = CALLBACK.replace("app", "other")
    answer = login.hostile.authorize(url_of(begun))
    with pytest.raises(LoginError, match="invalid_response"):
        await login.oidc.complete(answer, begun.transaction, party_at(elsewhere))
    assert login.hostile.hits["/token"] == 0


async def test_o4_lesson_63_a_login_begun_with_one_provider_is_not_completed_by_another(login: Login) -> None:
    async with HostileProvider.running() as elsewhere, opened(elsewhere) as other:
        begun = await login.begin()
        with pytest.raises(LoginError, match="another provider"):
            await other.oidc.complete(login.hostile.authorize(url_of(begun)), begun.transaction, PARTY)
        assert elsewhere.hits["/token"] == 0


@pytest.mark.parametrize("payload", [b"", b"\xc0", b"\x80", b"A1 not a login", b"\xff" * 1000])
async def test_a_transaction_of_another_form_is_refused(payload: bytes, login: Login) -> None:
    begun = await login.begin()
    with pytest.raises(LoginError, match="invalid_response"):
        await login.oidc.complete(login.hostile.authorize(url_of(begun)), payload, PARTY)
