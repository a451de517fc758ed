"""What the demo's OpenID provider takes for a logout request."""

from collections.abc import Mapping

import pytest

from outerward.demo.authorization import Client, NoRedirectError
from outerward.demo.end_session import read_end_session

BACK = "http://app.localhost:2/.outerward/signed-out"
CLIENT = Client(
    id="demo", secret="s", name="the demo", redirect_uris=frozenset(), signed_out_uris=frozenset({BACK})
)
TOKENS = {"ours": {"aud": "demo", "sid": "one"}, "another's": {"aud": "other", "sid": "two"}}


def claims_of(token: str) -> Mapping[str, object] | None:
    return TOKENS.get(token)


def test_a_good_request_is_read_whole() -> None:
    pairs = [("id_token_hint", "ours"), ("post_logout_redirect_uri", BACK), ("state", "a b")]
    request = read_end_session(pairs, CLIENT, claims_of)
    assert request.session_id == "one"
    assert request.url == f"{BACK}?state=a+b"
    assert request.origins == ["http://app.localhost:2"]


def test_without_anything_it_leads_nowhere() -> None:
    request = read_end_session([], CLIENT, claims_of)
    assert (request.session_id, request.url, request.origins) == ("", "", [])


@pytest.mark.parametrize(
    "pairs",
    [
        [("id_token_hint", "another's")],
        [("id_token_hint", "made up")],
        [("id_token_hint", "ours"), ("client_id", "other")],
        [("client_id", "demo"), ("post_logout_redirect_uri", BACK + "?x")],
        [("post_logout_redirect_uri", BACK)],
        [("client_id", "demo"), ("client_id", "demo")],
    ],
    ids=["another's hint", "no token", "another client", "not registered", "nobody's", "doubled"],
)
def test_what_no_known_client_asks_for_is_refused(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(NoRedirectError):
        read_end_session(pairs, CLIENT, claims_of)
