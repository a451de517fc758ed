"""Every address of the login flow, asked at random for what nobody means to ask: no fault of ours follows.

One edge with a login host, a shared cookie, several providers and every rule of a session. The requests are
made from fixed seeds, out of parts that mean something here and parts that break parsers.
"""

import random
import secrets
from collections.abc import AsyncIterator, Sequence
from urllib.parse import quote

import pytest

from proxy import LoginHost
from session_store import Store
from tests.integration.login_host.conftest import Apps, app, origin_of, running
from tests.support.control import Stub
from tests.support.edge import ada, hash_of
from tests.support.http_client import Answer, exchange, request
from tests.support.program import lasting_port

ROUNDS, REQUESTS = 8, 50
DOMAIN = "suite.localhost"
SHARED, ROUTED, LOGIN = f"one.{DOMAIN}", "two.localhost", f"login.{DOMAIN}"
CANARY = "canary-token"
PATHS = [
    *("/.outerward/" + name for name in ("login", "logout", "signed-out", "sessions", "jwks.json")),
    *("/.outerward/callback/" + name for name in ("corp", "corp/finish", "post", "post/finish", "%63orp")),
    *("/.outerward/saml/okta/" + name for name in ("acs", "finish", "metadata", "slo")),
    *("/.outerward/backchannel-logout/corp", "/.outerward/frontchannel-logout/corp"),
    *("/ngrok/login", "/ngrok/logout", "/.outerward//sessions", "/.outerward/sessions/"),
]
NAMES = [
    *("redirect_path", "provider", "account", "iss", "target_link_uri"),
    *("state", "code", "error", "response", "id_token", "end"),
]
VALUES = [
    *("", "corp", "post", "okta", "other", "others", "https://corp.example", "x" * 43, "a" * 3000),
    *("%00", "%0d%0aSet-Cookie:a=b", "%ff%fe", "%ED%A0%80", "%F0%9F%98%80", "%25%25%25", "\xfc", "%zz"),
    *("/.outerward/sessions", "/%2eouterward/sessions", "//evil", "/\\evil", "%2e%2e/%2e%2e", "{{7*7}}"),
    *("'\"><img>", "1e999", "http://one.suite.localhost.evil", "http://one.suite.localhost:1/x"),
]
HEADERS = [
    *(("Accept", "text/html"), ("Accept", "text/html"), ("Sec-Purpose", "prefetch"), ("User-Agent", "<b>")),
    *(("Sec-Fetch-Mode", mode) for mode in ("navigate", "navigate", "cors", "\xff")),
    *(("Sec-Fetch-Site", site) for site in ("same-origin", "none", "cross-site", "x")),
    *(("Origin", origin) for origin in ("null", "http://evil", "", "\xfc")),
    *(("Content-Encoding", "gzip"), ("X-Outerward-Edge", "192.0.2.1 two.localhost x")),
]
TYPES = ["application/x-www-form-urlencoded"] * 4 + ["text/plain", "multipart/form-data; boundary=x"]
METHODS = ("GET", "GET", "GET", "POST", "POST", "HEAD", "OPTIONS", "PUT")


@pytest.fixture
async def apps(store: Store) -> AsyncIterator[Apps]:
    port = lasting_port()
    providers = [Stub("corp"), Stub("post", response_mode="form_post"), Stub("okta", protocol="saml")]
    routes = [
        app(
            SHARED,
            port,
            provider=("corp", "post", "okta"),
            cookie_domain=DOMAIN,
            identity_jwt=True,
            refresh_after_s={"corp": 600},
            pins=("ip", "device"),
            session_limit=3,
        ),
        app(ROUTED, port, "/wiki", identity_jwt=True),
        app(ROUTED, port, "/notes", provider=("post", "okta")),
    ]
    login = LoginHost(LOGIN, origin_of(LOGIN, port), secure=False)
    async with running(store, port, routes, providers, login) as started:
        yield started


async def signed_in(store: Store) -> str:
    """The cookie of somebody who is signed in at the shared host."""
    cookie = secrets.token_urlsafe(32)
    now = await store.now()
    await store.complete_login(
        ada(),
        provider_name="Corp",
        begun_at=now,
        scope=f".{DOMAIN}",
        cookie_hash=hash_of(cookie),
        expires_at=now // 1000 + 3_600_000,
        access_token=CANARY,
    )
    return f"outerward.session={cookie}"


async def visited(apps: Apps, host: str, target: str, cookie: str = "") -> Answer:
    """What a person gets at an address."""
    headers = [("Accept", "text/html"), ("Cookie", cookie)]
    (answer,) = await exchange(apps.port, request(target=target, host=f"{host}:{apps.port}", headers=headers))
    return answer


async def begun(apps: Apps, return_path: str = "/") -> tuple[str, str]:
    """The state and the cookie of a login that has begun at the shared host."""
    wanted = quote(return_path, safe="")
    answer = await visited(apps, SHARED, f"/.outerward/login?provider=corp&redirect_path={wanted}")
    state = answer.header("location").partition("state=")[2].partition("&")[0]
    return state, answer.header("set-cookie").partition(";")[0]


def asked(chance: random.Random, apps: Apps, state: str, cookies: Sequence[str]) -> tuple[str, bytes]:
    """A request that may do harm: its method and its bytes."""

    def pairs() -> str:
        values = [*VALUES, *[state] * 10]
        return "&".join(f"{chance.choice(NAMES)}={chance.choice(values)}" for _ in range(chance.randrange(5)))

    host, method = chance.choice((SHARED, ROUTED, LOGIN)), chance.choice(METHODS)
    headers = chance.sample(HEADERS, chance.randrange(6))
    if chance.random() < 0.5:
        headers.append(("Origin", origin_of(host, apps.port)))
    headers.append(("Cookie", "; ".join(chance.sample(cookies, chance.randrange(len(cookies))))))
    body = b""
    if method in {"POST", "PUT"}:
        headers.append(("Content-Type", chance.choice(TYPES)))
        body = chance.choice((pairs().encode("latin-1"), b"\xff\xfe", b"%", b"end=others", b""))
    target = f"{chance.choice(PATHS)}?{pairs()}"
    return method, request(method, target, host=f"{host}:{apps.port}", headers=headers, body=body)


def leads_home(location: str, apps: Apps) -> bool:
    """Whether an address is a path here, one of our origins, or a provider's."""
    homes = [origin_of(host, apps.port) for host in (SHARED, ROUTED, LOGIN)]
    providers = ("https://corp.example", "https://post.example", "https://okta.example")
    inside = location.startswith("/") and not location.startswith(("//", "/\\"))
    return inside or location.startswith(tuple(f"{origin}/" for origin in (*homes, *providers)))


@pytest.mark.parametrize("seed", range(3), ids=["first", "second", "third"])
async def test_nothing_that_is_asked_of_the_login_flow_is_a_fault_or_leads_away(
    store: Store, apps: Apps, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - what is asked is no secret
    statuses: set[int] = set()
    for _ in range(ROUNDS):
        state, login = await begun(apps)
        cookie = await signed_in(store)
        cookies = [
            cookie,
            cookie,
            login,
            login,
            "outerward.session=\xff",
            "outerward-login-abcd1234=\xff",
            "=;",
        ]
        for _ in range(REQUESTS):
            method, data = asked(chance, apps, state, cookies)
            (answer,) = await exchange(apps.port, data, method)
            statuses.add(answer.status)
            assert answer.status < 500, data
            location = answer.header("location")
            assert not location or leads_home(location, apps), data
            assert b"<img>" not in answer.body, data
            assert CANARY.encode() not in answer.body, data

    assert {200, 302, 400, 401, 403, 404, 405, 413} <= statuses


@pytest.mark.parametrize("number", range(len(VALUES)))
async def test_redir_02_a_login_at_the_login_host_leads_home_whatever_was_asked_for(
    apps: Apps, number: int
) -> None:
    state, cookie = await begun(apps, VALUES[number])
    arrived = await visited(apps, LOGIN, f"/.outerward/callback/corp?code=ada&state={state}")
    finish = arrived.header("location").removeprefix(origin_of(SHARED, apps.port))
    landing = await visited(apps, SHARED, finish, cookie)

    assert (arrived.status, landing.status) == (302, 302)
    assert leads_home(landing.header("location"), apps)
