"""OIDC-01 to -04, -18, -24, -25 at the whole edge, and what breaks logins elsewhere: tabs, cookies, XHR."""

from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest

from session_store import Store
from tests.support.hostile_oidc import MISSING, change
from tests.support.http_client import Answer, Headers
from tests.support.logout_tokens import BROWSER, Begun, LogoutScene, code_of, cookies_in, logout_scene

Parameters = list[tuple[str, str]]
Edit = Callable[[Parameters], Parameters]

CALLBACK = "/.outerward/callback/corp"
MALFORMED, UNKNOWN, SIGNED_IN, INVALID, REFUSED = 2010, 2011, 2012, 2024, 2028


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[LogoutScene]:
    async with logout_scene(store) as running:
        yield running


def parameters_of(begun: Begun) -> Parameters:
    return parse_qsl(urlsplit(begun.callback).query)


def edited(begun: Begun, edit: Edit) -> Begun:
    return Begun(f"{CALLBACK}?{urlencode(edit(parameters_of(begun)))}", begun.cookie, begun.host)


def put(**values: str) -> Edit:
    return lambda given: [*((n, v) for n, v in given if n not in values), *values.items()]


def drop(*names: str) -> Edit:
    return lambda given: [(name, value) for name, value in given if name not in names]


async def assert_nobody_came_in(scene: LogoutScene, answer: Answer, *codes: int) -> None:
    assert 400 <= answer.status < 500, answer.body
    assert code_of(answer) in codes, answer.body
    assert cookies_in(answer) == {}
    assert (await scene.store.users(limit=10, before=None)).items == []
    assert scene.corp.codes_sent == []
    assert scene.upstream.hits == 0


CALLBACKS: dict[str, tuple[Edit, tuple[int, ...]]] = {
    "OIDC-01 no state": (drop("state"), (MALFORMED,)),
    "OIDC-01 an empty state": (put(state=""), (MALFORMED,)),
    "OIDC-01 nothing at all": (lambda _: [], (MALFORMED,)),
    "OIDC-01 another state": (put(state="x" * 43), (UNKNOWN,)),
    "OIDC-01 a cut state": (lambda p: put(state=dict(p)["state"][:-1])(p), (UNKNOWN,)),
    "OIDC-01 a longer state": (lambda p: put(state=dict(p)["state"] + "A")(p), (UNKNOWN,)),
    "OIDC-01 a state in another case": (lambda p: put(state=dict(p)["state"].swapcase())(p), (UNKNOWN,)),
    "OIDC-01 state twice": (lambda p: [*p, ("state", dict(p)["state"])], (MALFORMED,)),
    "OIDC-18 iss of another": (put(iss="https://other.example"), (INVALID,)),
    "OIDC-18 iss missing": (drop("iss"), (INVALID,)),
    "OIDC-18 iss empty": (put(iss=""), (INVALID,)),
    "OIDC-18 iss with a slash": (lambda p: put(iss=dict(p)["iss"] + "/")(p), (INVALID,)),
    "OIDC-18 iss in capitals": (lambda p: put(iss=dict(p)["iss"].upper())(p), (INVALID,)),
    "OIDC-18 iss with a blank": (lambda p: put(iss=dict(p)["iss"] + " ")(p), (INVALID,)),
    "OIDC-18 iss twice": (lambda p: [*p, ("iss", dict(p)["iss"])], (MALFORMED,)),
    "OIDC-18 an error from another": (
        lambda p: put(iss="https://other.example", error="access_denied")(drop("code")(p)),
        (INVALID,),
    ),
    "OIDC-24 markup": (lambda p: put(error="<script>alert(1)</script>")(drop("code")(p)), (REFUSED,)),
    "OIDC-24 an error beside a code": (put(error="server_error"), (REFUSED,)),
    "OIDC-25 an ID token in the query": (
        lambda p: put(id_token="e30.e30.", token_type="Bearer")(drop("code")(p)),
        (INVALID,),
    ),
    "OIDC-25 an access token in the query": (
        lambda p: put(access_token="an-access-token", expires_in="3600")(drop("code")(p)),
        (INVALID,),
    ),
    "OIDC-25 a JARM response": (lambda p: put(response="e30.e30.x")(drop("code")(p)), (INVALID,)),
    "OIDC-25 nothing but a fragment's page": (drop("code", "iss"), (INVALID,)),
}


@pytest.mark.parametrize("name", CALLBACKS)
async def test_a_callback_that_is_no_answer_lets_nobody_in_and_sends_no_code(
    scene: LogoutScene, name: str
) -> None:
    edit, codes = CALLBACKS[name]
    begun = await scene.begin()
    answer = await scene.come_back(edited(begun, edit))

    await assert_nobody_came_in(scene, answer, *codes)
    assert b"<script" not in answer.body
    assert await scene.is_in(await scene.sign_in())


@pytest.mark.parametrize(
    "error",
    ["<script>alert(1)</script>", "access_denied", "\x1b[31m\r\n{}", "e" * 5000],
    ids=["markup", "denied", "escapes", "long"],
)
async def test_oidc_24_a_hostile_error_of_any_size_is_cut_and_escaped(store: Store, error: str) -> None:
    """Posted, since no address is so long: 100 kB of markup come to a short page and a short line."""
    markup = f"<img src=x onerror=alert(1)>{'y' * 60}" * 2000
    async with logout_scene(store, response_mode="form_post") as scene:
        begun = await scene.begin()
        told = edited(begun, put(error=error, error_description=markup[:100_000]))
        too_long = await scene.get(told.callback, cookie=begun.cookie)
        path, _, query = told.callback.partition("?")
        page = await scene.send(query.encode(), ("Accept", "text/html"), *BROWSER, target=path)
        (line,) = [entry for entry in scene.edge.logged if entry["event"] == "login_failed"]

        assert too_long.status == 414
        assert 400 <= page.status < 500
        assert len(page.body) < 10_000
        assert not any(text in page.body for text in (b"<script", b"<img", b"onerror", b"\x1b"))
        assert len(line["detail"]) <= 200
        assert str(line["detail"]).isprintable()
        assert scene.corp.codes_sent == []
        assert scene.upstream.hits == 0


async def test_oidc_18_the_answer_of_one_provider_at_the_callback_of_another_is_sent_nowhere(
    scene: LogoutScene,
) -> None:
    """The mix-up: the browser's login was begun with one, and another says that it has answered."""
    begun = await scene.begin()
    crossed = begun.callback.replace("/corp?", "/okta?")
    answer = await scene.get(crossed, cookie=begun.cookie)

    assert answer.status in (400, 404)
    assert scene.corp.codes_sent == scene.okta.codes_sent == []
    assert scene.upstream.hits == 0
    named = edited(begun, put(iss=scene.okta.issuer))
    await assert_nobody_came_in(scene, await scene.come_back(named), INVALID)


async def test_oidc_18_iss_may_be_missing_where_the_provider_does_not_announce_it(scene: LogoutScene) -> None:
    scene.corp.lies.metadata = change(authorization_response_iss_parameter_supported=MISSING)
    begun = await scene.begin()

    assert (await scene.come_back(edited(begun, drop("iss")))).status == 302


async def test_oidc_02_the_answer_to_anothers_login_signs_nobody_in(scene: LogoutScene) -> None:
    attackers, victims = await scene.begin(), await scene.begin()
    name, value = attackers.cookie.partition("=")[0], victims.cookie.partition("=")[2]
    for cookie in (
        "",
        victims.cookie,
        f"{name}={value}",
        f"{name}={'w' * 43}",
        f"{name}=",
        f"x{name}={value}",
    ):
        answer = await scene.get(attackers.callback, cookie=cookie)
        await assert_nobody_came_in(scene, answer, UNKNOWN)

    assert (await scene.come_back(attackers)).status == 302
    assert (await scene.come_back(victims)).status == 302


async def test_oidc_03_the_back_button_is_a_page_with_a_way_on_and_no_second_token_call(
    scene: LogoutScene,
) -> None:
    begun = await scene.begin(path="/report")
    landing = await scene.come_back(begun)
    session = f"outerward={cookies_in(landing)['outerward']}"
    for cookie in (session, f"{session}; {begun.cookie}"):
        again = await scene.get(begun.callback, cookie=cookie)
        assert (again.status, code_of(again), cookies_in(again)) == (400, SIGNED_IN, {})
    stranger = await scene.get(begun.callback, cookie=begun.cookie)

    assert (stranger.status, code_of(stranger)) == (400, UNKNOWN)
    assert scene.corp.hits["/token"] == 1
    assert await scene.is_in(session.partition("=")[2])


async def test_oidc_04_peers_57_five_tabs_that_log_in_at_once_all_work(scene: LogoutScene) -> None:
    tabs = [await scene.begin(path=f"/tab/{number}") for number in range(5)]
    jar = dict(tab.cookie.split("=") for tab in tabs)
    assert len(jar) == 5
    for number, tab in enumerate([*tabs[2:], *tabs[:2]], 2):
        landing = await scene.get(tab.callback, cookie="; ".join(f"{k}={v}" for k, v in jar.items()))
        assert (landing.status, landing.header("location")) == (302, f"/tab/{number % 5}")
        jar |= cookies_in(landing)
        del jar[tab.cookie.partition("=")[0]]

    assert list(jar) == ["outerward"]
    assert await scene.is_in(jar["outerward"])


async def test_peers_58_login_cookies_do_not_pile_up(scene: LogoutScene) -> None:
    jar: dict[str, str] = {}
    for _ in range(20):
        cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
        away = await scene.get("/.outerward/login", cookie=cookie)
        for line in away.all("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            jar.pop(name, None)
            if value:
                jar[name] = value

    assert len(jar) == 5


SCRIPTS: dict[str, Headers] = {
    "fetch": [("Accept", "*/*"), ("Sec-Fetch-Mode", "cors")],
    "no-cors": [("Accept", "text/html"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")],
    "XHR": [("Accept", "text/html"), ("X-Requested-With", "XMLHttpRequest")],
    "curl": [("Accept", "*/*")],
    "nothing": [],
}


@pytest.mark.parametrize("name", SCRIPTS)
async def test_peers_58_no_script_begins_a_login(scene: LogoutScene, name: str) -> None:
    for target in ("/data", "/.outerward/login", "/.outerward/login?provider=corp", "/ngrok/login"):
        answer = await scene.get(target, headers=SCRIPTS[name])
        assert (answer.status, answer.all("set-cookie")) == (401, [])
    assert scene.corp.hits["/.well-known/openid-configuration"] == 0
    assert scene.upstream.hits == 0


async def test_peers_59_two_browsers_that_log_in_at_once_never_mix(scene: LogoutScene) -> None:
    ada = await scene.begin(sub="ada")
    landing = await scene.come_back(ada)
    bob = await scene.begin(sub="bob")
    others = await scene.come_back(bob)
    subjects = []
    for one in (landing, others):
        answer = await scene.edge.ask(cookie=cookies_in(one)["outerward"])
        subjects += [value for name, value in answer.json["headers"] if name == "X-Forwarded-User"]

    assert subjects == ["ada", "bob"]


async def test_peers_60_a_login_that_came_to_nothing_leaves_an_open_session_open(scene: LogoutScene) -> None:
    session = f"outerward={await scene.sign_in()}"
    for callback in (f"{CALLBACK}?code=x&state={'y' * 43}", f"{CALLBACK}?error=access_denied&state=z"):
        answer = await scene.get(callback, cookie=f"{session}; outerward-login-AAAAAAAA={'a' * 43}")
        assert (answer.status, code_of(answer)) == (400, SIGNED_IN)
        assert b'href="/"' in answer.body
        assert answer.all("set-cookie") == []
    assert await scene.is_in(session.partition("=")[2])


@pytest.mark.parametrize(
    "query",
    [
        "scope=openid+admin",
        "redirect_uri=https://evil.example/",
        "client_id=evil&response_type=token",
        "prompt=none&max_age=0&login_hint=root&acr_values=0",
        "state=mine&nonce=mine&code_challenge=mine&code_challenge_method=plain",
        "response_mode=fragment&request=e30.e30.&request_uri=https://evil.example/r",
        "claims=%7B%7D&id_token_hint=x&registration=x&resource=https://evil.example",
    ],
    ids=["scope", "redirect_uri", "client", "prompt", "secrets", "mode", "claims"],
)
async def test_lesson_39_nobody_outside_chooses_what_the_provider_is_asked(
    scene: LogoutScene, query: str
) -> None:
    asked = dict(parse_qsl(urlsplit((await begin_with(scene, "")).header("location")).query))
    chosen = dict(parse_qsl(urlsplit((await begin_with(scene, f"?{query}")).header("location")).query))
    fresh = ("state", "nonce", "code_challenge")

    assert {k: v for k, v in chosen.items() if k not in fresh} == {
        k: v for k, v in asked.items() if k not in fresh
    }
    assert not {asked[name] for name in fresh} & {chosen[name] for name in fresh}
    assert "mine" not in chosen.values()


@pytest.mark.parametrize("name", ["redirect_path", "provider", "iss", "target_link_uri", "account"])
async def test_lesson_39_a_parameter_of_ours_that_comes_twice_begins_no_login(
    scene: LogoutScene, name: str
) -> None:
    value = quote({"provider": "corp", "iss": scene.corp.issuer}.get(name, "/a"), safe="")
    answer = await begin_with(scene, f"?{name}={value}&{name}={value}")

    assert (answer.status, answer.all("set-cookie")) == (400, [])


async def begin_with(scene: LogoutScene, query: str) -> Answer:
    return await scene.get(f"/.outerward/login{query}", headers=BROWSER)
