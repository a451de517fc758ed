"""REDIR-04 and REDIR-06 at every address of ours that takes a return path, or could be thought to."""

from collections.abc import AsyncIterator, Awaitable, Callable
from urllib.parse import quote, urlencode, urlsplit

import pytest

from session_store import Store
from tests.support.edge import HOST
from tests.support.http_client import Answer, Headers
from tests.support.logout_tokens import (
    BACK,
    BROWSER,
    FRONT,
    LOGOUT,
    SIGNED_OUT,
    TYPED_IN,
    LogoutScene,
    cookies_in,
    logout_scene,
)

OWN_PAGE: Headers = (*BROWSER, ("Sec-Fetch-Site", "same-origin"), ("Origin", f"http://{HOST}"))
ORIGIN = f"http://{HOST}"

LOOPS = [
    "/.outerward/logout",
    "/.outerward/logout?redirect_path=/.outerward/logout",
    "/.outerward/login",
    "/.outerward/login?redirect_path=/.outerward/login",
    "/.outerward/callback/corp?code=x&state=y",
    "/.outerward/callback/corp/finish?state=y",
    "/.outerward/signed-out?state=y",
    "/.outerward/frontchannel-logout/corp?iss=x&sid=y",
    "/.outerward",
    "/.outerward/",
    "/%2eouterward/logout",
    "/%2Eouterward/logout",
    "/.%6futerward/logout",
    "/%252eouterward/logout",
    "/x/../.outerward/logout",
    "/./.outerward/logout",
    "//.outerward/logout",
    "/.outerward//logout",
    "/.outerward\\logout",
    "/ngrok/logout",
    "/ngrok/login",
    "/%6egrok/logout",
]
POISONS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "\tjavascript:alert(1)",
    "java\nscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "/x\r\nSet-Cookie: outerward=evil",
    "/%0d%0aSet-Cookie:%20outerward=evil",
    "/%250d%250aSet-Cookie:%20outerward=evil",
    "/%E5%98%8A%E5%98%8DSet-Cookie:outerward=evil",
    "/x?y=%0d%0aSet-Cookie:outerward=evil",
    "/x\x00",
    "/%00",
    "/\u2028x",
    "//evil.example",
    "/\\evil.example",
    "https:evil.example",
    "https://evil.example/",
    f"{ORIGIN}@evil.example/",
    "",
]
DEFAULT = "/"
STAYS = "/%E5%98%8A%E5%98%8DSet-Cookie:outerward=evil"
"""A path like another, but for somebody who cuts its letters to one octet: then these are a line end."""

Going = Callable[[LogoutScene, str], Awaitable[Answer]]


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[LogoutScene]:
    async with logout_scene(store) as running:
        yield running


async def landing_of(scene: LogoutScene, away: Answer, more: str = "") -> Answer:
    """Where a login that was begun ends; ``more`` is added to the callback."""
    assert away.status in (302, 303), away.body
    jar = "; ".join(f"{name}={value}" for name, value in cookies_in(away).items())
    answer = scene.corp.authorize(away.header("location"))
    return await scene.get(f"/.outerward/callback/corp?{urlencode(answer)}{more}", cookie=jar)


def by_login(path: str, name: str, prefix: str = "") -> Going:
    async def go(scene: LogoutScene, value: str) -> Answer:
        joint = "&" if "?" in path else "?"
        return await landing_of(scene, await scene.get(path + joint + urlencode({name: prefix + value})))

    return go


async def by_another_account(scene: LogoutScene, value: str) -> Answer:
    query = urlencode({"redirect_path": value, "account": "other"})
    away = await scene.edge.ask(f"/.outerward/login?{query}", method="POST", headers=OWN_PAGE)
    return await landing_of(scene, away)


async def by_issuer(scene: LogoutScene, value: str) -> Answer:
    query = urlencode({"iss": scene.corp.issuer, "target_link_uri": ORIGIN + value})
    return await landing_of(scene, await scene.get(f"/.outerward/login?{query}"))


def by_logout(path: str, method: str = "GET") -> Going:
    async def go(scene: LogoutScene, value: str) -> Answer:
        headers = OWN_PAGE if method == "POST" else TYPED_IN
        target = f"{path}?{urlencode({'redirect_path': value})}"
        cookie = await scene.edge.sign_in()
        sent = [*headers, ("Cookie", f"outerward={cookie}")]
        answer = await scene.edge.ask(target, method=method, headers=sent)
        again = await scene.edge.ask(target, method=method, headers=headers)
        assert again.header("location") == answer.header("location")
        return answer

    return go


GOING: dict[str, Going] = {
    "login": by_login("/.outerward/login", "redirect_path"),
    "login at a provider": by_login("/.outerward/login?provider=corp", "redirect_path"),
    "login, the old address": by_login("/ngrok/login", "redirect_path"),
    "login as somebody else": by_another_account,
    "login by target_link_uri": by_login("/.outerward/login", "target_link_uri", ORIGIN),
    "login by a third party": by_issuer,
    "logout": by_logout(LOGOUT),
    "logout by the button": by_logout(LOGOUT, "POST"),
    "logout, the old address": by_logout("/ngrok/logout"),
}
WHOLE = ("login", "logout")
"""Where every value is tried; the others go the same way, and a few show it."""


@pytest.mark.parametrize("address", GOING)
async def test_redir_04_nobody_is_sent_back_to_an_address_of_ours(scene: LogoutScene, address: str) -> None:
    for value in LOOPS if address in WHOLE else LOOPS[::5]:
        answer = await GOING[address](scene, value)
        assert answer.header("location") == DEFAULT, value
    good = await GOING[address](scene, "/report?x=/.outerward/logout")
    assert good.header("location") == "/report?x=/.outerward/logout"


@pytest.mark.parametrize("address", GOING)
async def test_redir_06_what_is_no_path_leads_to_the_default_page_and_injects_nothing(
    scene: LogoutScene, address: str
) -> None:
    for value in POISONS if address in WHOLE else POISONS[::4]:
        answer = await GOING[address](scene, value)
        wanted = {STAYS: STAYS, "": SIGNED_OUT if "logout" in address else DEFAULT}.get(value, DEFAULT)
        assert answer.header("location") in {wanted, DEFAULT}, value
        assert not any("evil" in line for line in answer.all("set-cookie"))
        assert "evil" not in answer.header("location") or value == STAYS


@pytest.mark.parametrize("name", ["redirect_path", "target_link_uri", "rd", "next", "return_to", "url"])
async def test_redir_04_and_06_the_callback_takes_no_return_path(scene: LogoutScene, name: str) -> None:
    for value in ("//evil.example", "/.outerward/logout", "/%0d%0aSet-Cookie:x=y", "/elsewhere"):
        away = await scene.get("/.outerward/login?redirect_path=/report")
        landing = await landing_of(scene, away, f"&{name}={quote(value, safe='')}")
        assert landing.header("location") == "/report"
        assert {line.partition("=")[0] for line in landing.all("set-cookie")} <= {
            "outerward",
            *cookies_in(away),
        }


async def test_redir_04_and_06_the_way_on_after_a_form_post_takes_no_return_path(store: Store) -> None:
    async with logout_scene(store, response_mode="form_post") as scene:
        for value in ("//evil.example", "/.outerward/logout", "/%0d%0aSet-Cookie:x=y", "/elsewhere"):
            begun = await scene.begin(path="/report")
            path, _, query = begun.callback.partition("?")
            more = f"&redirect_path={quote(value, safe='')}"
            arrived = await scene.send(
                (query + more).encode(), ("Origin", scene.corp.issuer), target=path + "?" + more[1:]
            )
            assert urlsplit(arrived.header("location")).path == f"{path}/finish"
            landing = await scene.get(arrived.header("location") + more, cookie=begun.cookie)
            assert landing.header("location") == "/report"
            assert "outerward" in cookies_in(landing)


@pytest.mark.parametrize("target", [SIGNED_OUT, FRONT, BACK])
async def test_redir_04_and_06_no_other_page_takes_a_return_path(scene: LogoutScene, target: str) -> None:
    for name in ("redirect_path", "target_link_uri", "post_logout_redirect_uri", "rd"):
        for value in (*LOOPS[:2], *POISONS[::3]):
            answer = await scene.get(f"{target}?{name}={quote(value, safe='')}")
            assert answer.header("location") == ""
            assert answer.status < 500
            assert b"evil" not in answer.body
            assert answer.all("set-cookie") == []


async def test_redir_06_an_address_that_needs_a_session_comes_back_as_it_was_or_to_the_default_page(
    scene: LogoutScene,
) -> None:
    """The return path that the edge writes by itself, from a target that a link elsewhere has chosen."""
    for target in ("/report?x=%0d%0aSet-Cookie:y=z", "//evil.example/", "/%5cevil.example"):
        sent = await scene.get(target)
        if sent.status == 400:
            continue
        assert urlsplit(sent.header("location")).netloc == ""
        landing = await landing_of(scene, await scene.get(sent.header("location")))
        assert landing.header("location") == DEFAULT
        assert not any(line.startswith("y=") for line in landing.all("set-cookie"))
    plain = await scene.get("/report?x=1&y=%2F")
    landing = await landing_of(scene, await scene.get(plain.header("location")))
    assert landing.header("location") == "/report?x=1&y=%2F"
    assert scene.upstream.hits == 0
