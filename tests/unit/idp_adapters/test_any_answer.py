"""Whatever a provider answers, it is read or refused; nothing else comes of it."""

import contextlib
import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from idp_adapters import LoginError, OidcSettings
from idp_adapters.oidc.issuer import Issuers
from idp_adapters.oidc.keys import keys_fresh_s, read_keys
from idp_adapters.oidc.metadata import read_metadata
from idp_adapters.oidc.overage import read_page
from idp_adapters.oidc.person import groups_are_elsewhere, identity_of, told_by_userinfo
from idp_adapters.oidc.quirks import Quirks
from idp_adapters.oidc.tokens import read_tokens
from idp_adapters.oidc.userinfo import read_userinfo
from idp_adapters.transport import Answer

SETTINGS = OidcSettings(issuer="https://id.example.com", client_id="us", client_secret="s")
BY_PATH = msgspec.structs.replace(SETTINGS, groups_claim="realm_access.roles", username_claim="a.b")
TENANTS = Quirks(tenant_claim="tid")
METADATA: dict[str, Any] = {
    "issuer": "https://id.example.com",
    "authorization_endpoint": "https://id.example.com/authorize",
    "token_endpoint": "https://id.example.com/token",
    "jwks_uri": "https://id.example.com/keys",
    "userinfo_endpoint": "https://id.example.com/userinfo",
    "response_types_supported": ["code"],
    "code_challenge_methods_supported": ["S256"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "prompt_values_supported": ["login"],
    "response_modes_supported": ["query", "form_post"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic"],
}
CLAIMS: dict[str, Any] = {
    "sub": "ada",
    "email": "ada@example.com",
    "email_verified": True,
    "name": "Ada",
    "preferred_username": "ada",
    "groups": ["ops"],
    "sid": "s1",
    "realm_access": {"roles": ["ops"]},
    "_claim_names": {"groups": "src1"},
    "hasgroups": True,
    "tid": "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.text().map("https://{}".format),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
BODIES = st.binary() | JSON.map(lambda value: json.dumps(value).encode())
ANSWERS = st.builds(
    Answer,
    st.sampled_from([200, 200, 200, 204, 400, 500]),
    st.dictionaries(st.sampled_from(["content-type", "cache-control"]), st.text()),
    BODIES,
)


def changed(members: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(sorted(members)), JSON, max_size=2).map(lambda new: members | new)


@given(ANSWERS)
def test_any_answer_is_read_or_refused(answer: Answer) -> None:
    assert keys_fresh_s(answer) > 0
    for read in (
        lambda: read_metadata(answer, SETTINGS),
        lambda: read_keys(answer),
        lambda: read_tokens(answer),
        lambda: read_userinfo(answer, "ada"),
        lambda: read_page(answer, "https://graph.example.com/groups"),
    ):
        with contextlib.suppress(LoginError):
            read()


@given(changed(METADATA))
def test_metadata_with_anything_in_them_are_read_or_refused(document: dict[str, Any]) -> None:
    with contextlib.suppress(LoginError):
        read_metadata(Answer(200, {}, json.dumps(document).encode()), SETTINGS)


@given(changed(CLAIMS), changed(CLAIMS))
def test_claims_with_anything_in_them_are_an_identity_or_are_refused(
    id_token: dict[str, Any], userinfo: dict[str, Any]
) -> None:
    for settings in (SETTINGS, BY_PATH):
        groups_are_elsewhere(id_token, userinfo, settings)
        told_by_userinfo(id_token, userinfo, settings)
        with contextlib.suppress(LoginError):
            assert all(map(str.strip, identity_of(id_token, userinfo, settings).groups))
    with contextlib.suppress(LoginError):
        Issuers("https://id.example.com", "https://id.example.com/{tenantid}", TENANTS).expected(id_token)
    try:
        identity = identity_of(id_token | {"sub": "ada"}, userinfo, SETTINGS)
    except LoginError:
        return
    assert (identity.issuer, identity.subject) == (SETTINGS.issuer, "ada")
    for text in (identity.username, identity.email, identity.name, identity.session_id, *identity.groups):
        assert isinstance(text, str)
        assert "\n" not in text
    assert not identity.email_verified or identity.email
