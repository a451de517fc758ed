"""LOGOUT-01: a logout token that breaks a rule is 400 and ends nothing; a good one ends what it names."""

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from session_store import EndReason, Store, Tombstone
from tests.support.edge import hash_of
from tests.support.hostile_oidc import (
    MISSING,
    HostileProvider,
    base64url,
    change,
    fresh_key,
    mac_with,
    public_part,
    sign_with,
)
from tests.support.logout_tokens import (
    BACK,
    EVENT,
    LogoutScene,
    LogoutToken,
    code_of,
    done,
    logout_scene,
)

Make = Callable[[LogoutScene], str]


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[LogoutScene]:
    async with logout_scene(store) as running:
        yield running


def claims(**changes: Any) -> Make:
    """A token for the session s-1 whose claims are changed."""
    return lambda scene: scene.token(**({"sid": "s-1"} | changes))


def times(**offsets: float) -> Make:
    def make(scene: LogoutScene) -> str:
        now = int(time.time())
        return claims(**{name: now + offset for name, offset in offsets.items()})(scene)

    return make


def header(**changes: Any) -> Make:
    return lambda scene: scene.token(LogoutToken(header=change(**changes)), sid="s-1")


def signed(by: Callable[[HostileProvider], Callable[[bytes], bytes]], **changes: Any) -> Make:
    return lambda scene: scene.token(
        LogoutToken(header=change(**changes), signature=by(scene.corp)), sid="s-1"
    )


def text(old: str, new: str) -> Make:
    def edit(whole: str) -> str:
        assert old in whole
        return whole.replace(old, new)

    return lambda scene: scene.token(LogoutToken(claims_text=edit), sid="s-1")


def public_pem(provider: HostileProvider) -> bytes:
    return provider.key.as_pem(private=False)


def embedded_key(scene: LogoutScene) -> str:
    """Signed by a key that the token brings along."""
    key = fresh_key()
    how = LogoutToken(header=change(jwk=public_part(key), kid=key.kid), signature=sign_with(key))
    return scene.token(how, sid="s-1")


def own_signature(edit: Callable[[str], str]) -> Make:
    def make(scene: LogoutScene) -> str:
        head, body, signature = scene.token(sid="s-1").split(".")
        return f"{head}.{body}.{edit(signature)}"

    return make


BROKEN: dict[str, Make] = {
    "alg none": signed(lambda _: lambda _: b"", alg="none"),
    "alg none, signed": header(alg="none"),
    "alg None": header(alg="None"),
    "no alg": header(alg=MISSING),
    "alg a list": header(alg=["RS256"]),
    "HS256 with the client secret": signed(lambda p: mac_with(p.client_secret.encode()), alg="HS256"),
    "HS256 with the public key": signed(lambda p: mac_with(public_pem(p)), alg="HS256"),
    "RS384 in the header": header(alg="RS384"),
    "no signature": own_signature(lambda _: ""),
    "another signature": own_signature(
        lambda s: s[:-8] + ("AAAAAAAA" if s[-8:] != "AAAAAAAA" else "BBBBBBBB")
    ),
    "another key": signed(lambda _: sign_with(fresh_key())),
    "another key of its own kid": signed(lambda _: sign_with(fresh_key()), kid="made-up"),
    "kid unknown": header(kid="made-up"),
    "kid a number": header(kid=1),
    "its own key": embedded_key,
    "jku": signed(lambda _: sign_with(fresh_key()), jku="http://127.0.0.1:9/keys", kid="made-up"),
    "crit": header(crit=["exp"]),
    "zip": header(zip="DEF"),
    "b64": header(b64=False),
    "typ at+jwt": header(typ="at+jwt"),
    "typ secevent+jwt": header(typ="secevent+jwt"),
    "typ empty": header(typ=""),
    "typ null": header(typ=None),
    "typ a list": header(typ=["logout+jwt"]),
    "typ padded": header(typ="logout+jwt "),
    "iss missing": claims(iss=MISSING),
    "iss null": claims(iss=None),
    "iss with a slash": lambda scene: scene.token(sid="s-1", iss=scene.corp.issuer + "/"),
    "iss in capitals": lambda scene: scene.token(sid="s-1", iss=scene.corp.issuer.upper()),
    "iss a list": lambda scene: scene.token(sid="s-1", iss=[scene.corp.issuer]),
    "iss of the other provider": lambda scene: scene.token(sid="s-1", iss=scene.okta.issuer),
    "of the other provider": lambda scene: LogoutToken().signed_by(scene.okta, sid="s-1"),
    "aud missing": claims(aud=MISSING),
    "aud another": claims(aud="them"),
    "aud empty": claims(aud=[]),
    "aud others": claims(aud=["them", "those"]),
    "aud a part": claims(aud="outer:war"),
    "aud an object": claims(aud={"outer:ward": True}),
    "iat missing": claims(iat=MISSING),
    "iat null": claims(iat=None),
    "iat a string": claims(iat="1900000000"),
    "iat true": claims(iat=True),
    "iat negative": claims(iat=-1),
    "iat ahead": times(iat=75, exp=300),
    "iat an hour ahead": times(iat=3600, exp=7200),
    "iat old": times(iat=-615),
    "iat ancient": claims(iat=1),
    "exp missing": claims(exp=MISSING),
    "exp past": times(exp=-75, iat=-100),
    "exp a string": claims(exp="9999999999"),
    "exp 1e400": text('"exp": ', '"exp": 1e400, "x": '),
    "exp NaN": text('"exp": ', '"exp": NaN, "x": '),
    "exp beyond a double": claims(exp=10**400),
    "jti missing": claims(jti=MISSING),
    "jti a number": claims(jti=7),
    "jti null": claims(jti=None),
    "jti empty": claims(jti=""),
    "jti a list": claims(jti=["a"]),
    "jti huge": claims(jti="j" * 1001),
    "events missing": claims(events=MISSING),
    "events null": claims(events=None),
    "events empty": claims(events={}),
    "events a list": claims(events=[EVENT]),
    "events a string": claims(events=EVENT),
    "events of another kind": claims(events={"https://schemas.openid.net/secevent/risc/event-type/x": {}}),
    "event by another name": claims(events={EVENT + "/": {}}),
    "event in capitals": claims(events={EVENT.upper(): {}}),
    "event true": claims(events={EVENT: True}),
    "event null": claims(events={EVENT: None}),
    "event a list": claims(events={EVENT: []}),
    "event a string": claims(events={EVENT: "{}"}),
    "nonce": claims(nonce="n-1"),
    "nonce null": claims(nonce=None),
    "nonce empty": claims(nonce=""),
    "neither sub nor sid": claims(sid=MISSING),
    "both empty": claims(sid="", sub=""),
    "sid null": claims(sid=None),
    "sid a number": claims(sid=1),
    "sid a list": claims(sid=["s-1"]),
    "sid empty, sub right": claims(sid="", sub="ada"),
    "sid huge": claims(sid="s" * 1001),
    "sub a number": claims(sub=1),
    "sub a list": claims(sub=["ada"]),
    "sub empty, sid right": claims(sub=""),
    "sub huge": claims(sub="a" * 256, sid=MISSING),
    "iss twice": text('"iss": ', '"iss": "https://evil.example", "iss": '),
    "sid twice": text('"sid": ', '"sid": "s-2", "sid": '),
    "claims a list": lambda scene: scene.token(LogoutToken(claims_text=lambda whole: f"[{whole}]")),
    "claims no JSON": lambda scene: scene.token(LogoutToken(claims_text=lambda _: "logout")),
    "claims nested deeply": lambda scene: scene.token(
        LogoutToken(claims_text=lambda _: '{"a":' + "[" * 20_000 + "]" * 20_000 + "}")
    ),
    "a lone surrogate": text('"sid": "', '"sid": "\\ud800'),
    "header twice": lambda scene: scene.token(
        LogoutToken(header_text=lambda whole: whole.replace('"alg"', '"alg": "none", "alg"')), sid="s-1"
    ),
    "header huge": header(x="x" * 9000),
    "empty": lambda _: "",
    "one dot": lambda _: "a.b",
    "four dots": lambda scene: scene.token(sid="s-1") + ".a.b",
    "blank around": lambda scene: f" {scene.token(sid='s-1')} ",
    "line end behind": lambda scene: scene.token(sid="s-1") + "\n",
    "base64 padding": lambda scene: scene.token(sid="s-1") + "==",
    "not ASCII": lambda _: "é.é.é",
    "a JSON serialisation": lambda scene: f'{{"payload":"{scene.token(sid="s-1")}"}}',
}


@pytest.mark.parametrize("name", BROKEN)
async def test_logout_01_a_token_that_breaks_a_rule_is_400_and_ends_nothing(
    scene: LogoutScene, name: str
) -> None:
    cookie = await scene.sign_in(sid="s-1")
    answer = await scene.tell(BROKEN[name](scene))

    assert answer.status == 400
    assert code_of(answer) in (2040, 2041)
    await scene.assert_nothing_ended(cookie, answer)


GOOD: dict[str, Make] = {
    "by sid": claims(),
    "by sub": claims(sid=MISSING, sub="ada"),
    "by both": claims(sub="ada"),
    "typ JWT": header(typ="JWT"),
    "typ in capitals": header(typ="LOGOUT+JWT"),
    "no typ": header(typ=MISSING),
    "no kid, one key": header(kid=MISSING),
    "aud a list": lambda scene: scene.token(sid="s-1", aud=[scene.corp.client_id]),
    "iat a little ahead": times(iat=45, exp=120),
    "iat some minutes ago": times(iat=-570),
    "exp a moment ago": times(exp=-45, iat=-100),
    "event with members": claims(events={EVENT: {"x": 1}, "https://more.example": {}}),
    "sub null": claims(sub=None),
    "claims of its own": claims(trace_id="x", toe=1),
}


@pytest.mark.parametrize("name", GOOD)
async def test_logout_01_a_token_that_keeps_every_rule_ends_the_session_and_says_nothing(
    scene: LogoutScene, name: str
) -> None:
    cookie = await scene.sign_in(sid="s-1")
    assert done(await scene.tell(GOOD[name](scene)))

    assert not await scene.is_in(cookie)
    ended = await scene.store.browser_session(hash_of(cookie))
    assert isinstance(ended, Tombstone)
    assert (ended.reason, ended.ended_by) == (EndReason.BACK_CHANNEL, "provider:corp")


async def test_logout_01_an_id_token_is_no_logout_token_even_with_what_that_needs(scene: LogoutScene) -> None:
    id_tokens: list[str] = []
    scene.corp.lies.id_token = lambda token: id_tokens.append(token) or token  # type: ignore[func-returns-value]
    cookie = await scene.sign_in(sid="s-1")
    (id_token,) = id_tokens
    dressed_up = scene.token(
        LogoutToken(header=change(typ=MISSING)), sid="s-1", sub="ada", nonce="n", events=MISSING
    )

    await scene.assert_nothing_ended(cookie, await scene.tell(id_token))
    await scene.assert_nothing_ended(cookie, await scene.tell(dressed_up))


@pytest.mark.parametrize("typ", ["logout+jwt", "JWT", MISSING], ids=["logout+jwt", "jwt", "untyped"])
async def test_logout_01_a_logout_token_is_no_id_token_even_with_the_nonce_of_the_login(
    scene: LogoutScene, typ: Any
) -> None:
    begun = await scene.begin(sid="s-1")
    scene.corp.lies.header = change(typ=typ)
    scene.corp.lies.claims = change(sid="s-1", jti="j-1", events={EVENT: {}})
    answer = await scene.come_back(begun)

    assert answer.status == 403
    assert [line for line in answer.all("set-cookie") if line.startswith("outerward=")] == []
    assert (await scene.store.users(limit=1, before=None)).items == []


async def test_logout_01_a_token_counts_once(scene: LogoutScene) -> None:
    token = scene.token(sub="ada")
    first = await scene.sign_in(sid="s-1")
    assert done(await scene.tell(token))
    again = await scene.sign_in(sid="s-2")
    answer = await scene.tell(token)

    assert (answer.status, code_of(answer)) == (400, 2042)
    await scene.assert_nothing_ended(again, answer)
    assert not await scene.is_in(first)


async def test_logout_01_a_jti_counts_once_whatever_else_the_token_says_and_for_its_issuer_alone(
    scene: LogoutScene,
) -> None:
    cookie = await scene.sign_in(sid="s-1")
    elsewhere = LogoutToken().signed_by(scene.okta, sid="s-9", jti="j-1")
    assert done(await scene.tell(elsewhere, target=BACK[:-4] + "okta", host="okta.localhost"))
    assert done(await scene.tell(scene.token(sid="unknown", jti="j-1")))
    answer = await scene.tell(scene.token(sid="s-1", jti="j-1"))

    assert (answer.status, code_of(answer)) == (400, 2042)
    await scene.assert_nothing_ended(cookie, answer)


async def test_logout_01_a_token_that_was_refused_is_not_used_up(scene: LogoutScene) -> None:
    cookie = await scene.sign_in(sid="s-1")
    await scene.tell(scene.token(sid="s-1", jti="j-1", nonce="n"))
    await scene.tell(scene.token(LogoutToken(signature=sign_with(fresh_key())), sid="s-1", jti="j-1"))

    assert done(await scene.tell(scene.token(sid="s-1", jti="j-1")))
    assert not await scene.is_in(cookie)


async def test_logout_01_two_keys_and_no_kid_is_nobodys_token(scene: LogoutScene) -> None:
    cookie = await scene.sign_in(sid="s-1")
    other = fresh_key()
    unnamed = LogoutToken(header=change(kid=MISSING), signature=sign_with(other))
    scene.corp.lies.key_set = lambda keys: {"keys": [*keys["keys"], public_part(other)]}

    await scene.assert_nothing_ended(cookie, await scene.tell(scene.token(unnamed, sid="s-1")))


async def test_logout_01_a_key_that_is_new_since_the_login_is_fetched_and_believed(
    scene: LogoutScene,
) -> None:
    cookie = await scene.sign_in(sid="s-1")
    scene.corp.key = fresh_key()

    assert done(await scene.tell(scene.token(sid="s-1")))
    assert not await scene.is_in(cookie)


async def test_logout_01_tokens_of_unknown_keys_make_no_storm_at_the_provider(scene: LogoutScene) -> None:
    await scene.sign_in(sid="s-1")
    for number in range(30):
        answer = await scene.tell(scene.token(LogoutToken(header=change(kid=f"k-{number}")), sid="s-1"))
        assert answer.status == 400

    assert scene.corp.hits["/keys"] <= 2


async def test_logout_01_a_refusal_tells_the_caller_no_reason_and_the_log_no_token(
    scene: LogoutScene,
) -> None:
    tokens = [scene.token(sid="s-1", aud="them"), scene.token(sid="s-1", nonce="n"), base64url(b"x") + ".a.b"]
    answers = [await scene.tell(token) for token in tokens]
    told = [entry for entry in scene.edge.logged if entry["event"] == "logout_refused"]

    assert {(answer.status, code_of(answer)) for answer in answers} == {(400, 2041)}
    assert [entry["reason"] for entry in told] == ["invalid_token"] * 3
    assert not any(part in str(told) for token in tokens for part in token.split(".") if len(part) > 8)
