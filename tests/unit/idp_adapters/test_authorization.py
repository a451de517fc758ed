"""The authorization request, and what is remembered until its answer."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from hypothesis import given
from hypothesis import strategies as st

from idp_adapters import LoginError, OidcSettings, Prompt
from idp_adapters.oidc.authorization import LoginTransaction, begin_login, read_transaction
from idp_adapters.oidc.callback import PROTOCOL_PARAMETERS, read_callback
from idp_adapters.oidc.metadata import Metadata
from idp_adapters.oidc.quirks import STANDARD, Quirks
from tests.support.oidc_login import url_of

NOW = 1_800_000_000.0
CALLBACK = "https://app.example.com/.outerward/callback/corp"
BASICS: dict[str, Any] = {"issuer": "https://id.example.com", "client_id": "us & co", "client_secret": "s"}
SETTINGS = OidcSettings(**BASICS)
METADATA = Metadata(
    issuer="https://id.example.com",
    authorization_endpoint="https://id.example.com/authorize?tenant=a%20b",
    token_endpoint="https://id.example.com/token",
    jwks_uri="https://id.example.com/keys",
    end_session_endpoint="",
    userinfo_endpoint="",
    announces_issuer=True,
    prompts=None,
)


def counted() -> Callable[[int], bytes]:
    count = 0

    def random_bytes(size: int) -> bytes:
        nonlocal count
        count += 1
        return bytes([count]) * size

    return random_bytes


def test_the_request_holds_what_the_standards_ask_for_and_nothing_else() -> None:
    begun = begin_login(SETTINGS, METADATA, CALLBACK, "", counted(), now=NOW)
    transaction = read_transaction(begun.transaction, SETTINGS, CALLBACK)
    assert url_of(begun).startswith("https://id.example.com/authorize?")
    assert parse_qsl(urlsplit(url_of(begun)).query, strict_parsing=True) == [
        ("tenant", "a b"),
        ("response_type", "code"),
        ("client_id", "us & co"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email profile"),
        ("state", begun.state),
        ("nonce", transaction.nonce),
        ("code_challenge", create_s256_code_challenge(transaction.verifier)),
        ("code_challenge_method", "S256"),
    ]


def test_o2_o3_state_nonce_and_verifier_are_256_bits_each_and_differ() -> None:
    begun = begin_login(SETTINGS, METADATA, CALLBACK, "", counted(), now=NOW)
    transaction = read_transaction(begun.transaction, SETTINGS, CALLBACK)
    secrets = {transaction.state, transaction.nonce, transaction.verifier}
    assert len(secrets) == 3
    assert {len(secret) for secret in secrets} == {43}


@pytest.mark.parametrize(
    ("prompt", "offered", "sent"),
    [
        ("", None, None),
        ("login", None, "login"),
        ("select_account", None, "select_account"),
        ("select_account", ("login", "select_account"), "select_account"),
        ("select_account", ("login", "consent"), "login"),
        ("login", ("none",), "login"),
    ],
)
def test_a_prompt_is_sent_as_the_provider_knows_it(
    prompt: Prompt, offered: tuple[str, ...] | None, sent: str | None
) -> None:
    metadata = msgspec.structs.replace(METADATA, prompts=offered)
    begun = begin_login(SETTINGS, metadata, CALLBACK, prompt, counted(), now=NOW)
    assert dict(parse_qsl(urlsplit(url_of(begun)).query)).get("prompt") == sent


def sent(own: Prompt = "", quirks: Quirks = STANDARD, **changes: Any) -> dict[str, str]:
    """The parameters of a request, each of them once."""
    settings = OidcSettings(**(BASICS | changes))
    begun = begin_login(settings, METADATA, CALLBACK, own, counted(), now=NOW, quirks=quirks)
    parameters = parse_qsl(urlsplit(url_of(begun)).query, strict_parsing=True)
    assert len(dict(parameters)) == len(parameters)
    return dict(parameters)


@pytest.mark.parametrize(
    ("prompt", "configured", "expected"),
    [
        ("", "consent", "consent"),
        ("login", "consent", "login consent"),
        ("select_account", "consent", "select_account consent"),
        ("login", "login", "login"),
        ("login", "consent login", "login consent"),
        ("select_account", "login", "select_account login"),
        ("", "", None),
    ],
)
def test_a_login_s_own_prompt_goes_with_the_configured_ones(
    prompt: Prompt, configured: str, expected: str | None
) -> None:
    assert sent(prompt, prompt=configured).get("prompt") == expected


def test_what_an_operator_wants_of_each_login_is_asked_for() -> None:
    parameters = sent(
        response_mode="form_post",
        acr_values=("gold", "silver"),
        max_age=timedelta(minutes=5),
        authz_url_params={"audience": "a & b", "hd": "example.com"},
    )
    wanted = ("response_mode", "acr_values", "max_age", "audience", "hd")
    assert [parameters[name] for name in wanted] == [
        "form_post",
        "gold silver",
        "300",
        "a & b",
        "example.com",
    ]


def test_a_max_age_of_nothing_is_sent_as_zero() -> None:
    assert sent(max_age=timedelta(0))["max_age"] == "0"


def test_a_preset_s_parameters_go_along_and_the_operator_s_win() -> None:
    quirks = Quirks(request_parameters=(("claims", "{}"), ("hd", "a")))
    parameters = sent(quirks=quirks, authz_url_params={"hd": "b"})
    assert (parameters["claims"], parameters["hd"]) == ("{}", "b")


def test_a_preset_knows_the_nearest_prompt() -> None:
    assert sent("login", Quirks(prompts=(("login", "select_account"),)))["prompt"] == "select_account"
    assert sent("login", Quirks(prompts=(("select_account", "login"),)))["prompt"] == "login"


def test_o2_only_a_preset_without_pkce_is_sent_no_challenge() -> None:
    assert sent()["code_challenge_method"] == "S256"
    assert not {"code_challenge", "code_challenge_method"} & sent(quirks=Quirks(omits_pkce=True)).keys()


def test_when_a_login_was_begun_is_remembered() -> None:
    begun = begin_login(SETTINGS, METADATA, CALLBACK, "", counted(), now=NOW)
    assert read_transaction(begun.transaction, SETTINGS, CALLBACK).begun_at == NOW


def test_a_transaction_belongs_to_one_issuer_and_one_redirect_uri() -> None:
    begun = begin_login(SETTINGS, METADATA, CALLBACK, "", counted(), now=NOW)
    other = msgspec.structs.replace(SETTINGS, issuer="https://other.example.com")
    for settings, redirect_uri in ((other, CALLBACK), (SETTINGS, CALLBACK + "/")):
        with pytest.raises(LoginError, match="invalid_response"):
            read_transaction(begun.transaction, settings, redirect_uri)


@given(st.binary())
def test_bytes_that_are_no_transaction_are_refused(payload: bytes) -> None:
    with pytest.raises(LoginError, match="invalid_response"):
        read_transaction(payload, SETTINGS, CALLBACK)


def test_a_record_of_another_kind_is_no_transaction() -> None:
    record = {
        "type": "other",
        "state": "a",
        "nonce": "b",
        "verifier": "c",
        "issuer": "d",
        "redirect_uri": "e",
    }
    with pytest.raises(LoginError, match="invalid_response"):
        read_transaction(msgspec.msgpack.encode(record), SETTINGS, CALLBACK)


def test_nothing_secret_shows_itself() -> None:
    begun = begin_login(SETTINGS, METADATA, CALLBACK, "", counted(), now=NOW)
    transaction = read_transaction(begun.transaction, SETTINGS, CALLBACK)
    for value in (begun, transaction, SETTINGS):
        assert begun.state not in repr(value)
        assert transaction.verifier not in repr(value)
        assert "us & co" not in repr(value)


TRANSACTION = LoginTransaction(
    state="the-state", nonce="n", verifier="v", issuer="https://id.example.com", redirect_uri=CALLBACK
)
NAMES = st.sampled_from(sorted(PROTOCOL_PARAMETERS)) | st.text()
VALUES = st.sampled_from(["the-state", "https://id.example.com", "access_denied", "a-code", ""]) | st.text()


@given(st.lists(st.tuples(NAMES, VALUES), max_size=8), st.booleans())
def test_any_callback_is_a_code_of_this_login_or_is_refused(
    parameters: list[tuple[str, str]], announces_issuer: bool
) -> None:
    try:
        code = read_callback(parameters, TRANSACTION, announces_issuer=announces_issuer)
    except LoginError:
        return
    known = [name for name, _ in parameters if name in PROTOCOL_PARAMETERS]
    values = dict(parameters)
    assert len(known) == len(set(known))
    assert (values["state"], values["code"]) == ("the-state", code)
    assert values.get("iss", TRANSACTION.issuer) == TRANSACTION.issuer
    assert "iss" in values or not announces_issuer
    assert "error" not in values


@given(st.sampled_from(sorted(PROTOCOL_PARAMETERS)), st.text(), st.permutations(range(5)))
def test_lesson_39_any_protocol_parameter_twice_is_refused_in_any_order(
    name: str, value: str, order: list[int]
) -> None:
    good = [("state", "the-state"), ("code", "c"), ("iss", TRANSACTION.issuer)]
    parameters = [*good, (name, value), (name, value)]
    with pytest.raises(LoginError, match="more than once"):
        read_callback([parameters[index] for index in order], TRANSACTION, announces_issuer=True)
