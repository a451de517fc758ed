"""LOGOUT-08 and R2: no logout, nor the way back from one, leads off the host or trusts what it is sent."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from idp_adapters.oidc.session import read_memory
from session_store import BrowserSession, Store, Tombstone
from tests.support.edge import HOST, hash_of
from tests.support.logout_tokens import (
    BROWSER,
    LOGOUT,
    OKTA,
    SECOND,
    SIGNED_OUT,
    TYPED_IN,
    LogoutScene,
    code_of,
    logout_scene,
)
from tests.support.redirect_corpus import corpus, leaves

LINES = corpus()
OURS = f"http://{HOST}{SIGNED_OUT}"


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[LogoutScene]:
    async with logout_scene(store, end_session=True) as running:
        yield running


def query_of(location: str) -> dict[str, str]:
    pairs = parse_qsl(urlsplit(location).query, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


async def sign_out(scene: LogoutScene, target: str = LOGOUT) -> str:
    """A visitor of his own signs out at ``target``; where he is sent."""
    cookie = await scene.edge.sign_in()
    answer = await scene.get(target, cookie=f"outerward={cookie}", headers=TYPED_IN)
    assert answer.status == 302, answer.body
    return answer.header("location")


async def test_r1_the_session_ends_first_and_the_provider_is_told_by_its_own_id_token(
    scene: LogoutScene,
) -> None:
    tokens: list[str] = []

    def kept(token: str) -> str:
        tokens.append(token)
        return token

    scene.corp.lies.id_token = kept
    cookie = await scene.sign_in(sid="s-1")
    answer = await scene.get(LOGOUT, cookie=f"outerward={cookie}", headers=TYPED_IN)
    query = query_of(answer.header("location"))

    assert answer.header("location").startswith(f"{scene.corp.issuer}/end?")
    assert query.pop("state")
    assert query == {
        "client_id": scene.corp.client_id,
        "id_token_hint": tokens[0],
        "post_logout_redirect_uri": OURS,
    }
    assert answer.header("referrer-policy") == "no-referrer"
    assert answer.header("cache-control") == "no-store"
    assert isinstance(await scene.store.browser_session(hash_of(cookie)), Tombstone)
    assert await scene.store.session_memory(hash_of(cookie)) is None
    assert not await scene.is_in(cookie)


@pytest.mark.parametrize("little", [False, True], ids=["encoded", "encoded as little as can be"])
async def test_logout_08_no_way_back_from_the_provider_leads_off_the_host(
    scene: LogoutScene, little: bool
) -> None:
    locations, uris = [], set()
    for line in LINES:
        value = quote(line, safe="/\\:@;?<>(),=%" if little else "")
        away = query_of(await sign_out(scene, f"{LOGOUT}?redirect_path={value}"))
        uris.add(away["post_logout_redirect_uri"])
        back = await scene.get(f"{SIGNED_OUT}?state={away['state']}")
        assert back.status == 302, (value, back.body)
        locations.append(back.header("location"))

    assert uris == {OURS}
    assert leaves(locations) == []
    assert all(location.startswith("/") and not location.startswith("/.outerward") for location in locations)


@pytest.mark.parametrize(
    "name", ["post_logout_redirect_uri", "redirect_uri", "rd", "return_to", "target_link_uri", "iss", "state"]
)
async def test_logout_08_no_other_parameter_says_where_to_go(scene: LogoutScene, name: str) -> None:
    evil = quote("https://evil.example/", safe="")
    location = await sign_out(scene, f"{LOGOUT}?{name}={evil}")
    page = await scene.get(f"{SIGNED_OUT}?{name}={evil}")

    assert query_of(location)["post_logout_redirect_uri"] == OURS
    assert "evil" not in location
    assert page.header("location") in ("", SIGNED_OUT)
    assert b"evil" not in page.body


async def test_logout_08_nothing_of_the_requests_headers_gets_into_the_way_back(scene: LogoutScene) -> None:
    cookie = await scene.edge.sign_in()
    forged = [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Proto", "https"),
        ("X-Outerward-Edge", "192.0.2.1 evil.example r"),
        ("X-Original-Url", "https://evil.example/"),
        ("Referer", "https://evil.example/"),
    ]
    answer = await scene.get(LOGOUT, cookie=f"outerward={cookie}", headers=[*TYPED_IN, *forged])

    assert query_of(answer.header("location"))["post_logout_redirect_uri"] == OURS
    assert "evil" not in answer.header("location")


async def test_r2_the_state_leads_back_once_to_the_page_that_was_asked_for(scene: LogoutScene) -> None:
    state = query_of(await sign_out(scene, f"{LOGOUT}?redirect_path=/bye%3Fx%3D1"))["state"]
    back = await scene.get(f"{SIGNED_OUT}?state={state}")
    again = await scene.get(f"{SIGNED_OUT}?state={state}")

    assert back.header("location") == "/bye?x=1"
    assert again.header("location") == SIGNED_OUT
    assert (await scene.get(SIGNED_OUT)).status == 200


async def test_r2_without_a_page_to_go_on_to_the_address_is_cleaned_of_the_state(scene: LogoutScene) -> None:
    state = query_of(await sign_out(scene))["state"]
    back = await scene.get(f"{SIGNED_OUT}?state={state}")

    assert (back.status, back.header("location")) == (302, SIGNED_OUT)
    assert back.header("referrer-policy") == "no-referrer"
    assert code_of(await scene.get(SIGNED_OUT)) == 2031


@pytest.mark.parametrize("state", ["unknown", "x" * 5000, "%00", "%ff", "<script>", "login", "a+b", "%2e%2e"])
async def test_r2_an_unknown_state_is_the_plain_page_and_changes_nothing(
    scene: LogoutScene, state: str
) -> None:
    cookie = await scene.sign_in()
    answer = await scene.get(f"{SIGNED_OUT}?state={state}", cookie=f"outerward={cookie}")

    assert (answer.status, answer.header("location")) == (302, SIGNED_OUT)
    assert answer.all("set-cookie") == []
    assert await scene.is_in(cookie)


@pytest.mark.parametrize("host", [SECOND, OKTA])
async def test_r2_the_state_of_another_host_leads_nowhere(scene: LogoutScene, host: str) -> None:
    state = query_of(await sign_out(scene, f"{LOGOUT}?redirect_path=/bye"))["state"]

    assert (await scene.get(f"{SIGNED_OUT}?state={state}", host=host)).header("location") == SIGNED_OUT


async def test_r2_the_state_of_a_login_is_none_of_a_logout_and_the_other_way_round(
    scene: LogoutScene,
) -> None:
    begun = await scene.begin()
    login_state = dict(parse_qsl(urlsplit(begun.callback).query))["state"]
    logout_state = query_of(await sign_out(scene))["state"]
    mixed = begun.callback.replace(quote(login_state), quote(logout_state))
    back = await scene.get(f"{SIGNED_OUT}?state={login_state}")
    refused = await scene.get(mixed, cookie=begun.cookie)

    assert back.header("location") == SIGNED_OUT
    assert (refused.status, code_of(refused)) == (400, 2011)
    assert (await scene.come_back(begun)).status == 302


async def test_a_head_of_the_way_back_uses_no_state_up(scene: LogoutScene) -> None:
    state = query_of(await sign_out(scene, f"{LOGOUT}?redirect_path=/bye"))["state"]
    target = f"{SIGNED_OUT}?state={state}"
    head = await scene.edge.ask(target, method="HEAD", headers=BROWSER)

    assert (head.status, head.header("location")) == (200, "")
    assert (await scene.get(target)).header("location") == "/bye"


async def test_r1_a_provider_that_was_never_reached_does_not_keep_anybody_in(scene: LogoutScene) -> None:
    scene.corp.lies.metadata = lambda members: members | {"issuer": "https://other.example"}
    cookie = await scene.edge.sign_in()
    answer = await scene.get(LOGOUT, cookie=f"outerward={cookie}", headers=TYPED_IN)

    assert (answer.status, answer.header("location")) == (302, f"{SIGNED_OUT}?partly")
    assert isinstance(await scene.store.browser_session(hash_of(cookie)), Tombstone)
    assert not await scene.is_in(cookie)


@pytest.mark.parametrize(
    "where", ["http://169.254.169.254/end", "ftp://127.0.0.1/end", "javascript:alert(1)", 7]
)
async def test_an_end_session_address_that_no_browser_should_be_sent_to_is_never_used(
    scene: LogoutScene, where: object
) -> None:
    scene.corp.lies.metadata = lambda members: members | {"end_session_endpoint": where}

    assert await sign_out(scene) == f"{SIGNED_OUT}?partly"


async def test_cookie_14_a_page_elsewhere_makes_nobody_leave_and_gets_no_hint(scene: LogoutScene) -> None:
    cookie = await scene.sign_in(sid="s-1")
    cross_site = [*BROWSER, ("Sec-Fetch-Site", "cross-site")]
    page = await scene.get(LOGOUT, cookie=f"outerward={cookie}", headers=cross_site)
    posted = await scene.edge.ask(
        LOGOUT,
        method="POST",
        cookie=cookie,
        headers=[*cross_site, ("Origin", "https://evil.example")],
    )
    memory = read_memory(await scene.store.session_memory(hash_of(cookie)) or b"")

    assert (page.status, code_of(page), posted.status) == (200, 2030, 403)
    assert memory is not None
    assert memory.id_token.encode() not in page.body + posted.body
    assert isinstance(await scene.store.browser_session(hash_of(cookie)), BrowserSession)
