"""OIDC-05 to OIDC-17 and OIDC-27 at the whole edge: no lie about a person lets anybody in.

After every lie the same provider tells the truth, and that login goes through.
"""

import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import RSAKey

from idp_adapters import OidcProvider
from proxy import Site, create_control_app
from session_store import Store
from tests.support.edge import route, running_edge
from tests.support.hostile_oidc import (
    MISSING,
    HostileProvider,
    Lies,
    base64url,
    fresh_key,
    half_hash,
    mac_with,
    public_part,
    sign_with,
)
from tests.support.http_client import Answer
from tests.support.logout_tokens import LogoutScene, code_of, cookies_in, logout_scene
from tests.support.oidc_login import (
    Case,
    Prepare,
    answer,
    claims,
    claims_text,
    header,
    lies,
    own_claims,
    signed,
    times,
    user,
)
from tests.support.redis_server import RedisServer
from tests.support.upstreams import Echo

OTHER_KEY = fresh_key()
TOKEN_INVALID, CLOCK_SKEW, PROVIDER_ERROR = 2025, 2026, 2022
NOT_ALLOWED = 2001
PERSON = HostileProvider().user


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_store() -> AsyncIterator[Store]:
    """A store for all tests here: no session of one gets in the way of another."""
    server = RedisServer()
    server.start()
    opened = Store.open(server.url, secrets=["a secret of the tests, 32 long.."], check_timeout_s=10)
    await opened.start()
    yield opened
    await opened.close()
    server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everybody(shared_store: Store) -> AsyncIterator[LogoutScene]:
    async with logout_scene(shared_store) as running:
        yield running


@pytest.fixture
def scene(everybody: LogoutScene) -> LogoutScene:
    """One application for everybody, whose providers tell the truth."""
    return honest(everybody)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def members(shared_store: Store) -> AsyncIterator[LogoutScene]:
    async with HostileProvider.running() as corp, Echo.running() as upstream:
        provider = OidcProvider("corp", corp.settings())
        routes = [route(upstream, allow=["@example.com"])]
        control = create_control_app(Site.of(routes), shared_store, {"corp": provider})
        async with running_edge(shared_store, routes, control=control) as edge:
            yield LogoutScene([edge], shared_store, upstream, corp, corp)
        await provider.close()


@pytest.fixture
def ruled(members: LogoutScene) -> LogoutScene:
    """One application for the domain example.com, whose provider tells the truth."""
    return honest(members)


def honest(scene: LogoutScene) -> LogoutScene:
    scene.corp.lies = Lies()
    scene.corp.user = dict(PERSON)
    return scene


async def come_in(scene: LogoutScene, prepare: Prepare) -> Answer:
    """The end of a login in which the provider lies."""
    begun = await scene.begin()
    prepare(scene.corp)
    return await scene.come_back(begun)


async def assert_nobody_comes_in(scene: LogoutScene, prepare: Prepare, code: int) -> None:
    before = await known(scene)
    refusal = await come_in(scene, prepare)

    assert 400 <= refusal.status < 500, refusal.body
    assert code_of(refusal) == code, refusal.body
    assert cookies_in(refusal) == {}
    assert refusal.header("cache-control") == "no-store"
    assert await known(scene) == before
    assert await scene.is_in(await honest(scene).sign_in())


async def known(scene: LogoutScene) -> tuple[list[str], list[str], int]:
    """Users, application sessions, and what reached the upstream."""
    users = (await scene.store.users(limit=100, before=None)).items
    sessions = (await scene.store.sessions(limit=100, before=None)).items
    return (
        [view.user.id for view in users],
        [view.session.id for view in sessions[:1]],
        scene.upstream.hits,
    )


def mac_by(secret: Callable[[HostileProvider], bytes], alg: str = "HS256") -> Prepare:
    return signed(lambda hostile: mac_with(secret(hostile)), alg=alg)


def public_key(encoding: Encoding, form: PublicFormat) -> Callable[[HostileProvider], bytes]:
    return lambda hostile: hostile.key.public_key.public_bytes(encoding, form)


def by(key: RSAKey) -> Callable[[HostileProvider], Callable[[bytes], bytes]]:
    return lambda _: sign_with(key)


def unsigned(_: HostileProvider) -> Callable[[bytes], bytes]:
    return lambda _: b""


def with_subject(token: str) -> str:
    head, payload, signature = token.split(".")
    changed = json.loads(urlsafe_b64decode(payload + "==")) | {"sub": "root"}
    return f"{head}.{base64url(json.dumps(changed).encode())}.{signature}"


def userinfo_token(key: Callable[[HostileProvider], RSAKey], content_type: str, **changes: str) -> Prepare:
    """Userinfo as a signed JWT."""

    def prepare(hostile: HostileProvider) -> None:
        told = hostile.user | {"iss": hostile.issuer, "aud": hostile.client_id} | changes
        token = jws.serialize_compact({"alg": "RS256"}, json.dumps(told), key(hostile))
        hostile.lies = Lies(answers={"/userinfo": answer(token.encode(), content_type=content_type)})

    return prepare


CLAIMS = [
    Case("OIDC-05 nonce missing", claims(nonce=MISSING)),
    Case("OIDC-05 nonce wrong", claims(nonce="w" * 43)),
    Case("OIDC-05 nonce empty", claims(nonce="")),
    Case("OIDC-05 nonce null", claims(nonce=None)),
    Case("OIDC-05 nonce in a list", lies(claims=lambda m: m | {"nonce": [m["nonce"]]})),
    Case("OIDC-05 nonce and one letter", lies(claims=lambda m: m | {"nonce": m["nonce"] + "A"})),
    Case("OIDC-05 nonce cut", lies(claims=lambda m: m | {"nonce": m["nonce"][:-1]})),
    Case("OIDC-12 iss with a slash", own_claims(lambda h: {"iss": h.issuer + "/"})),
    Case("OIDC-12 iss in capitals", own_claims(lambda h: {"iss": h.issuer.upper()})),
    Case("OIDC-12 iss with its path", own_claims(lambda h: {"iss": h.issuer + "/.well-known"})),
    Case("OIDC-12 iss by name", own_claims(lambda h: {"iss": h.issuer.replace("127.0.0.1", "localhost")})),
    Case("OIDC-12 iss of another", claims(iss="https://other.example")),
    Case("OIDC-12 iss missing", claims(iss=MISSING)),
    Case("OIDC-13 aud other", claims(aud="other")),
    Case("OIDC-13 aud in capitals", own_claims(lambda h: {"aud": h.client_id.upper()})),
    Case("OIDC-13 aud and more", own_claims(lambda h: {"aud": f"{h.client_id} other"})),
    Case("OIDC-13 several aud, no azp", own_claims(lambda h: {"aud": [h.client_id, "other"]})),
    Case("OIDC-13 our aud twice, no azp", own_claims(lambda h: {"aud": [h.client_id, h.client_id]})),
    Case("OIDC-13 several aud, azp other", own_claims(lambda h: {"aud": [h.client_id, "o"], "azp": "o"})),
    Case("OIDC-13 azp other", claims(azp="other")),
    Case("OIDC-13 azp in a list", own_claims(lambda h: {"azp": [h.client_id]})),
    Case("OIDC-14 exp missing", claims(exp=MISSING)),
    Case("OIDC-14 exp a string", claims(exp="9999999999")),
    Case("OIDC-14 exp 1e400", claims_text('"exp": ', '"exp": 1e400, "x": ')),
    Case("OIDC-14 exp Infinity", claims_text('"exp": ', '"exp": Infinity, "x": ')),
    Case("OIDC-14 exp NaN", claims_text('"exp": ', '"exp": NaN, "x": ')),
    Case("OIDC-14 exp true", claims(exp=True)),
    Case("OIDC-14 exp null", claims(exp=None)),
    Case("OIDC-14 exp twice", claims_text('"exp": ', '"exp": 9999999999, "exp": ')),
    Case("OIDC-14 iat missing", claims(iat=MISSING)),
    Case("OIDC-14 iat a string", claims(iat="1")),
    Case("OIDC-14 nbf a string", claims(nbf="0")),
    Case("OIDC-16 at_hash wrong", claims(at_hash=half_hash("another"))),
    Case("OIDC-16 at_hash cut", claims(at_hash=half_hash("an-access-token")[:-1])),
    Case("OIDC-16 at_hash empty", claims(at_hash="")),
    Case("OIDC-16 at_hash null", claims(at_hash=None)),
    Case("OIDC-16 c_hash wrong", claims(c_hash=half_hash("another"))),
]

TIMES = [
    Case("OIDC-14 exp past 61 s", times(exp=-62)),
    Case("OIDC-14 exp past for ever", claims(exp=0)),
    Case("OIDC-14 iat 1 h ahead", times(iat=3600)),
    Case("OIDC-14 iat 61 s ahead", times(iat=63)),
    Case("OIDC-14 iat 10 minutes past", times(iat=-602)),
    Case("OIDC-14 nbf 1 h ahead", times(nbf=3600)),
    Case("OIDC-14 nbf 61 s ahead", times(nbf=63)),
]

SIGNATURES = [
    Case("OIDC-06 alg none", signed(unsigned, alg="none")),
    Case("OIDC-06 alg None", signed(unsigned, alg="None")),
    Case("OIDC-06 alg NONE", signed(unsigned, alg="NONE")),
    Case("OIDC-06 alg nOnE with a blank", signed(unsigned, alg="nOnE ")),
    Case("OIDC-06 alg empty", signed(unsigned, alg="")),
    Case("OIDC-06 alg missing", signed(unsigned, alg=MISSING)),
    Case("OIDC-06 alg null", signed(unsigned, alg=None)),
    Case("OIDC-06 alg none, signed", header(alg="none")),
    Case("OIDC-06 empty signature", signed(unsigned)),
    Case("OIDC-06 no signature at all", lies(id_token=lambda t: t.rpartition(".")[0])),
    Case("OIDC-06 alg twice", lies(header_text=lambda t: '{"alg": "none", ' + t[1:])),
    Case("OIDC-06 another payload", lies(id_token=with_subject)),
    Case("OIDC-07 HS256 with PEM", mac_by(public_key(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))),
    Case("OIDC-07 HS256 with PKCS1", mac_by(public_key(Encoding.PEM, PublicFormat.PKCS1))),
    Case("OIDC-07 HS256 with DER", mac_by(public_key(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))),
    Case("OIDC-07 HS256 with the JWK", mac_by(lambda h: json.dumps(public_part(h.key)).encode())),
    Case("OIDC-07 HS256 with the modulus", mac_by(lambda h: str(public_part(h.key)["n"]).encode())),
    Case("OIDC-07 HS256 with client_secret", mac_by(lambda h: h.client_secret.encode())),
    Case("OIDC-07 HS256 with client_id", mac_by(lambda h: h.client_id.encode())),
    Case("OIDC-07 HS256 with nothing", mac_by(lambda _: b"")),
    Case("OIDC-07 HS512 in the header", mac_by(lambda h: h.client_secret.encode(), "HS512")),
    Case("its own key", signed(by(OTHER_KEY), jwk=public_part(OTHER_KEY), kid=MISSING)),
    Case("another key", signed(by(OTHER_KEY))),
    Case("another key and its kid", signed(by(OTHER_KEY), kid=OTHER_KEY.kid)),
]

PEOPLE = [
    Case("OIDC-17 userinfo of another", lies(userinfo=lambda m: m | {"sub": "root"})),
    Case("OIDC-17 userinfo in capitals", lies(userinfo=lambda m: m | {"sub": "ADA"})),
    Case("OIDC-17 userinfo without sub", lies(userinfo=lambda m: {"email": "root@example.com"})),
    Case("OIDC-17 userinfo with sub in a list", lies(userinfo=lambda m: m | {"sub": ["ada"]})),
    Case("OIDC-17 a JWT by another key", userinfo_token(lambda _: OTHER_KEY, "application/jwt")),
    Case("OIDC-17 a JWT of another", userinfo_token(lambda _: OTHER_KEY, "application/jwt", sub="root")),
    Case("OIDC-17 a JWT by the right key", userinfo_token(lambda h: h.key, "Application/JWT; x=y")),
]


@pytest.mark.parametrize("case", CLAIMS + SIGNATURES + PEOPLE, ids=lambda case: case.name)
async def test_a_lie_about_a_person_lets_nobody_in(scene: LogoutScene, case: Case) -> None:
    await assert_nobody_comes_in(scene, case.prepare, TOKEN_INVALID)


@pytest.mark.parametrize("case", TIMES, ids=lambda case: case.name)
async def test_a_token_from_another_time_lets_nobody_in(scene: LogoutScene, case: Case) -> None:
    await assert_nobody_comes_in(scene, case.prepare, CLOCK_SKEW)


async def test_oidc_17_a_jwt_that_calls_itself_json_is_no_claims(scene: LogoutScene) -> None:
    before = await known(scene)
    refusal = await come_in(scene, userinfo_token(lambda _: OTHER_KEY, "application/json"))

    assert (refusal.status, code_of(refusal), cookies_in(refusal)) == (502, PROVIDER_ERROR, {})
    assert await known(scene) == before


async def test_oidc_12_a_token_of_another_provider_of_ours_lets_nobody_in(scene: LogoutScene) -> None:
    """Both are configured, each signs with its own key; the one that was asked has to answer."""
    okta = scene.okta

    def by_okta(hostile: HostileProvider) -> None:
        hostile.lies = Lies(
            header=lambda members: members | {"kid": okta.key.kid},
            claims=lambda members: members | {"iss": okta.issuer, "aud": okta.client_id},
            signature=sign_with(okta.key),
        )

    await assert_nobody_comes_in(scene, by_okta, TOKEN_INVALID)


ALLOWED = [
    Case(
        "OIDC-13 several aud, azp ours", own_claims(lambda h: {"aud": [h.client_id, "o"], "azp": h.client_id})
    ),
    Case("OIDC-14 exp past 50 s", times(exp=-50)),
    Case("OIDC-14 iat 50 s ahead", times(iat=50, nbf=50)),
    Case("OIDC-16 no at_hash", claims(at_hash=MISSING, c_hash=MISSING)),
]


@pytest.mark.parametrize("case", ALLOWED, ids=lambda case: case.name)
async def test_what_the_standard_allows_is_let_in(scene: LogoutScene, case: Case) -> None:
    landing = await come_in(scene, case.prepare)

    assert landing.status == 302, landing.body
    assert await scene.is_in(cookies_in(landing)["outerward"])


@pytest.mark.parametrize(
    ("verified", "source"),
    [
        ("false", "userinfo"),
        ("true", "userinfo"),
        (MISSING, "userinfo"),
        (None, "userinfo"),
        (False, "userinfo"),
        (0, "userinfo"),
        (1, "userinfo"),
        ("", "userinfo"),
        ([True], "userinfo"),
        ("false", "ID token"),
        ("true", "ID token"),
        (MISSING, "ID token"),
    ],
    ids=[
        *("string false", "string true", "missing", "null", "false", "0", "1", "empty", "list"),
        *("string false in the ID token", "string true in the ID token", "missing in the ID token"),
    ],
)
async def test_oidc_27_an_email_that_is_not_verified_passes_no_rule(
    ruled: LogoutScene, verified: object, source: str
) -> None:
    lie = user(email_verified=verified)
    if source == "ID token":
        given = {} if verified is MISSING else {"email_verified": verified}
        lie = claims(email="ada@example.com", **given)

    await assert_nobody_comes_in(ruled, lie, NOT_ALLOWED)


@pytest.mark.parametrize(
    "email",
    [
        "a@example.com@evil.example",
        "a@evil.example@example.com",
        "a@evil.example,example.com",
        "a@evil.example, b@example.com",
        "<a@example.com>",
        '"a@example.com"@evil.example',
        "@example.com",
        "a@example.com.",
        "a@.example.com",
        "a@xexample.com",
        "a@example.com.evil.example",
        "a@example.comx",
        "a@ex\u0430mple.com",
        "a b@example.com",
        "a@\uff45xample.com",
        "a@xn--exmple-cua.com",
    ],
    ids=[
        *("multi-@ ours first", "multi-@ ours last", "comma", "list", "angles", "quoted", "nobody"),
        *("dot at the end", "dot first", "longer before", "longer after", "one letter more"),
        *("Cyrillic", "blank", "full-width", "punycode"),
    ],
)
async def test_ident_07_no_login_with_an_address_that_is_none_passes_a_domain_rule(
    ruled: LogoutScene, email: str
) -> None:
    await assert_nobody_comes_in(ruled, user(email=email), NOT_ALLOWED)


async def test_ident_07_lesson_20_the_domain_of_an_address_is_compared_whatever_its_case(
    ruled: LogoutScene,
) -> None:
    landing = await come_in(ruled, user(email="ADA@Example.COM"))

    assert await ruled.is_in(cookies_in(landing)["outerward"])
