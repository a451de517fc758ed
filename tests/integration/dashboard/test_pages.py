"""The dashboard's pages over real sockets and a real store: who sees which, their headers and their files."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from session_store import Store
from tests.support.admin_api import raw
from tests.support.dashboard_pages import Browser, location, running_pages
from tests.support.redis_server import RedisServer

PAGES = ["overview", "users", "sessions", "tunnels", "events", "tokens"]
USER = "edgusr_" + "0" * 27


# Who sees which page


@pytest.mark.parametrize("path", ["/", "/dashboard", "/dashboard/"])
async def test_the_beginning_leads_to_the_app_users(browser: Browser, path: str) -> None:
    page = await browser.get(path)

    assert (page.status, location(page)) == (302, "/dashboard/users")


@pytest.mark.parametrize("path", [*PAGES, f"users/{USER}"])
async def test_nobody_is_sent_to_sign_in_and_back_to_where_they_were_going(
    browser: Browser, path: str
) -> None:
    wanted = f"/dashboard/{path}?q=a%26b"
    page = await browser.get(wanted)

    assert page.status == 303
    assert urlsplit(location(page)).path == "/dashboard/login"
    assert parse_qs(urlsplit(location(page)).query) == {"redirect_path": [wanted]}
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", PAGES)
async def test_somebody_signed_in_gets_the_page_with_what_its_script_needs(
    browser: Browser, name: str
) -> None:
    await browser.sign_in()
    page = await browser.get(f"/dashboard/{name}")

    assert page.status == 200
    (body,) = page.parsed.all("body")
    files = body["data-static"]
    assert body == {
        "data-page": name,
        "data-id": "",
        "data-scope": "admin",
        "data-actor": "bootstrap",
        "data-static": files,
        "data-api": browser.api.url,
    }
    current = {each["href"]: each["aria-current"] for each in page.parsed.all("a") if "aria-current" in each}
    assert current == {f"/dashboard/{name}": "page"}
    preloaded = [each["href"] for each in page.parsed.all("link") if each["rel"] == "modulepreload"]
    assert {f"{files}main.js", f"{files}texts.js", f"{files}vendor/preact.js"} <= set(preloaded)
    assert [each["src"] for each in page.parsed.all("script")] == [f"{files}main.js"]
    assert page.parsed.all("html") == [{"lang": "en"}]


async def test_a_page_about_one_of_them_names_its_id(browser: Browser) -> None:
    await browser.sign_in()
    page = (await browser.get(f"/dashboard/users/{USER}")).parsed
    (body,) = page.all("body")

    assert (body["data-page"], body["data-id"]) == ("user", USER)
    current = {each["href"]: each["aria-current"] for each in page.all("a") if "aria-current" in each}
    assert current == {"/dashboard/users": "true"}


async def test_the_page_has_the_value_that_the_api_asks_for(browser: Browser) -> None:
    await browser.sign_in()
    page = await browser.get("/dashboard/users")
    (csrf,) = [each["content"] for each in page.parsed.all("meta") if each.get("name") == "csrf"]

    assert (await browser.get("/app/users", headers={"X-Outerward-CSRF": csrf})).status == 200
    assert (await browser.get("/app/users", headers={"X-Outerward-CSRF": csrf[::-1]})).status == 403


@pytest.mark.parametrize(("scope", "role"), [("read", "viewer"), ("revoke", "operator"), ("admin", "admin")])
async def test_who_looks_is_named_with_the_role_and_only_an_admin_sees_tokens(
    browser: Browser, store: Store, scope: str, role: str
) -> None:
    token, secret = await store.create_token("<b>Eve & Co</b>", scope, None)
    await browser.sign_in(secret)
    page = await browser.get("/dashboard/overview")

    assert re.search(
        rf"<bdi>&lt;b&gt;Eve &amp; Co&lt;/b&gt;</bdi>\s*<span class=\"role\">{role}</span>", page.text
    )
    assert page.parsed.all("body")[0]["data-actor"] == f"token:{token.id}"
    is_admin = scope == "admin"
    assert ("/dashboard/tokens" in [each["href"] for each in page.parsed.all("a")]) is is_admin
    assert (await browser.get("/dashboard/tokens")).status == (200 if is_admin else 403)


@pytest.mark.parametrize(
    "path",
    [
        "/dashboard/nothing",
        "/dashboard/users/",
        "/dashboard//users",
        "/dashboard/a/%2e%2e/b",
    ],
)
async def test_any_other_address_below_is_a_page_that_says_so(browser: Browser, path: str) -> None:
    page = await browser.get(path)

    assert page.status == 404
    assert "There is nothing here" in page.words
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "words", "onward"),
    [
        ("users/1", "No such user", "/dashboard/users"),
        (f"users/{USER}0", "No such user", "/dashboard/users"),
        (f"sessions/{USER}", "No such session", "/dashboard/sessions"),
    ],
)
async def test_what_is_no_id_is_said_to_be_nobodys(
    browser: Browser, path: str, words: str, onward: str
) -> None:
    page = await browser.get(f"/dashboard/{path}")

    assert page.status == 404
    assert words in page.words
    assert [each["href"] for each in page.parsed.all("a")] == [onward]


@pytest.mark.parametrize(
    ("path", "status"), [("tokens", 403), ("nothing", 404), ("users/1", 404), ("sessions/1", 404)]
)
async def test_a_page_that_says_no_to_somebody_signed_in_keeps_the_menu_and_the_way_out(
    browser: Browser, store: Store, path: str, status: int
) -> None:
    _, secret = await store.create_token("<i>Eve</i>", "read", None)
    await browser.sign_in(secret)
    page = await browser.get(f"/dashboard/{path}")

    assert page.status == status
    assert "<bdi>&lt;i&gt;Eve&lt;/i&gt;</bdi>" in page.text
    links = [each["href"] for each in page.parsed.all("a")]
    assert {"/dashboard/overview", "/dashboard/users", "/dashboard/events"} <= set(links)
    assert "/dashboard/tokens" not in links
    assert not any("aria-current" in each for each in page.parsed.all("a"))
    assert [each["action"] for each in page.parsed.all("form")] == ["/dashboard/logout"]
    assert page.parsed.all("script") == []


async def test_a_page_opened_while_the_store_is_down_tries_again_at_the_same_address(
    store_server: RedisServer,
) -> None:
    store = Store.open(store_server.url, secrets=["s" * 32], command_timeout_s=0.2)
    await store.start()
    try:
        async with running_pages(store) as browser:
            await browser.sign_in()
            store_server.kill()
            wanted = f"/dashboard/users/{USER}?access=a%26b"
            page = await browser.get(wanted)
            head = await browser.ask("HEAD", wanted)
            form = await browser.post("/dashboard/logout")
    finally:
        await store.close()

    assert (page.status, page.headers["Refresh"], head.headers["Refresh"]) == (503, "5", "5")
    assert [each["href"] for each in page.parsed.all("a")] == [wanted]
    assert "Try again" in page.words
    assert "tries again by itself" in page.words
    assert (form.status, "Refresh" in form.headers) == (503, False)
    assert [each["href"] for each in form.parsed.all("a")] == ["/dashboard/login"]


async def test_the_api_still_answers_what_is_not_the_dashboards(browser: Browser) -> None:
    page = await browser.get("/dashboards")

    assert (page.status, page.headers["Content-Type"]) == (401, "application/json")


# Headers


@pytest.mark.parametrize("path", ["/dashboard/users", "/dashboard/login", "/dashboard/nothing"])
async def test_every_page_keeps_to_itself(browser: Browser, path: str) -> None:
    await browser.sign_in()
    cookies = {} if path.endswith("login") else browser.cookies
    headers = (await Browser(browser.api, cookies).get(path)).headers

    policy = set(headers["Content-Security-Policy"].split("; "))
    assert policy - {"form-action 'self'"} == {
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    }
    assert ("form-action 'self'" in policy) is not path.endswith("login")
    assert {name: headers[name] for name in KEPT} == KEPT
    assert "geolocation=()" in headers["Permissions-Policy"]
    assert headers["X-Operation-Id"].startswith("op_")


KEPT = {
    "Cache-Control": "no-store",
    "Content-Type": "text/html; charset=utf-8",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "Server": "outerward",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}


async def test_head_is_answered_as_get_without_the_page(browser: Browser) -> None:
    await browser.sign_in()
    got, head = await browser.get("/dashboard/users"), await browser.ask("HEAD", "/dashboard/users")

    assert (head.status, head.text) == (200, "")
    assert head.headers["Content-Length"] == got.headers["Content-Length"]


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/dashboard/users", "POST", "GET, HEAD"),
        ("/dashboard/login", "PUT", "GET, HEAD, POST"),
        ("/dashboard/logout", "GET", "POST"),
        ("/", "OPTIONS", "GET, HEAD"),
    ],
)
async def test_another_method_is_refused_with_those_that_are_taken(
    browser: Browser, path: str, method: str, allowed: str
) -> None:
    page = await browser.ask(method, path)

    assert (page.status, page.headers["Allow"]) == (405, allowed)


@pytest.mark.parametrize("path", ["/", "/dashboard/users", "/dashboard/login", "/dashboard/nothing"])
@pytest.mark.parametrize("host", ["evil.example", "", "localhost", "127.0.0.1"])
async def test_under_another_name_nothing_is_shown_but_the_way_to_the_right_one(
    browser: Browser, path: str, host: str
) -> None:
    page = await browser.get(path, headers={"Host": host})

    assert page.status == 421
    assert [each["href"] for each in page.parsed.all("a")] == [f"{browser.api.url}/dashboard/users"]
    assert "Set-Cookie" not in page.headers


# Files


async def test_the_files_that_a_page_names_are_there_for_good_and_compressed(browser: Browser) -> None:
    await browser.sign_in()
    page = await browser.get("/dashboard/users")
    named = [each["href"] for each in page.parsed.all("link")] + [
        each["src"] for each in page.parsed.all("script")
    ]
    assert len(named) > 5
    for address in named:
        file = await Browser(browser.api).get(address)
        assert file.status == 200, address
        assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    packed = await raw(browser.api, request_for(browser, named[-1], "Accept-Encoding: gzip"))
    assert packed.headers["content-encoding"] == "gzip"
    assert (
        (await raw(browser.api, request_for(browser, named[-1])))
        .headers.keys()
        .isdisjoint({"content-encoding"})
    )


async def test_scripts_get_the_texts(browser: Browser) -> None:
    files = await files_of(browser)
    texts = await browser.get(files + "texts.js")

    assert texts.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert 'export const LANG = "en";' in texts.text
    assert '"shell.users":"App users"' in texts.text


@pytest.mark.parametrize(
    "name",
    [
        "nothing.js",
        "../../app.py",
        "..%2f..%2fapp.py",
        "%2e%2e/app.py",
        "parts/../main.js",
        "/etc/passwd",
        "main.js/",
        "main.js%00",
        "",
    ],
)
async def test_no_other_name_leads_to_a_file(browser: Browser, name: str) -> None:
    files = await files_of(browser)
    answer = await raw(browser.api, request_for(browser, files + name))

    assert answer.status == 404
    assert answer.headers["cache-control"] == "no-store"
    assert b"import" not in answer.body


async def test_a_file_of_another_version_is_not_there_and_not_kept(browser: Browser) -> None:
    page = await browser.get("/dashboard/static/0123456789abcdef/main.js")

    assert (page.status, page.headers["Cache-Control"]) == (404, "no-store")


async def files_of(browser: Browser) -> str:
    (sheet,) = [
        each["href"]
        for each in (await browser.get("/dashboard/login")).parsed.all("link")
        if each["rel"] == "stylesheet"
    ]
    return sheet.removesuffix("style.css")


def request_for(browser: Browser, path: str, *lines: str) -> bytes:
    host = f"Host: 127.0.0.1:{browser.api.port}"
    return "\r\n".join([f"GET {path} HTTP/1.1", host, *lines, "", ""]).encode()
