"""The modules of oidcc-client-basic-certification-test-plan, and by form_post those of its form post twin."""

from base64 import b64decode
from collections.abc import Callable
from urllib.parse import unquote_plus

from aiohttp import web

from tests.conformance.relying_party import RelyingParty
from tests.support.hostile_oidc import MISSING, HostileProvider, change, fresh_key, public_part, sign_with
from tests.support.oidc_login import claims, header, keys, lies, signed
from tests.support.upstreams import received

OTHER_KEY = fresh_key()


def by_nobody(_: HostileProvider) -> Callable[[bytes], bytes]:
    return lambda _: b""


def by_another(_: HostileProvider) -> Callable[[bytes], bytes]:
    return sign_with(OTHER_KEY)


async def test_oidcc_client_test(rp_by_mode: RelyingParty) -> None:
    """A whole login: authorization request, token request, userinfo request. It goes through."""
    asked = await rp_by_mode.asked()
    await rp_by_mode.signs_in(path="/report?month=5")
    hits = rp_by_mode.provider.hits

    assert asked["response_type"] == "code"
    assert asked["client_id"] == rp_by_mode.provider.client_id
    assert asked["redirect_uri"] == "http://app.localhost/.outerward/callback/corp"
    assert asked.get("response_mode", "query") == rp_by_mode.mode
    assert [hits[path] for path in ("/token", "/keys", "/userinfo")] == [1, 1, 1]


async def test_oidcc_client_test_invalid_iss(rp_by_mode: RelyingParty) -> None:
    """The ID token names another issuer: refused."""
    await rp_by_mode.refuses(claims(iss="https://other.example"))


async def test_oidcc_client_test_missing_sub(rp_by_mode: RelyingParty) -> None:
    """The ID token has no ``sub``: refused."""
    await rp_by_mode.refuses(claims(sub=MISSING))


async def test_oidcc_client_test_invalid_aud(rp_by_mode: RelyingParty) -> None:
    """The ID token is for another client: refused."""
    await rp_by_mode.refuses(claims(aud="other"))


async def test_oidcc_client_test_missing_iat(rp_by_mode: RelyingParty) -> None:
    """The ID token has no ``iat``: refused."""
    await rp_by_mode.refuses(claims(iat=MISSING))


async def test_oidcc_client_test_kid_absent_single_jwks(rp_by_mode: RelyingParty) -> None:
    """The ID token names no key, and the provider has one: taken."""
    await rp_by_mode.signs_in(header(kid=MISSING))


async def test_oidcc_client_test_kid_absent_multiple_jwks(rp_by_mode: RelyingParty) -> None:
    """The ID token names no key, and two fit: refused, which the module allows as it does trying them all."""
    both = keys(lambda hostile: [public_part(OTHER_KEY), public_part(hostile.key)], kid=MISSING)

    await rp_by_mode.refuses(both)


async def test_oidcc_client_test_idtoken_sig_rs256(rp_by_mode: RelyingParty) -> None:
    """The ID token is signed by RS256: taken."""
    await rp_by_mode.signs_in(header(alg="RS256"))


async def test_oidcc_client_test_idtoken_sig_none(rp_by_mode: RelyingParty) -> None:
    """The ID token is not signed: refused; the module lets a client take it or refuse it."""
    await rp_by_mode.refuses(signed(by_nobody, alg="none"))
    assert rp_by_mode.provider.hits["/userinfo"] == 0


async def test_oidcc_client_test_invalid_sig_rs256(rp_by_mode: RelyingParty) -> None:
    """The ID token's RS256 signature does not fit: refused, though it came from the token endpoint."""
    await rp_by_mode.refuses(signed(by_another))


async def test_oidcc_client_test_userinfo_invalid_sub(rp_by_mode: RelyingParty) -> None:
    """Userinfo is about another subject than the ID token: refused."""
    await rp_by_mode.refuses(lies(userinfo=change(sub="another")))
    assert rp_by_mode.provider.hits["/userinfo"] == 1


async def test_oidcc_client_test_nonce_invalid(rp_by_mode: RelyingParty) -> None:
    """The ID token has the nonce of no login of ours: refused."""
    await rp_by_mode.refuses(claims(nonce="another"))


async def test_oidcc_client_test_scope_userinfo_claims(rp_by_mode: RelyingParty) -> None:
    """Claims are asked for by scopes, and userinfo has them: they reach the application."""
    assert (await rp_by_mode.asked())["scope"].split() == ["openid", "email", "profile"]
    cookie = await rp_by_mode.signs_in()
    request = received(await rp_by_mode.scene.edge.ask(cookie=cookie))

    assert request.all("X-Forwarded-Email") == ["ada@example.com"]
    assert request.all("X-Forwarded-Preferred-Username") == ["ada"]


async def test_oidcc_client_test_client_secret_basic(rp_by_mode: RelyingParty) -> None:
    """The client shows who it is by HTTP Basic, form-encoded (RFC 6749 §2.3.1), and not in the body too."""
    provider, seen = rp_by_mode.provider, []

    async def token(request: web.Request) -> web.StreamResponse:
        seen.append((request.headers["Authorization"], dict(await request.post())))
        del provider.lies.answers["/token"]
        return await provider._answer(request)

    provider.lies.answers["/token"] = token
    await rp_by_mode.signs_in()
    ((authorization, form),) = seen
    name, _, secret = b64decode(authorization.removeprefix("Basic ")).decode().partition(":")

    assert (unquote_plus(name), unquote_plus(secret)) == (provider.client_id, provider.client_secret)
    assert not {"client_secret", "client_assertion"} & form.keys()
