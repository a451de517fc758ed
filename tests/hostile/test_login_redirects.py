"""REDIR rows: no return address leads off the host, makes a loop, or injects a header."""

from urllib.parse import quote

import pytest

from session_store import Store
from tests.support.control import ROUTES, Browser, Stub, serving
from tests.support.redirect_corpus import corpus, leaves

CORPUS = corpus()


def test_redir_01_the_corpus_is_large_and_bites() -> None:
    assert len(CORPUS) >= 300
    assert len(leaves(CORPUS)) >= 100


async def locations_after_login(visitor: Browser, spelled: list[str]) -> list[str]:
    found = []
    for value in spelled:
        begun = await visitor.get(f"/.outerward/login?redirect_path={value}")
        assert begun.status == 302, (value, begun.text)
        landing = await visitor.answer(begun.parameters["state"], "ada")
        assert landing.status == 302, (value, landing.text)
        found.append(landing.location)
    return found


@pytest.fixture
def coded() -> list[str]:
    return [quote(line, safe="") for line in CORPUS]


async def test_redir_01_no_login_leads_off_the_host(store: Store, coded: list[str]) -> None:
    async with serving(ROUTES, store, [Stub(), Stub("okta")]) as control:
        locations = await locations_after_login(control.browser("app.example.com"), coded)

    assert leaves(locations) == []
    assert all(location.startswith("/") and not location.startswith("/.outerward") for location in locations)


async def test_redir_01_no_login_leads_off_the_host_when_the_browser_encodes_as_little_as_it_can(
    store: Store,
) -> None:
    spelled = [quote(line, safe="/\\:@;?<>(),=%") for line in CORPUS]
    async with serving(ROUTES, store, [Stub(), Stub("okta")]) as control:
        locations = await locations_after_login(control.browser("app.example.com"), spelled)

    assert leaves(locations) == []


async def test_redir_01_lesson_32_no_logout_leads_off_the_host(store: Store, coded: list[str]) -> None:
    async with serving(ROUTES, store, [Stub(), Stub("okta")]) as control:
        visitor = control.browser("app.example.com")
        replies = [await visitor.post(f"/.outerward/logout?redirect_path={value}") for value in coded]

    assert {reply.status for reply in replies} == {303}
    assert leaves([reply.location for reply in replies]) == []


@pytest.mark.parametrize(
    "value",
    [
        "//evil.example",
        "/%5Cevil.example",
        "/\\evil.example",
        "/%2509/evil.example",
        "/%09/evil.example",
        "/%255cevil.example",
        "https:evil.example",
        "https://evil.example",
        "%09//evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "/%0d%0aSet-Cookie:x=y",
        "/%250d%250aSet-Cookie:x=y",
        "/x?y=%0d%0aSet-Cookie:x=y",
    ],
)
async def test_redir_02_redir_06_what_is_no_path_of_the_host_leads_to_the_default_page(
    store: Store, value: str
) -> None:
    async with serving(ROUTES, store, [Stub(), Stub("okta")]) as control:
        visitor = control.browser("app.example.com")
        begun = await visitor.get(f"/.outerward/login?redirect_path={value}")
        landing = await visitor.answer(begun.parameters["state"], "ada")

    assert landing.location == "/"
    assert [line.partition("=")[0] for line in landing.set_cookies] == [
        "__Host-outerward",
        next(iter(begun.set_cookies)).partition("=")[0],
    ]


@pytest.mark.parametrize(
    "value",
    [
        "/.outerward/logout",
        "/.outerward/login?redirect_path=/.outerward/login",
        "/.outerward/callback/corp?code=x%26state=y",
        "/.outerward/signed-out",
        "/%252eouterward/logout",
        "/.outerward",
        "/ngrok/logout",
        "/ngrok/login",
    ],
)
async def test_redir_04_a_return_to_our_own_pages_makes_no_loop(store: Store, value: str) -> None:
    async with serving(ROUTES, store, [Stub(), Stub("okta")]) as control:
        visitor = control.browser("app.example.com")
        begun = await visitor.get(f"/.outerward/login?redirect_path={value}")
        landing = await visitor.answer(begun.parameters["state"], "ada")
        out = await visitor.get(f"/.outerward/logout?redirect_path={value}", sec_fetch_site="none")

    assert landing.location == "/"
    assert out.location == "/"


async def test_lesson_9_the_return_path_is_kept_here_and_nothing_in_the_callback_changes_it(
    store: Store,
) -> None:
    async with serving(ROUTES, store, [Stub(), Stub("okta")]) as control:
        visitor = control.browser("app.example.com")
        state = (await visitor.begin("/report"))["state"]
        landing = await visitor.get(
            f"/.outerward/callback/corp?code=ada&state={state}&redirect_path=//evil.example"
            "&redirect_uri=https://evil.example&target_link_uri=https://evil.example&rd=//evil.example"
        )

    assert landing.location == "/report"


async def test_redir_06_a_hostile_address_is_never_shown_unescaped_on_a_page(store: Store) -> None:
    payload = quote('/"><script>alert(1)</script>', safe="")
    async with serving(ROUTES, store, [Stub(), Stub("okta")]) as control:
        visitor = control.browser("app.example.com")
        page = await visitor.get(f"/.outerward/logout?redirect_path={payload}", sec_fetch_site="cross-site")

    assert page.code == "OUT-2030"
    assert "<script" not in page.text
