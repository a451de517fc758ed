"""Modules outside the certification plans that ask something of a client of the code flow."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable

from aiohttp import web
from joserfc import jws
from joserfc.jwk import ECKey

from session_store import Store
from tests.conformance.relying_party import TOKEN_INVALID, RelyingParty, relying_party
from tests.support.hostile_oidc import (
    MISSING,
    HostileProvider,
    Lies,
    base64url,
    change,
    half_hash,
    mac_with,
)
from tests.support.oidc_login import Prepare, answer, claims, lies, signed
from tests.support.upstreams import received

CURVE_KEY = ECKey.generate_key("P-256", private=True)


async def test_oidcc_client_test_invalid_athash(rp: RelyingParty) -> None:
    """The ID token's ``at_hash`` is that of another access token: refused, in the code flow too."""
    await rp.refuses(claims(at_hash=half_hash("another")))


async def test_oidcc_client_test_invalid_chash(rp: RelyingParty) -> None:
    """The ID token's ``c_hash`` is that of another code: refused, in the code flow too."""
    await rp.refuses(claims(c_hash=half_hash("another")))


async def test_oidcc_client_test_missing_athash(rp: RelyingParty) -> None:
    """The module is for tokens from the front channel; in the code flow it may be absent (§3.1.3.6)."""
    await rp.signs_in(claims(at_hash=MISSING))


async def test_oidcc_client_test_missing_chash(rp: RelyingParty) -> None:
    """The module is for the hybrid flow; in the code flow there is no ``c_hash`` to miss (§3.3.2.11)."""
    await rp.signs_in(claims(c_hash=MISSING))


async def test_oidcc_client_test_missing_aud(rp: RelyingParty) -> None:
    """The ID token has no ``aud``: refused."""
    await rp.refuses(claims(aud=MISSING))


async def test_oidcc_client_test_invalid_sig_hs256(rp: RelyingParty) -> None:
    """The ID token is signed by HS256: refused with a bad signature, and with the client's secret too."""
    await rp.refuses(signed(lambda _: mac_with(b"another secret"), alg="HS256"))
    await rp.refuses(signed(lambda h: mac_with(h.client_secret.encode()), alg="HS256"))


def by_curve(change_signature: Callable[[str], str]) -> Prepare:
    """Sign by ES256, and publish that key."""

    def sign(token: str) -> str:
        payload = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
        text = json.dumps(payload).encode()
        head, body, signature = jws.serialize_compact({"alg": "ES256"}, text, CURVE_KEY).split(".")
        return f"{head}.{body}.{change_signature(signature)}"

    return lies(id_token=sign, key_set=lambda _: {"keys": [CURVE_KEY.as_dict(private=False)]})


async def test_oidcc_client_test_invalid_sig_es256(store: Store) -> None:
    """The ID token's ES256 signature does not fit though ES256 is agreed upon: refused."""
    async with relying_party(store, id_token_algs=("ES256", "RS256")) as rp:
        await rp.refuses(by_curve(lambda _: base64url(b"s" * 64)))
        await rp.signs_in(by_curve(str))


async def test_oidcc_client_test_nonce_unless_code_flow(rp: RelyingParty) -> None:
    """Other flows need a nonce; the code flow has one here too, of 256 bits, another each time."""
    first, second = await rp.asked(), await rp.asked()

    assert len(first["nonce"]) == len(second["nonce"]) == 43
    assert first["nonce"] != second["nonce"]


async def test_oidcc_client_test_userinfo_bearer_header(rp: RelyingParty) -> None:
    """The access token goes to userinfo in the ``Authorization`` header, and nowhere else."""
    asked = []

    async def userinfo(request: web.Request) -> web.StreamResponse:
        asked.append((request.method, request.query_string, request.headers["Authorization"]))
        return web.json_response(rp.provider.user)

    rp.provider.lies.answers["/userinfo"] = userinfo
    await rp.signs_in()

    assert asked == [("GET", "", "Bearer an-access-token")]


async def test_oidcc_client_test_userinfo_signed(rp: RelyingParty) -> None:
    """Userinfo is a signed token: refused, by whatever key; a client is registered for plain JSON."""

    def as_token(hostile: HostileProvider) -> None:
        told = hostile.user | {"iss": hostile.issuer, "aud": hostile.client_id}
        token = jws.serialize_compact({"alg": "RS256"}, json.dumps(told), hostile.key)
        hostile.lies = Lies(answers={"/userinfo": answer(token.encode(), content_type="application/jwt")})

    await rp.refuses(as_token, TOKEN_INVALID)


async def test_oidcc_client_test_aggregated_claims(rp: RelyingParty) -> None:
    """Userinfo brings claims that somebody else signed: they are left alone, and the login goes through."""
    source = jws.serialize_compact({"alg": "RS256"}, '{"groups": ["board"]}', rp.provider.key)
    told = change(groups=MISSING, _claim_names={"groups": "src1"}, _claim_sources={"src1": {"JWT": source}})
    cookie = await rp.signs_in(lies(userinfo=told))

    assert received(await rp.scene.edge.ask(cookie=cookie)).all("X-Forwarded-Groups") == []


async def test_oidcc_client_test_distributed_claims(rp: RelyingParty) -> None:
    """Userinfo names an address with more claims: nobody goes there, and the login goes through."""
    source = {"endpoint": f"{rp.provider.issuer}/claims_endpoint", "access_token": "t"}
    told = change(_claim_names={"credit_score": "src1"}, _claim_sources={"src1": source})
    await rp.signs_in(lies(userinfo=told))

    assert rp.provider.hits["/claims_endpoint"] == 0
