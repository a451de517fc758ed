"""What a provider answers beside the ID token: metadata, tokens, userinfo, and answers that are none."""

import json
import logging

import pytest
from aiohttp import web
from joserfc import jws
from structlog.testing import capture_logs

from idp_adapters import Identity, LoginErrorReason
from tests.support.hostile_oidc import MISSING, Handler, HostileProvider, Members, change, fresh_key
from tests.support.oidc_login import Case, Login, answer, claims, keys, lies, metadata, opened, user

WELL_KNOWN = "/.well-known/openid-configuration"


async def test_the_untouched_answers_complete_a_login(login: Login) -> None:
    assert await login.run() == Identity(
        issuer=login.hostile.issuer,
        subject="ada",
        username="ada",
        name="Ada Lovelace",
        email="ada@example.com",
        email_verified=True,
        groups=("ops",),
    )
    assert login.hostile.codes_sent == ["code-0"]


METADATA = [
    Case("C15 OIDC-21 issuer of another", metadata(issuer="https://other.example")),
    Case("C15 issuer with a slash", lies(metadata=lambda m: m | {"issuer": m["issuer"] + "/"})),
    Case("C15 issuer missing", metadata(issuer=MISSING)),
    Case("OIDC-21 token endpoint on http", metadata(token_endpoint="http://idp.example/t")),
    Case("OIDC-21 token endpoint on a private address", metadata(token_endpoint="https://10.0.0.1/t")),
    Case("OIDC-21 jwks_uri on http", metadata(jwks_uri="http://idp.example/k")),
    Case("OIDC-21 jwks_uri on a private address", metadata(jwks_uri="https://[fd00::1]/k")),
    Case("OIDC-21 jwks_uri on another loopback address", metadata(jwks_uri="http://127.0.0.2/k")),
    Case("jwks_uri a file", metadata(jwks_uri="file:///etc/passwd")),
    Case("jwks_uri missing", metadata(jwks_uri=MISSING)),
    Case("userinfo on a link-local address", metadata(userinfo_endpoint="https://169.254.169.254/")),
    Case("userinfo a number", metadata(userinfo_endpoint=7)),
    Case("authorization endpoint a script", metadata(authorization_endpoint="javascript:alert(1)")),
    Case("authorization endpoint missing", metadata(authorization_endpoint=MISSING)),
    Case("O1 no code flow", metadata(response_types_supported=["id_token"])),
    Case("O2 PKCE plain only", metadata(code_challenge_methods_supported=["plain"])),
    Case("O2 PKCE methods empty", metadata(code_challenge_methods_supported=[])),
    Case("O2 PKCE methods a string", metadata(code_challenge_methods_supported="S256")),
    Case("O2 PKCE methods a number", metadata(code_challenge_methods_supported=7)),
    Case("O2 PKCE methods an object", metadata(code_challenge_methods_supported={"S256": True})),
    Case("C5 none of our algorithms", metadata(id_token_signing_alg_values_supported=["HS256"])),
    Case("C17 no key at all", keys(lambda _: [])),
    Case("C17 keys of junk", keys(lambda _: [None, 7, "x", {}, {"kty": "RSA"}, {"kty": ["RSA"]}])),
    Case("a key set without a list", lies(key_set=lambda _: {"keys": {}})),
]


@pytest.mark.parametrize("case", METADATA, ids=lambda case: case.name)
async def test_metadata_that_cannot_be_used_is_misconfigured(case: Case, login: Login) -> None:
    case.prepare(login.hostile)
    assert (await login.refused()).reason == "provider_misconfigured"


ANSWERS = [
    Case("no ID token", lies(tokens=change(id_token=MISSING)), "provider_error"),
    Case("ID token null", lies(tokens=change(id_token=None)), "provider_error"),
    Case("no access token", lies(tokens=change(access_token=MISSING)), "provider_error"),
    Case("a line break in it", lies(tokens=change(access_token="a\r\nX-Evil: 1")), "provider_error"),
    Case("token type MAC", lies(tokens=change(token_type="mac")), "provider_error"),
    Case("token type missing", lies(tokens=change(token_type=MISSING)), "provider_error"),
    Case("C12 OIDC-17 userinfo of another", lies(userinfo=change(sub="root")), "invalid_token"),
    Case("C12 userinfo without a subject", lies(userinfo=change(sub=MISSING)), "invalid_token"),
    Case("a line break in the name", user(name="Ada\r\nX-Evil: 1"), "invalid_claims"),
    Case("a NUL in the e-mail", user(email="a\x00@example.com"), "invalid_claims"),
    Case("an escape in the username", user(preferred_username="a\x1bb"), "invalid_claims"),
    Case("a C1 control in the subject", user(sub="a\x85b"), "invalid_claims"),
    Case("a line separator in the name", user(name="a\u2028b"), "invalid_claims"),
    Case("a line break in sid", claims(sid="a\nb"), "invalid_claims"),
    Case("a blank at the subject's edge", user(sub="ada "), "invalid_claims"),
    Case("a blank at the e-mail's edge", user(email=" ada@example.com"), "invalid_claims"),
    Case("a blank at the username's edge", user(preferred_username="root\u00a0"), "invalid_claims"),
    Case("several e-mails", user(email=["a@example.com", "b@example.com"]), "invalid_claims"),
    Case("a username that is a number", user(preferred_username=7), "invalid_claims"),
    Case("a name of 10,000 characters", user(name="a" * 10_000), "invalid_claims"),
    Case("501 groups", user(groups=[f"g{n}" for n in range(501)]), "invalid_claims"),
    Case("token type in another case", lies(tokens=change(token_type="bearer"))),
    Case("no list of PKCE methods (Entra)", metadata(code_challenge_methods_supported=MISSING)),
    Case("no userinfo endpoint", metadata(userinfo_endpoint=MISSING)),
    Case("claims that are null", user(name=None, email=None, preferred_username=None, groups=None)),
]


@pytest.mark.parametrize("case", ANSWERS, ids=lambda case: case.name)
async def test_tokens_and_claims(case: Case, login: Login) -> None:
    case.prepare(login.hostile)
    if case.reason is None:
        assert (await login.run()).subject == "ada"
    else:
        assert (await login.refused()).reason == case.reason


async def test_the_id_token_wins_and_userinfo_fills_gaps(login: Login) -> None:
    login.hostile.lies.claims = change(name="By token", groups=["a"], sid="s1")
    login.hostile.user |= {"name": "By userinfo", "groups": ["b"], "sid": "s2", "iss": "https://evil.example"}
    identity = await login.run()
    assert (identity.name, identity.groups, identity.session_id) == ("By token", ("a",), "s1")
    assert (identity.username, identity.issuer) == ("ada", login.hostile.issuer)


async def test_email_verified_counts_only_from_where_the_email_came(login: Login) -> None:
    login.hostile.lies.claims = change(email="root@example.com")
    identity = await login.run()
    assert (identity.email, identity.email_verified) == ("root@example.com", False)


async def test_email_verified_of_the_id_token_says_nothing_of_userinfo_s_email(login: Login) -> None:
    login.hostile.lies.claims = change(email_verified=True)
    del login.hostile.user["email_verified"]
    assert not (await login.run()).email_verified


@pytest.mark.parametrize(
    ("claim", "setting", "verified"),
    [
        (True, "required", True),
        (False, "required", False),
        ("true", "required", False),
        ("false", "required", False),
        (1, "required", False),
        (None, "required", False),
        (MISSING, "required", False),
        (MISSING, "assume", True),
        (None, "assume", True),
        (False, "assume", False),
        ("false", "assume", False),
    ],
)
async def test_oidc_27_only_the_json_true_verifies_an_email(
    claim: object, setting: str, verified: bool, hostile: HostileProvider
) -> None:
    user(email_verified=claim)(hostile)
    async with opened(hostile, {"email_verified": setting}) as login:
        assert (await login.run()).email_verified is verified


async def test_no_email_is_not_a_verified_one(hostile: HostileProvider) -> None:
    user(email=MISSING)(hostile)
    async with opened(hostile, {"email_verified": "assume"}) as login:
        assert not (await login.run()).email_verified


async def test_groups_and_username_come_from_the_claims_that_are_configured(hostile: HostileProvider) -> None:
    hostile.user |= {"roles": "one, two", "upn": "ada@corp"}
    async with opened(hostile, {"groups_claim": "roles", "username_claim": "upn"}) as login:
        identity = await login.run()
    assert (identity.groups, identity.username) == (("one, two",), "ada@corp")


async def test_bad_groups_are_dropped_with_a_warning_that_quotes_none(login: Login) -> None:
    login.hostile.user["groups"] = ["ops", " edge", "a\nb", 7, "", "x" * 257, "a,b", "ops"]
    with capture_logs() as logged:
        identity = await login.run()
    assert identity.groups == ("ops", "a,b")
    assert logged == [
        {"event": "groups_dropped", "log_level": "warning", "issuer": login.hostile.issuer, "count": 5}
    ]


@pytest.mark.parametrize("signer", ["the provider", "another key", "nobody"])
async def test_oidc_17_userinfo_as_a_token_is_refused_whoever_signed_it(signer: str, login: Login) -> None:
    key = fresh_key() if signer == "another key" else login.hostile.key
    token = jws.serialize_compact({"alg": "RS256"}, json.dumps(login.hostile.user), key)
    if signer == "nobody":
        token = token.rpartition(".")[0] + "."
    login.hostile.lies.answers["/userinfo"] = answer(token.encode(), content_type="application/jwt")
    assert (await login.refused()).reason == "invalid_token"


NO_ANSWERS: list[tuple[str, Handler, LoginErrorReason]] = [
    ("HTML", answer(b"<html>", content_type="text/html"), "provider_error"),
    ("a list", answer(b"[]"), "provider_error"),
    ("not found", answer(b"{}", status=404), "provider_error"),
    ("an internal error", answer(b"{}", status=500), "provider_error"),
    ("10 MB", answer(b" " * 10_000_000), "provider_misconfigured"),
    ("compressed", answer(b"\x1f\x8b", Content_Encoding="gzip"), "provider_misconfigured"),
    (
        "a redirect to link-local",
        answer(status=302, Location="http://169.254.169.254/"),
        "provider_misconfigured",
    ),
    (
        "a redirect to loopback",
        answer(status=307, Location="http://127.0.0.1:6379/"),
        "provider_misconfigured",
    ),
    ("a redirect to itself", answer(status=308, Location="?again"), "provider_misconfigured"),
]
BY_DOCUMENT: Members = {
    "HTML": "provider_misconfigured",
    "a list": "provider_misconfigured",
}


@pytest.mark.parametrize("path", [WELL_KNOWN, "/keys", "/token", "/userinfo"])
@pytest.mark.parametrize(("name", "handler", "reason"), NO_ANSWERS, ids=[case[0] for case in NO_ANSWERS])
async def test_m17_oidc_22_what_is_no_answer_ends_the_login_and_is_asked_for_once(
    name: str, handler: Handler, reason: LoginErrorReason, path: str, login: Login
) -> None:
    login.hostile.lies.answers[path] = handler
    error = await login.refused()
    documents = (WELL_KNOWN, "/keys")
    expected = BY_DOCUMENT.get(name, reason) if path in documents else reason
    assert error.reason == (
        "provider_misconfigured" if (name, path) == ("not found", WELL_KNOWN) else expected
    )
    assert login.hostile.hits[path] == 1


@pytest.mark.parametrize("status", [201, 203, 404])
async def test_metadata_under_another_status_are_none(status: int, login: Login) -> None:
    document = json.dumps(login.hostile.metadata()).encode()
    login.hostile.lies.answers[WELL_KNOWN] = answer(document, status=status)
    assert (await login.refused()).reason == "provider_misconfigured"


async def test_o8_a_code_that_the_provider_refuses_is_not_sent_again(login: Login) -> None:
    login.hostile.lies.answers["/token"] = answer(b'{"error": "invalid_grant"}', status=400)
    error = await login.refused()
    assert (error.reason, login.hostile.hits["/token"]) == ("provider_error", 1)
    assert "invalid_grant" in error.detail


async def test_o8_a_token_endpoint_that_hangs_up_is_not_asked_again(login: Login) -> None:
    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    login.hostile.lies.answers["/token"] = hang_up
    assert (await login.refused()).reason == "provider_unreachable"
    assert login.hostile.hits["/token"] == 1


async def test_l1_nothing_secret_is_logged_at_any_level(
    login: Login, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as logged, caplog.at_level(logging.DEBUG):
        login.hostile.user["groups"] = ["ops", " bad"]
        begun = await login.begin()
        await login.complete(begun)
        login.hostile.lies.claims = change(nonce="wrong")
        await login.refused()
    for secret in (begun.state, "an-access-token", "code-0", login.hostile.client_secret, "eyJ"):
        assert secret not in caplog.text + repr(logged)
    assert logged
