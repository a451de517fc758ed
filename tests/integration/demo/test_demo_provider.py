"""The demo's provider over real sockets: a correct OpenID provider, as far as it goes."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from outerward.demo.authorization import Client
from outerward.demo.people import PEOPLE
from outerward.demo.provider import DemoProvider
from outerward.listeners import bind

CALLBACK = "http://app.localhost:1/.outerward/callback/demo"
SIGNED_OUT = "http://app.localhost:1/.outerward/signed-out"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
MIRA = PEOPLE[0]


@dataclass
class Relying:
    """A relying party and its visitor's browser in one."""

    issuer: str
    http: aiohttp.ClientSession
    now: list[float]
    secret: str = "s+ecret/ :%"
    parameters: dict[str, str] = field(
        default_factory=lambda: {
            "client_id": "demo",
            "redirect_uri": CALLBACK,
            "response_type": "code",
            "scope": "openid profile email",
            "state": "a state",
            "nonce": "a nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
    )

    async def authorize(self, **more: str) -> aiohttp.ClientResponse:
        response = await self.http.get(
            f"{self.issuer}/authorize", params=self.parameters | more, allow_redirects=False
        )
        await response.read()
        return response

    async def choose(self, page: aiohttp.ClientResponse, **headers: str) -> aiohttp.ClientResponse:
        request = re.search(r'name="request" value="([^"]+)"', await page.text())
        assert request is not None
        data = {"request": request[1], "person": MIRA.subject}
        return await self.http.post(
            f"{self.issuer}/sign-in", data=data, headers=headers, allow_redirects=False
        )

    async def code(self) -> str:
        signed_in = await self.choose(await self.authorize())
        return answer_of(signed_in)["code"]

    async def redeem(self, code: str, **changes: str) -> tuple[int, dict[str, str]]:
        data = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
        }
        encoded = "s%2Becret%2F+%3A%25" if self.secret == "s+ecret/ :%" else self.secret
        headers = {"Authorization": aiohttp.encode_basic_auth("demo", encoded)}
        async with self.http.post(f"{self.issuer}/token", data=data | changes, headers=headers) as response:
            assert response.headers["Cache-Control"] == "no-store"
            return response.status, await response.json()


def answer_of(response: aiohttp.ClientResponse) -> dict[str, str]:
    """The parameters of a redirect to the callback."""
    assert response.status == 303
    location = response.headers["Location"]
    assert location.startswith(CALLBACK + "?")
    return dict(parse_qsl(urlsplit(location).query))


@pytest.fixture
async def relying() -> AsyncIterator[Relying]:
    door = bind("127.0.0.1:0")
    issuer = f"http://localhost:{door.port}"
    now = [1_800_000_000.0]
    client = Client(
        id="demo",
        secret="s+ecret/ :%",
        name="the demo",
        redirect_uris=frozenset({CALLBACK}),
        signed_out_uris=frozenset({SIGNED_OUT}),
    )
    runner = web.AppRunner(DemoProvider(issuer, PEOPLE, client, lambda: now[0]).app(), shutdown_timeout=0.1)
    await runner.setup()
    await web.SockSite(runner, door.sockets[0]).start()
    async with aiohttp.ClientSession() as http:
        yield Relying(issuer, http, now)
    await runner.cleanup()


async def test_a_sign_in_gives_verifiable_tokens_and_claims(relying: Relying) -> None:
    status, tokens = await relying.redeem(await relying.code())
    assert status == 200
    async with relying.http.get(f"{relying.issuer}/jwks") as response:
        keys = KeySet.import_key_set(await response.json())
    token = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"])
    assert token.header["kid"]
    assert token.claims.pop("sid")
    at_hash = base64.urlsafe_b64encode(hashlib.sha256(tokens["access_token"].encode()).digest()[:16])
    assert token.claims == {
        "iss": relying.issuer,
        "sub": MIRA.subject,
        "aud": "demo",
        "iat": 1_800_000_000,
        "exp": 1_800_000_300,
        "auth_time": 1_800_000_000,
        "nonce": "a nonce",
        "at_hash": at_hash.rstrip(b"=").decode(),
    }
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    async with relying.http.get(f"{relying.issuer}/userinfo", headers=headers) as response:
        assert await response.json() == {
            "sub": MIRA.subject,
            "name": MIRA.name,
            "preferred_username": MIRA.username,
            "groups": list(MIRA.groups),
            "email": MIRA.email,
            "email_verified": True,
        }


async def test_the_metadata_are_true(relying: Relying) -> None:
    async with relying.http.get(f"{relying.issuer}/.well-known/openid-configuration") as response:
        metadata = await response.json()
    assert metadata["issuer"] == relying.issuer
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert answer_of(await relying.choose(await relying.authorize()))["iss"] == relying.issuer


async def test_a_code_is_good_once_and_its_second_use_withdraws_the_token(relying: Relying) -> None:
    code = await relying.code()
    _, tokens = await relying.redeem(code)
    assert await relying.redeem(code) == (400, {"error": "invalid_grant"})
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    async with relying.http.get(f"{relying.issuer}/userinfo", headers=headers) as response:
        assert response.status == 401


@pytest.mark.parametrize(
    "changes",
    [{"code_verifier": "w" * 43}, {"code_verifier": ""}, {"redirect_uri": CALLBACK + "x"}],
)
async def test_a_code_without_its_proof_is_refused(relying: Relying, changes: dict[str, str]) -> None:
    assert await relying.redeem(await relying.code(), **changes) == (400, {"error": "invalid_grant"})


async def test_a_made_up_code_is_refused(relying: Relying) -> None:
    assert await relying.redeem("x" * 43) == (400, {"error": "invalid_grant"})


async def test_a_code_runs_out(relying: Relying) -> None:
    code = await relying.code()
    relying.now[0] += 61
    assert await relying.redeem(code) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize("secret", ["", "wrong", "s+ecret/"])
async def test_a_client_without_its_secret_is_refused(relying: Relying, secret: str) -> None:
    code = await relying.code()
    relying.secret = secret
    assert await relying.redeem(code) == (401, {"error": "invalid_client"})


async def test_who_is_signed_in_passes_without_a_page_until_asked_again(relying: Relying) -> None:
    await relying.code()
    assert "code" in answer_of(await relying.authorize())
    assert (await relying.authorize(prompt="login")).status == 200
    assert (await relying.authorize(prompt="select_account")).status == 200
    assert "code" in answer_of(await relying.authorize(prompt="none"))
    relying.now[0] += 100
    assert (await relying.authorize(max_age="60")).status == 200


async def test_nobody_signed_in_and_no_page_allowed_is_an_error(relying: Relying) -> None:
    assert answer_of(await relying.authorize(prompt="none")) == {
        "error": "login_required",
        "state": "a state",
        "iss": relying.issuer,
    }


async def test_a_sign_in_page_is_good_once_and_in_its_own_browser(relying: Relying) -> None:
    page = await relying.authorize()
    assert (await relying.choose(page, Origin="http://evil.example")).status == 400
    page = await relying.authorize()
    relying.http.cookie_jar.clear()
    assert (await relying.choose(page)).status == 400
    page = await relying.authorize()
    assert (await relying.choose(page, Origin=relying.issuer)).status == 303
    assert (await relying.choose(page)).status == 400


async def test_cancelling_is_told_to_the_application(relying: Relying) -> None:
    page = await (await relying.authorize()).text()
    request = re.search(r'name="request" value="([^"]+)"', page)
    assert request is not None
    data = {"request": request[1], "cancel": "yes"}
    response = await relying.http.post(f"{relying.issuer}/sign-in", data=data, allow_redirects=False)
    assert answer_of(response)["error"] == "access_denied"


async def test_the_page_runs_no_script_and_its_style_is_the_one_allowed(relying: Relying) -> None:
    response = await relying.authorize()
    page = await response.text()
    policy = response.headers["Content-Security-Policy"]
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert "form-action 'self' http://app.localhost:1;" in policy
    assert "<script" not in page
    assert "versions" not in response.headers["Server"]


async def test_an_unknown_client_gets_a_page_and_no_redirect(relying: Relying) -> None:
    response = await relying.authorize(client_id="<b>other")
    assert response.status == 400
    assert "Location" not in response.headers


async def end_session(relying: Relying, **parameters: str) -> aiohttp.ClientResponse:
    response = await relying.http.get(
        f"{relying.issuer}/end-session", params=parameters, allow_redirects=False
    )
    await response.read()
    return response


async def is_signed_in(relying: Relying) -> bool:
    return "code" in answer_of(await relying.authorize(prompt="none"))


async def test_a_logout_with_the_sign_ins_own_token_ends_it_at_once_and_goes_back(relying: Relying) -> None:
    _, tokens = await relying.redeem(await relying.code())
    relying.now[0] += 3600
    back = {"post_logout_redirect_uri": SIGNED_OUT, "state": "a b"}
    response = await end_session(relying, id_token_hint=tokens["id_token"], **back)
    assert response.status == 303
    assert response.headers["Location"] == f"{SIGNED_OUT}?state=a+b"
    assert not await is_signed_in(relying)


async def test_a_logout_by_post_ends_it_too(relying: Relying) -> None:
    _, tokens = await relying.redeem(await relying.code())
    data = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": SIGNED_OUT}
    async with relying.http.post(
        f"{relying.issuer}/end-session", data=data, allow_redirects=False
    ) as response:
        onward = response.headers["Location"]
    async with relying.http.get(onward, allow_redirects=False) as response:
        assert response.headers["Location"] == SIGNED_OUT
    assert not await is_signed_in(relying)


async def test_a_logout_without_the_sign_ins_own_token_asks_first(relying: Relying) -> None:
    _, tokens = await relying.redeem(await relying.code())
    await relying.choose(await relying.authorize(prompt="login"))
    for hint in ({"client_id": "demo"}, {"id_token_hint": tokens["id_token"]}):
        response = await end_session(relying, **hint, post_logout_redirect_uri=SIGNED_OUT, state="s")
        assert response.status == 200
        assert await is_signed_in(relying)
    question = re.search(r'name="request" value="([^"]+)"', await response.text())
    assert question is not None
    url, data = f"{relying.issuer}/sign-out", {"request": question[1]}
    response = await relying.http.post(url, data=data, allow_redirects=False)
    assert response.headers["Location"] == f"{SIGNED_OUT}?state=s"
    assert not await is_signed_in(relying)
    assert (await relying.http.post(url, data=data)).status == 400


async def test_a_logout_that_nobody_else_may_press_is_for_this_browser_alone(relying: Relying) -> None:
    await relying.code()
    page = await (await end_session(relying)).text()
    question = re.search(r'name="request" value="([^"]+)"', page)
    assert question is not None
    url, data = f"{relying.issuer}/sign-out", {"request": question[1]}
    assert (await relying.http.post(url, data=data, headers={"Origin": "http://evil.example"})).status == 400
    assert await is_signed_in(relying)


@pytest.mark.parametrize(
    "changes",
    [
        {"post_logout_redirect_uri": f"{SIGNED_OUT}/"},
        {"post_logout_redirect_uri": "http://evil.example/"},
        {"client_id": "other"},
        {"id_token_hint": "e30.e30.e30"},
        {"id_token_hint": "none of ours"},
    ],
    ids=["nearly registered", "foreign", "another client", "unsigned hint", "no token"],
)
async def test_a_logout_that_is_not_the_applications_ends_nothing(
    relying: Relying, changes: dict[str, str]
) -> None:
    _, tokens = await relying.redeem(await relying.code())
    good = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": SIGNED_OUT}
    response = await end_session(relying, **good | changes)
    assert response.status == 400
    assert "Location" not in response.headers
    assert await is_signed_in(relying)


async def test_an_id_token_of_another_provider_is_no_hint(relying: Relying) -> None:
    key = RSAKey.generate_key(2048)
    await relying.code()
    claims = {"iss": relying.issuer, "aud": "demo", "sub": MIRA.subject, "sid": "x"}
    forged = jwt.encode({"alg": "RS256"}, claims, key, algorithms=["RS256"])
    assert (await end_session(relying, id_token_hint=forged)).status == 400
    assert await is_signed_in(relying)


async def test_nobody_signed_in_is_sent_back_to_the_application(relying: Relying) -> None:
    response = await end_session(relying, client_id="demo", post_logout_redirect_uri=SIGNED_OUT)
    assert response.headers["Location"] == SIGNED_OUT
    assert "You are signed out" in await (await end_session(relying)).text()
    assert (await end_session(relying, post_logout_redirect_uri=SIGNED_OUT)).status == 400


async def test_at_another_name_it_is_not_there(relying: Relying) -> None:
    headers = {"Host": "evil.example"}
    async with relying.http.get(f"{relying.issuer}/jwks", headers=headers) as response:
        assert response.status == 421
