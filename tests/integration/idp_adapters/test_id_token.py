"""ID tokens of a provider that lies, over real sockets: each lie ends the login, what standards allow passes.

Ids are those of the checklists (C1 …), of the hostile cases (OIDC-05 …) and of the lessons.
"""

import base64
import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey

from tests.support.hostile_oidc import (
    MISSING,
    HostileProvider,
    Lies,
    base64url,
    change,
    fresh_key,
    half_hash,
    mac_with,
    public_part,
    sign_with,
    weak_public_key,
)
from tests.support.oidc_login import (
    Case,
    Login,
    claims,
    claims_text,
    header,
    keys,
    lies,
    moment,
    opened,
    own_claims,
    signed,
    times,
)

OTHER_KEY = fresh_key()


def audiences(make: Callable[[str], object], **others: object) -> Callable[[HostileProvider], None]:
    return own_claims(lambda hostile: {"aud": make(hostile.client_id), **others})


def by_other_key(_: HostileProvider) -> Callable[[bytes], bytes]:
    return sign_with(OTHER_KEY)


def by_nobody(_: HostileProvider) -> Callable[[bytes], bytes]:
    return lambda _: b""


def by_public_key(hostile: HostileProvider) -> Callable[[bytes], bytes]:
    public = hostile.key.public_key
    return mac_with(public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def by_client_secret(hostile: HostileProvider) -> Callable[[bytes], bytes]:
    return mac_with(hostile.client_secret.encode())


def exchanged_payload(token: str) -> str:
    head, payload, signature = token.split(".")
    members = json.loads(base64.urlsafe_b64decode(payload + "==")) | {"sub": "root"}
    return f"{head}.{base64url(json.dumps(members).encode())}.{signature}"


CLAIMS = [
    Case("C1 OIDC-12 iss with a slash", own_claims(lambda h: {"iss": h.issuer + "/"}), "invalid_token"),
    Case("C1 OIDC-12 iss in capitals", own_claims(lambda h: {"iss": h.issuer.upper()}), "invalid_token"),
    Case("C1 OIDC-12 iss of another", claims(iss="https://other.example"), "invalid_token"),
    Case("C1 iss missing", claims(iss=MISSING), "invalid_token"),
    Case("C1 iss a list", own_claims(lambda h: {"iss": [h.issuer]}), "invalid_token"),
    Case("C2 OIDC-13 aud of another client", claims(aud="other"), "invalid_token"),
    Case("C2 aud missing", claims(aud=MISSING), "invalid_token"),
    Case("C2 aud empty", claims(aud=[]), "invalid_token"),
    Case("C2 aud that begins with ours", audiences(lambda us: us + "2"), "invalid_token"),
    Case("C3 OIDC-13 several aud, no azp", audiences(lambda us: [us, "other"]), "invalid_token"),
    Case("C3 OIDC-13 several aud, azp other", audiences(lambda us: [us, "x"], azp="x"), "invalid_token"),
    Case("C3 OIDC-13 one aud, azp other", claims(azp="other"), "invalid_token"),
    Case("C3 azp null", claims(azp=None), "invalid_token"),
    Case("C6 OIDC-14 exp 61 s past", times(exp=-62), "clock_skew"),
    Case("C6 OIDC-14 exp missing", claims(exp=MISSING), "invalid_token"),
    Case("C6 OIDC-14 exp a string", claims(exp="9999999999"), "invalid_token"),
    Case("C6 OIDC-14 exp 1e400", claims_text('"exp": ', '"exp": 1e400, "x": '), "invalid_token"),
    Case("C6 exp NaN", claims_text('"exp": ', '"exp": NaN, "x": '), "invalid_token"),
    Case("C6 exp true", claims(exp=True), "invalid_token"),
    Case("C6 exp null", claims(exp=None), "invalid_token"),
    Case("C6 exp negative", claims(exp=-1), "invalid_token"),
    Case("C6 exp of 500 digits", claims(exp=10**500), "invalid_token"),
    Case("C7 OIDC-14 iat 1 h ahead", times(iat=3600), "clock_skew"),
    Case("C7 iat 61 s ahead", times(iat=63), "clock_skew"),
    Case("C7 iat older than 10 minutes", times(iat=-602), "clock_skew"),
    Case("C7 iat missing", claims(iat=MISSING), "invalid_token"),
    Case("C7 iat a string", claims(iat="1"), "invalid_token"),
    Case("OIDC-14 nbf in the future", times(nbf=63), "clock_skew"),
    Case("OIDC-14 nbf a string", claims(nbf="0"), "invalid_token"),
    Case("C8 OIDC-05 nonce missing", claims(nonce=MISSING), "invalid_token"),
    Case("C8 OIDC-05 nonce wrong", claims(nonce="another"), "invalid_token"),
    Case("C8 nonce null", claims(nonce=None), "invalid_token"),
    Case("C11 OIDC-16 at_hash wrong", claims(at_hash=half_hash("another")), "invalid_token"),
    Case("C11 at_hash null", claims(at_hash=None), "invalid_token"),
    Case("C11 c_hash wrong", claims(c_hash=half_hash("another")), "invalid_token"),
    Case("C14 sub missing", claims(sub=MISSING), "invalid_token"),
    Case("C14 sub empty", claims(sub=""), "invalid_token"),
    Case("C14 sub a number", claims(sub=7), "invalid_token"),
    Case("C14 sub of 256 characters", claims(sub="a" * 256), "invalid_token"),
    Case("a member twice", claims_text('"sub": "ada"', '"sub": "a", "sub": "root"'), "invalid_token"),
    Case("claims a list", lies(claims_text=lambda _: "[]"), "invalid_token"),
    Case("claims nested 100,000 deep", lies(claims_text=lambda _: "[" * 100_000), "invalid_token"),
    Case("a lone surrogate", claims_text('"sub": "ada"', '"sub": "\\ud800"'), "invalid_token"),
    Case("claims of 300 kB", claims(x="a" * 300_000), "invalid_token"),
    Case("lesson 56 events of a logout token", claims(events={}), "invalid_token"),
]

SIGNATURES = [
    Case("C4 the signature of another key", signed(by_other_key), "invalid_token"),
    Case("C4 another key and its kid", signed(by_other_key, kid=OTHER_KEY.kid), "invalid_token"),
    Case("C4 jwk", signed(by_other_key, jwk=public_part(OTHER_KEY), kid=MISSING), "invalid_token"),
    Case("C4 jku", signed(by_other_key, jku="https://evil.example/", kid="x"), "invalid_token"),
    Case("C4 another payload", lies(id_token=exchanged_payload), "invalid_token"),
    Case("C5 OIDC-06 alg none", signed(by_nobody, alg="none"), "invalid_token"),
    Case("C5 OIDC-06 alg None", signed(by_nobody, alg="None"), "invalid_token"),
    Case("C5 OIDC-06 alg none with a signature", header(alg="none"), "invalid_token"),
    Case("C5 OIDC-06 no signature", signed(by_nobody), "invalid_token"),
    Case("C5 alg missing", header(alg=MISSING), "invalid_token"),
    Case("C5 alg a list", header(alg=["RS256"]), "invalid_token"),
    Case("C5 OIDC-07 HS256 with the public key", signed(by_public_key, alg="HS256"), "invalid_token"),
    Case("C5 OIDC-07 HS256 with the client's", signed(by_client_secret, alg="HS256"), "invalid_token"),
    Case("C5 RS512 where RS256 is configured", header(alg="RS512"), "invalid_token"),
    Case("C16 kid unknown", header(kid="another"), "invalid_token"),
    Case("kid a number", header(kid=7), "invalid_token"),
    Case(
        "OIDC-10 kid absent with two fitting keys",
        keys(lambda h: [public_part(h.key), public_part(OTHER_KEY)], kid=MISSING),
        "invalid_token",
    ),
    Case(
        "C17 the key is for encryption",
        keys(lambda h: [public_part(h.key) | {"use": "enc"}, public_part(OTHER_KEY)]),
        "invalid_token",
    ),
    Case(
        "C17 the key may not verify",
        keys(lambda h: [public_part(h.key) | {"key_ops": ["encrypt"]}, public_part(OTHER_KEY)]),
        "invalid_token",
    ),
    Case(
        "C17 the key is for another algorithm",
        keys(lambda h: [public_part(h.key) | {"alg": "PS256"}]),
        "invalid_token",
    ),
    Case(
        "C17 the wrong kty",
        keys(lambda h: [{"kty": "oct", "k": "c2VjcmV0", "kid": h.key.kid}, public_part(OTHER_KEY)]),
        "invalid_token",
    ),
    Case("C17 RSA of 1024 bits", keys(lambda _: [weak_public_key()]), "provider_misconfigured"),
]

FORMS = [
    Case("a header member twice", lies(header_text=lambda t: '{"alg":"none",' + t[1:]), "invalid_token"),
    Case("lesson 41 compressed", header(zip="DEF"), "invalid_token"),
    Case("lesson 41 encrypted", lies(id_token=lambda _: "e30.e30.e30.e30.e30"), "invalid_token"),
    Case("crit in the header", header(crit=["exp"], exp=1), "invalid_token"),
    Case("b64 in the header", header(b64=True), "invalid_token"),
    Case("lesson 56 a logout token by its type", header(typ="logout+jwt"), "invalid_token"),
    Case("lesson 56 an access token by its type", header(typ="at+jwt"), "invalid_token"),
    Case("typ null", header(typ=None), "invalid_token"),
    Case("a header of 20 kB", header(x="a" * 20_000), "invalid_token"),
    Case("JSON form", lies(id_token=lambda t: json.dumps({"payload": t})), "invalid_token"),
    Case("empty", lies(id_token=lambda _: ""), "invalid_token"),
    Case("padding", lies(id_token=lambda t: t.replace(".", "=.", 1)), "invalid_token"),
    Case("a line break at the end", lies(id_token=lambda t: t + "\n"), "invalid_token"),
]

ALLOWED = [
    Case(
        "C3 several aud, our azp (Zitadel)",
        own_claims(lambda h: {"aud": [h.client_id, "x"], "azp": h.client_id}),
    ),
    Case("C2 one aud in a list", own_claims(lambda h: {"aud": [h.client_id]})),
    Case("C6 exp 58 s past", times(exp=-58)),
    Case("C7 iat 58 s ahead", times(iat=58)),
    Case("C7 iat 9 minutes old", times(iat=-540)),
    Case("M16 a clock 30 s ahead", times(iat=30, nbf=30, exp=330)),
    Case("M16 a clock 30 s behind", times(iat=-30, nbf=-30, exp=270)),
    Case("a time with a fraction", times(exp=60.5)),
    Case("C11 neither at_hash nor c_hash", claims(at_hash=MISSING, c_hash=MISSING)),
    Case("typ JWT", header(typ="JWT")),
    Case("typ jwt", header(typ="jwt")),
    Case("unknown header members", header(x5t="abc", whatever=1)),
    Case("OIDC-10 kid absent with a single key", header(kid=MISSING)),
    Case(
        "kid absent, the other key for encryption",
        keys(lambda h: [public_part(h.key), public_part(OTHER_KEY) | {"use": "enc"}], kid=MISSING),
    ),
    Case("keys of unknown kinds beside ours", keys(lambda h: [{"kty": "new"}, 7, None, public_part(h.key)])),
]


@pytest.mark.parametrize("case", CLAIMS + SIGNATURES + FORMS + ALLOWED, ids=lambda case: case.name)
async def test_an_id_token(case: Case, login: Login) -> None:
    case.prepare(login.hostile)
    if case.reason is None:
        assert (await login.run()).subject == "ada"
        return
    error = await login.refused()
    assert error.reason == case.reason
    assert len(str(error)) < 250
    assert login.hostile.client_secret not in str(error)


@pytest.mark.parametrize(("alg", "curve"), [("ES256", "P-256"), ("ES384", "P-384"), ("ES512", "P-521")])
async def test_c5_an_elliptic_key_signs_where_it_is_configured(
    alg: str, curve: str, hostile: HostileProvider
) -> None:
    key = ECKey.generate_key(curve, private=True)

    def sign(token: str) -> str:
        payload = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        del payload["at_hash"], payload["c_hash"]
        return jws.serialize_compact({"alg": alg}, json.dumps(payload), key, algorithms=[alg])

    hostile.lies = Lies(
        id_token=sign,
        key_set=lambda _: {"keys": [key.as_dict(private=False)]},
        metadata=change(id_token_signing_alg_values_supported=[alg]),
    )
    async with opened(hostile, {"id_token_algs": (alg, "RS256")}) as login:
        assert (await login.run()).subject == "ada"


@pytest.mark.parametrize(
    ("skew_s", "text"),
    [
        (600, "iat is 600 s ahead of our clock"),
        (-660, "it expired 360 s ago"),
        (-3600, "it expired 3300 s ago"),
    ],
)
async def test_m16_a_clock_that_is_off_is_told_in_seconds(
    skew_s: int, text: str, hostile: HostileProvider
) -> None:
    now = moment(0)
    hostile.lies.claims = change(iat=now + skew_s, exp=now + skew_s + 300)
    async with opened(hostile, clock=lambda: now) as login:
        error = await login.refused()
    assert error.reason == "clock_skew"
    assert text in error.detail
