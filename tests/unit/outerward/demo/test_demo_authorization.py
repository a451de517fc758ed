"""What the demo's provider takes for an authorization request, and how it refuses the rest."""

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outerward.demo.authorization import Client, NoRedirectError, RefusedError, read
from outerward.demo.handles import Handles

ISSUER = "http://localhost:1"
CALLBACK = "http://app.localhost:2/.outerward/callback/demo"
CLIENT = Client(id="demo", secret="s", name="the demo", redirect_uris=frozenset({CALLBACK}))
GOOD = {
    "client_id": "demo",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid email",
    "state": "a state",
    "nonce": "a nonce",
    "code_challenge": "x" * 43,
    "code_challenge_method": "S256",
}


def test_a_good_request_is_read_whole() -> None:
    authorization = read([*GOOD.items(), ("prompt", "login"), ("max_age", "60")], CLIENT, ISSUER)
    assert authorization.redirect_uri == CALLBACK
    assert authorization.scopes == {"openid", "email"}
    assert authorization.prompts == {"login"}
    assert authorization.max_age_s == 60
    assert authorization.origin == "http://app.localhost:2"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"scope": "email"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": "x" * 42}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "\u0661"}, "invalid_request"),
        ({"request": "ey"}, "request_not_supported"),
        ({"request_uri": "https://a"}, "request_uri_not_supported"),
    ],
)
def test_a_request_that_will_not_do_is_sent_back_with_its_error(change: dict[str, str], error: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read(list((GOOD | change).items()), CLIENT, ISSUER)
    answer = parse_qs(urlsplit(refused.value.url).query)
    assert answer == {"error": [error], "state": ["a state"], "iss": [ISSUER]}


@pytest.mark.parametrize(
    "change", [{"client_id": "other"}, {"redirect_uri": CALLBACK + "/x"}, {"redirect_uri": ""}]
)
def test_an_unknown_client_or_address_is_sent_nowhere(change: dict[str, str]) -> None:
    with pytest.raises(NoRedirectError):
        read(list((GOOD | change).items()), CLIENT, ISSUER)


def test_a_doubled_parameter_is_refused_and_a_doubled_state_not_sent_back() -> None:
    with pytest.raises(RefusedError) as refused:
        read([*GOOD.items(), ("state", "another")], CLIENT, ISSUER)
    assert parse_qs(urlsplit(refused.value.url).query) == {"error": ["invalid_request"], "iss": [ISSUER]}


@given(st.lists(st.tuples(st.sampled_from(sorted(GOOD)), st.text(max_size=50)), max_size=12))
def test_any_parameters_are_read_or_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises((NoRedirectError, RefusedError)):
        read(pairs, CLIENT, ISSUER)


def test_a_handle_runs_out_and_is_taken_once() -> None:
    now = [0.0]
    handles: Handles[str] = Handles(10, lambda: now[0])
    name = handles.put("value")
    assert handles.get(name) == "value"
    assert handles.take(name) == "value"
    assert handles.take(name) is None
    name = handles.put("value")
    now[0] = 10.0
    assert handles.get(name) is None


def test_handles_are_bounded() -> None:
    handles: Handles[int] = Handles(10, lambda: 0.0)
    first = handles.put(0)
    for number in range(1000):
        handles.put(number)
    assert handles.get(first) is None
