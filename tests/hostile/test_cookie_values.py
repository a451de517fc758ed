"""COOKIE rows after real OpenID logins at the whole edge: no value but a live session's own is a session.

Whatever a login, a refresh, a logout or an administrator leaves behind, in a browser, at the provider or in
the store, opens nothing; and nothing of an ended session does.
"""

import hashlib
import itertools
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Iterable
from urllib.parse import parse_qsl, urlsplit

import pytest

from proxy.login.transaction import Stage, key_of
from session_store import BrowserSession, EndReason, Store, Tombstone
from tests.support.edge import HOST, ada, hash_of, route, running_edge
from tests.support.http_client import exchange, request
from tests.support.logout_tokens import LOGOUT, SECOND, TYPED_IN, LogoutScene, cookies_in, logout_scene
from tests.support.redis_server import RedisServer
from tests.support.upstreams import Echo, Scripted, always, ok, received

STAGES: tuple[Stage, ...] = ("login", "answered", "asked", "logout")
_USABLE = re.compile(r"[A-Za-z0-9_.~+/=-]{1,4000}")


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[LogoutScene]:
    async with logout_scene(store, end_session=True, response_mode="form_post") as running:
        running.corp.refresh_tokens.given = True
        yield running


def spellings(value: str) -> set[str]:
    """``value``, as much of it as fits, and what it is kept or sent as."""
    digest = hashlib.sha256(value.encode()).digest()
    coded = [urlsafe_b64encode(each).decode().rstrip("=") for each in (value.encode(), digest)]
    return {value, value[:43], value[-43:], value.rstrip("="), *coded, digest.hex()}


async def assert_nobody(scene: LogoutScene, values: Iterable[str]) -> None:
    """Each of ``values`` as a session cookie: anonymous, and nothing reaches the application."""
    before = scene.upstream.hits
    spelled = {each for value in values for each in spellings(value)}
    tried = sorted(each for each in spelled if _USABLE.fullmatch(each))
    assert len(tried) > 3
    for start in range(0, len(tried), 50):
        some = tried[start : start + 50]
        data = b"".join(request(headers=[("Cookie", f"outerward={value}")]) for value in some)
        answers = await exchange(scene.edge.port, data, *["GET"] * len(some))
        assert [v for v, a in zip(some, answers, strict=True) if a.problem != (401, "2000")] == []
    assert scene.upstream.hits == before


async def posted(scene: LogoutScene, callback: str) -> str:
    """The provider's post of a callback, which brings no cookie: where the browser is sent on."""
    path, _, query = callback.partition("?")
    answer = await scene.send(query.encode(), ("Origin", scene.corp.issuer), target=path)
    assert answer.status == 303, answer.body
    return answer.header("location")


async def test_cookie_16_lessons_49_and_58_nothing_that_a_login_is_made_of_is_a_session(
    scene: LogoutScene,
) -> None:
    tokens: list[str] = []

    def kept(token: str) -> str:
        tokens.append(token)
        return token

    begun = await scene.begin(sid="s-1")
    name, _, secret = begun.cookie.partition("=")
    sent = dict(parse_qsl(urlsplit(begun.callback).query))
    state = sent["state"]
    values = [name, name[-8:], secret, *sent.values(), *(key_of(stage, state) for stage in STAGES)]
    await assert_nobody(scene, values)
    scene.corp.lies.id_token = kept
    finish = await posted(scene, begun.callback)
    await assert_nobody(scene, [*values, finish.partition("state=")[2]])
    landing = await scene.get(finish, cookie=begun.cookie)
    cookie = cookies_in(landing)["outerward"]
    values += [*tokens, *tokens[0].split("."), "an-access-token", "refresh-0.0", "s-1", "ada"]

    assert await scene.is_in(cookie)
    await assert_nobody(scene, values)
    assert cookie not in values


async def test_cookie_16_lesson_61_no_id_that_anybody_is_shown_is_a_session(scene: LogoutScene) -> None:
    cookie = await sign_in(scene)
    asked = received(await scene.edge.ask(cookie=cookie))
    (view,) = (await scene.store.sessions(limit=10, before=None)).items
    (person,) = (await scene.store.users(limit=10, before=None)).items
    token, secret = await scene.store.create_token("t", "admin", None)
    page = await scene.get("/.outerward/login?provider=none")
    request_id = re.search(rb"Request <span>([^<]+)", page.body)
    assert request_id is not None

    await assert_nobody(
        scene,
        [
            *asked.all("X-Outerward-Session"),
            *asked.all("X-Request-Id"),
            view.session.id,
            view.session.endpoint.id,
            person.user.id,
            person.user.tag,
            token.id,
            secret,
            secret.partition("_")[2],
            request_id[1].decode(),
        ],
    )


async def test_cookie_16_no_key_and_no_record_of_the_store_is_a_session(
    scene: LogoutScene, store_url: str
) -> None:
    """Logins under way and answered, logouts, names, memories, tokens of the API: as keys and as values."""
    live = await sign_in(scene)
    await posted(scene, (await scene.begin(sid="s-2")).callback)
    await scene.begin()
    left = await sign_in(scene)
    away = await scene.get(LOGOUT, cookie=f"outerward={left}", headers=TYPED_IN)
    assert away.status == 302
    await scene.tell(scene.token(sid="nobody's"))
    await scene.get("/.outerward/callback/corp?state=x&code=y")
    await scene.store.create_token("t", "read", None)

    values: list[str] = []
    for key, held in everything_in(store_url):
        values += [part.strip("{}") for part in key.decode("latin-1").split(":") if part]
        values += [word for value in held for word in _words(value)]
    assert len(values) > 40
    assert live not in values
    assert dict(parse_qsl(urlsplit(away.header("location")).query))["state"] not in values
    await assert_nobody(scene, values)
    assert await scene.is_in(live)


def everything_in(store_url: str) -> list[tuple[bytes, list[bytes]]]:
    """Every key of the store, and what it holds."""
    server = RedisServer.looking_at(store_url)
    found: list[tuple[bytes, list[bytes]]] = []
    for key in server.scan_iter(count=1000):
        match server.type(key):
            case b"string":
                found.append((key, [server.get(key) or b""]))
            case b"hash":
                found.append((key, [*itertools.chain(*server.hgetall(key).items())]))
            case _:
                found.append((key, []))
    server.close()
    return found


def _words(value: bytes) -> list[str]:
    """A value, coded, and every run of letters in it that could be a cookie's."""
    return [
        urlsafe_b64encode(value).decode()[:4000],
        *(word.decode() for word in re.findall(rb"[A-Za-z0-9_-]{8,}", value)),
    ]


async def sign_in(scene: LogoutScene, host: str = HOST) -> str:
    """A whole login by form post; the session cookie's value."""
    begun = await scene.begin(host=host)
    path, _, query = begun.callback.partition("?")
    answer = await scene.send(query.encode(), ("Origin", scene.corp.issuer), target=path, host=host)
    landing = await scene.get(answer.header("location"), cookie=begun.cookie, host=host)
    cookie = cookies_in(landing)["outerward"]
    assert await scene.is_in(cookie, host)
    return cookie


async def test_lessons_66_and_67_nothing_of_an_ended_session_opens_anything(scene: LogoutScene) -> None:
    """Session and login cookie, the callback, the way on: each again, after the logout."""
    begun = await scene.begin(sid="s-1")
    finish = await posted(scene, begun.callback)
    landing = await scene.get(finish, cookie=begun.cookie)
    cookie = cookies_in(landing)["outerward"]
    assert await scene.is_in(cookie)
    await scene.get(LOGOUT, cookie=f"outerward={cookie}", headers=TYPED_IN)
    jar = f"outerward={cookie}; {begun.cookie}"

    assert not await scene.is_in(cookie)
    path, _, query = begun.callback.partition("?")
    replies = [
        await scene.get(finish, cookie=jar),
        await scene.get(finish, cookie=begun.cookie),
        await scene.send(query.encode(), ("Origin", scene.corp.issuer), target=path),
        await scene.send(query.encode(), ("Cookie", jar), target=path),
        await scene.get(begun.callback, cookie=jar),
    ]
    assert [reply.status for reply in replies] == [400] * 5
    assert [cookies_in(reply) for reply in replies] == [{}] * 5
    assert scene.corp.hits["/token"] == 1
    assert (await scene.store.sessions(limit=10, before=None)).items == []


async def test_cookie_02_lesson_6_a_planted_value_is_never_adopted(scene: LogoutScene) -> None:
    planted = "p" * 43
    begun = await scene.begin()
    finish = await posted(scene, begun.callback)
    landing = await scene.get(finish, cookie=f"outerward={planted}; {begun.cookie}")

    assert cookies_in(landing)["outerward"] != planted
    assert not await scene.is_in(planted)
    assert await scene.is_in(cookies_in(landing)["outerward"])


@pytest.mark.parametrize("kept", ["both", "session", "login"])
async def test_lesson_53_whatever_cookies_a_shared_browser_kept_the_second_person_is_the_second(
    scene: LogoutScene, kept: str
) -> None:
    first = await scene.begin(sub="ada")
    landing = await scene.get(await posted(scene, first.callback), cookie=first.cookie)
    old = cookies_in(landing)["outerward"]
    second = await scene.begin(sub="bob")
    finish = await posted(scene, second.callback)
    jar = {
        "both": [f"outerward={old}", first.cookie],
        "session": [f"outerward={old}"],
        "login": [first.cookie],
    }
    landing = await scene.get(finish, cookie="; ".join([*jar[kept], second.cookie]))
    asked = received(await scene.edge.ask(cookie=cookies_in(landing)["outerward"]))

    assert asked.all("X-Forwarded-User") == ["bob"]
    if kept != "login":
        assert isinstance(await scene.store.browser_session(hash_of(old)), Tombstone)


async def test_lesson_57_signing_in_again_as_somebody_else_is_a_new_session_and_never_a_merge(
    scene: LogoutScene,
) -> None:
    """An administrator ended Ada's session; the provider is asked anew, and there it is Bob who signs in."""
    old = await sign_in(scene)
    await scene.store.end_browser_session(hash_of(old), EndReason.REVOKED, "admin")
    own_page = [
        ("Accept", "text/html"),
        ("Sec-Fetch-Mode", "navigate"),
        ("Sec-Fetch-Site", "same-origin"),
        ("Origin", f"http://{HOST}"),
        ("Cookie", f"outerward={old}"),
    ]
    away = await scene.edge.ask("/.outerward/login?redirect_path=/", method="POST", headers=own_page)
    query = dict(parse_qsl(urlsplit(away.header("location")).query))
    ((name, value),) = cookies_in(away).items()
    scene.corp.user["sub"] = "bob"
    answer = scene.corp.authorize(away.header("location"))
    finish = await posted(scene, "/.outerward/callback/corp?" + "&".join(f"{k}={v}" for k, v in answer))
    landing = await scene.get(finish, cookie=f"outerward={old}; {name}={value}")
    new = await scene.store.browser_session(hash_of(cookies_in(landing)["outerward"]))

    assert query["prompt"] == "login"
    assert isinstance(new, BrowserSession)
    assert new.principal.subject == "bob"
    assert not await scene.is_in(old)


async def test_lesson_20_subjects_that_differ_in_case_alone_are_two_people(scene: LogoutScene) -> None:
    for subject in ("bob", "Bob", "BOB"):
        begun = await scene.begin(sub=subject)
        await scene.get(await posted(scene, begun.callback), cookie=begun.cookie)
    people = (await scene.store.users(limit=10, before=None)).items

    assert sorted(view.user.principal.subject for view in people) == ["BOB", "Bob", "bob"]
    assert len({view.user.id for view in people}) == 3


async def test_lesson_21_what_must_not_be_guessed_is_random_in_every_bit(scene: LogoutScene) -> None:
    """32 logins: no value twice; no bit of a session, login, state, nonce or challenge is always the same."""
    made: dict[str, list[str]] = {"session": [], "login": [], "state": [], "nonce": [], "code_challenge": []}
    for _ in range(32):
        away = await scene.get("/.outerward/login")
        query = dict(parse_qsl(urlsplit(away.header("location")).query))
        ((name, secret),) = cookies_in(away).items()
        answer = scene.corp.authorize(away.header("location"))
        finish = await posted(scene, "/.outerward/callback/corp?" + "&".join(f"{k}={v}" for k, v in answer))
        landing = await scene.get(finish, cookie=f"{name}={secret}")
        made["session"].append(cookies_in(landing)["outerward"])
        made["login"].append(secret)
        for kind in ("state", "nonce", "code_challenge"):
            made[kind].append(query[kind])

    values = [value for kind in made.values() for value in kind]
    assert len(set(values)) == len(values) == 160
    assert {len(value) for value in values} == {43}
    for one_kind in made.values():
        bits = [int.from_bytes(urlsafe_b64decode(value + "="), "big") for value in one_kind]
        ones = [sum(number >> place & 1 for number in bits) for place in range(256)]
        # A fair bit is the same in all 32 once in two billion times.
        assert min(ones) > 0
        assert max(ones) < 32


SET_COOKIES = [
    "outerward=evil",
    "outerward=evil; Domain=localhost; Path=/",
    "outerward=evil; Max-Age=0",
    "outerward=; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    "outerward",
    "outerward;",
    "=outerward=evil",
    "==outerward=evil",
    "= outerward=evil",
    "\touterward\t=evil",
    "outerward =evil",
    'outerward="evil"',
    "__Host-outerward=evil; Secure; Path=/",
    "=__Host-outerward=evil",
    "outerward-login-AAAAAAAA=evil",
    "outerward-login-=evil",
    "__Host-outerward-login-AAAAAAAA=evil; Secure; Path=/",
    "outerward-admin=evil",
    "__Host-outerward-admin=evil",
]


@pytest.mark.parametrize("status", ["200 OK", "302 Found", "404 Not Found", "500 X"])
async def test_cookie_11_no_spelling_of_a_cookie_of_ours_comes_from_an_upstream(
    store: Store, status: str
) -> None:
    names = ("Set-Cookie", "set-cookie", "SET-COOKIE", "Set-cookie")
    lines = [f"{name}: {line}" for name, line in zip(itertools.cycle(names), SET_COOKIES, strict=False)]
    lines += ["Set-Cookie: app=good, outerward=part-of-the-value", "Set-Cookie: xouterward=1"]
    answer = ok(b"", *lines).replace(b"200 OK", status.encode(), 1)
    async with (
        Scripted.running(always(answer)) as upstream,
        running_edge(store, [route(upstream, public_paths=["/public"])]) as edge,
    ):
        seen = [await edge.ask(cookie=await edge.sign_in()), await edge.ask("/public")]

    assert [each.status for each in seen] == [int(status[:3])] * 2
    for each in seen:
        assert each.all("set-cookie") == ["app=good, outerward=part-of-the-value", "xouterward=1"]


async def test_cookie_06_no_difference_in_a_secure_cookie_is_overlooked(store: Store) -> None:
    async with Echo.running() as upstream, running_edge(store, [route(upstream, secure=True)]) as edge:
        cookie = await edge.sign_in(HOST, ada())
        wrong = [f"__Host-outerward={cookie[:length]}" for length in range(len(cookie))]
        wrong += [f"__Host-outerward={cookie}{more}" for more in ("A", "=", ".", "%3D", "\xff")]
        wrong += [f"__Host-outerward={cookie[:place]}*{cookie[place + 1 :]}" for place in range(43)]
        wrong += [f"{name}={cookie}" for name in ("outerward", "__host-outerward", "__Secure-outerward")]
        wrong += [f"__Host-outerward={each}" for each in (cookie.swapcase(), f'"{cookie}"', cookie[::-1])]
        data = b"".join(request(headers=[("Cookie", each)]) for each in wrong)
        answers = await exchange(edge.port, data, *["GET"] * len(wrong))

        assert {answer.problem for answer in answers} == {(401, "2000")}
        assert upstream.hits == 0
        assert (await edge.ask(headers=[("Cookie", f"__Host-outerward={cookie}")])).status == 200


async def test_cookie_04_the_cookie_of_one_host_is_nobody_at_another_of_the_same_provider(
    scene: LogoutScene,
) -> None:
    first, second = await sign_in(scene), await sign_in(scene, SECOND)

    assert not await scene.is_in(first, SECOND)
    assert not await scene.is_in(second)
