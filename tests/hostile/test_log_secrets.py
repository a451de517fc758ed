"""LOG-02 through the whole program at level debug: every secret goes through every flow, and is told nowhere.

Not in a log, a figure, an event, a webhook's body, an export, an answer that is an error, or what ``config
show`` prints; and not in the clear in the files of the store.
"""

import asyncio
import json
import re
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import aiohttp
import pytest

from session_store import Store
from tests.support.hostile_oidc import change
from tests.support.http_client import until as eventually
from tests.support.logout_tokens import BROWSER, FORM, TYPED_IN, LogoutToken
from tests.support.program import HOST, Program, until
from tests.support.secrets_scene import BOOTSTRAP, MARK, STORE_SECRET, Scene, parts, running


async def visits(scene: Scene, cookie: str) -> None:
    """Requests that are let through and refused, with secrets wherever a client may have them."""
    for target in ("/", f"/?code={scene.secret('query')}&access_token={scene.secret('query')}"):
        for sent in (
            cookie,
            f"outerward={scene.secret('cookie')}",
            f"{cookie}; other={scene.secret('cookie')}",
        ):
            headers = [
                ("Authorization", f"Bearer {scene.secret('bearer')}"),
                ("Referer", f"http://{HOST}/?code={scene.secret('referer')}"),
                ("X-Api-Key", scene.secret("api-key")),
                ("X-Forwarded-Access-Token", scene.secret("access")),
            ]
            body = f"password={scene.secret('password')}".encode()
            assert (await scene.ask(target, *headers, method="POST", cookie=sent, body=body)).status in (
                200,
                401,
            )


async def failed_logins(scene: Scene) -> None:
    """Callbacks and messages that are refused, and a provider that fails."""
    for query in (
        {"code": scene.secret("code"), "state": scene.secret("state")},
        {
            "error": "access_denied",
            "error_description": scene.secret("description"),
            "state": scene.secret("state"),
        },
        {"id_token": scene.secret("id-token"), "access_token": scene.secret("access")},
    ):
        assert (await scene.ask(f"/.outerward/callback/nobody?{urlencode(query)}", *BROWSER)).status >= 400
    for lie in ("claims", "tokens"):
        setattr(scene.corp.lies, lie, change(aud=scene.secret("audience"), id_token=scene.secret("id-token")))
        location, login = await scene.begin()
        answer = urlencode(scene.corp.authorize(location))
        refused = await scene.ask(f"/.outerward/callback/nobody?{answer}", *BROWSER, cookie=login)
        assert refused.status >= 400
        setattr(scene.corp.lies, lie, lambda members: members)
    for name in ("SAMLResponse", "SAMLRequest"):
        for message in (scene.secret("saml"), b64encode(b"<x>" + scene.secret("xml").encode() * 20).decode()):
            assert (await scene.post(message, scene.secret("relay-state"), name)).status >= 400


async def logouts(scene: Scene, cookie: str, sid: str) -> None:
    """By the person, and by the provider: wrong, right, and again."""
    tokens = [
        LogoutToken().signed_by(scene.corp, sid=sid, nonce=scene.secret("nonce")),
        LogoutToken().signed_by(scene.corp, sid=sid, jti=scene.secret("jti")),
    ]
    for token in [*tokens, tokens[1], scene.secret("logout-token")]:
        scene.secrets += parts(token)
        body = f"logout_token={quote(token)}".encode()
        target = "/.outerward/backchannel-logout/nobody"
        assert (await scene.ask(target, ("Content-Type", FORM), method="POST", body=body)).status in (
            200,
            400,
        )
    away = await scene.ask("/.outerward/logout", *TYPED_IN, cookie=cookie)
    assert away.status == 302, away.body
    query = parse_qs(urlsplit(away.header("location")).query)
    scene.secrets += query["state"]
    assert parts(query["id_token_hint"][0])
    await scene.ask(f"/.outerward/signed-out?state={query['state'][0]}", *BROWSER)


async def administered(scene: Scene) -> None:
    """Calls of every sort, good and bad, by tokens of every sort; and every list, file and export."""
    made = [
        await scene.api("POST", "/tokens", json={"name": "n", "scope": scope}) for scope in ("read", "admin")
    ]
    scene.secrets += [each["token"] for each in made]
    user = (await scene.api("GET", "/app/users", made[0]["token"]))["application_users"][-1]["id"]
    for token in (scene.secret("token"), made[0]["token"] + "x", "Basic " + scene.secret("basic")):
        for path in ("/app/users", "/events/stream", f"/nowhere/{scene.secret('path')}"):
            await scene.api("GET", path, token)
    for path, body in {
        "/app/sessions/revoke": {"next": scene.secret("next")},
        f"/app/users/{user}/block": {"until": scene.secret("until")},
        "/tokens": {"name": "n", "scope": scene.secret("scope")},
    }.items():
        await scene.api("PUT" if path.endswith("block") else "POST", path, json=body)
    for query in ("filter", "q", "before_id", "access_token", "last_event_id"):
        await scene.api("GET", f"/app/sessions?{query}={scene.secret('parameter')}")
    await scene.api("GET", "/events/stream", headers={"Last-Event-ID": scene.secret("position")})
    await scene.api("DELETE", f"/tokens/{made[0]['id']}")
    await scene.api("GET", "/app/users", made[0]["token"])
    await scene.api("PUT", f"/app/users/{user}/block", json={"reason": "left"})
    location, login = await scene.begin()
    answer = urlencode(scene.corp.authorize(location))
    refused = await scene.ask(f"/.outerward/callback/nobody?{answer}", *BROWSER, cookie=login)
    assert refused.status == 403
    await scene.api("POST", "/app/sessions/revoke", json={"filter": "true", "reason": "all"})
    for path in ("/app/users", "/app/sessions", "/app/sessions?state=ended"):
        await scene.api("GET", path)
        await scene.api("GET", f"{path}{'&' if '?' in path else '?'}format=csv")
    for path in ("/events", "/tokens", "/app/blocks", "/endpoints", "/tunnels", "/edges", "/openapi.yaml"):
        await scene.api("GET", path)
    for each in (await scene.api("GET", "/app/users"))["application_users"]:
        await scene.api("GET", f"/app/users/{each['id']}/export")
    await scene.api("DELETE", f"/app/users/{user}", made[1]["token"])


async def dashboard(scene: Scene) -> None:
    """Sign-ins at the dashboard by a token and by a link, right and wrong, its calls, and the sign-out."""
    base = scene.program.admin
    login, users = f"{base}/dashboard/login", f"{base}/dashboard/users"
    token = (await scene.api("POST", "/tokens", json={"name": "n", "scope": "read"}))["token"]
    store = Store.open(scene.program.store_url, secrets=[STORE_SECRET])
    code = await store.offer_dashboard_link(token) or ""
    await store.close()
    scene.secrets += [token, code[:-1]]
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(headers={"Origin": base}, cookie_jar=jar) as http:

        async def ask(method: str, url: str, status: int, **options: Any) -> str:
            async with http.request(method, url, allow_redirects=False, **options) as got:
                assert got.status == status, (url, got.status)
                scene.secrets += [each.value for each in got.cookies.values() if each.value]
                text = await got.text()
                scene.shown += [f"{got.headers}{text}"] if status >= 400 else []
                return text

        for wrong in (scene.secret("link"), code[:-1]):
            await ask("GET", f"{login}?code={wrong}", 401)
        await ask("GET", f"{login}?code={code}", 303)
        await ask("POST", login, 401, data={"token": scene.secret("token")})
        await ask("POST", login, 303, data={"token": BOOTSTRAP, "redirect_path": "/dashboard/users"})
        found = re.search('name="csrf" content="([^"]+)"', await ask("GET", users, 200))
        assert found
        scene.secrets.append(found[1])
        await ask("GET", f"{base}/app/users", 200, headers={"X-Outerward-CSRF": found[1]})
        await ask("GET", f"{base}/app/users", 403, headers={"X-Outerward-CSRF": scene.secret("csrf")})
        await ask("POST", f"{base}/dashboard/logout", 303)
    cookies = {"Cookie": f"outerward-admin={scene.secret('cookie')}"}
    await scene.api("GET", "/app/users", headers={"Authorization": "", **cookies})


async def stream_of(scene: Scene) -> str:
    """Every event so far, as the stream has it."""
    newest = (await scene.api("GET", "/events?limit=1"))["events"][0]["id"]
    headers = {"Authorization": f"Bearer {BOOTSTRAP}", "Last-Event-ID": "evt_0_0"}
    got = ""
    async with (
        asyncio.timeout(30),
        aiohttp.ClientSession(headers=headers) as http,
        http.get(f"{scene.program.admin}/events/stream") as answer,
    ):
        while f"id: {newest}\n" not in got:
            got += (await answer.content.readline()).decode()
        return got + (await answer.content.readline()).decode() + (await answer.content.readline()).decode()


async def printed(scene: Scene, *arguments: str) -> str:
    """What a command prints, with the configuration of the program."""
    folder = scene.program.ready_file.parent
    command = Program(folder, *arguments)
    out, _ = await asyncio.to_thread(command.process.communicate)
    return out.decode() + command.log


async def metrics_of(scene: Scene) -> str:
    """The page of figures."""
    base = json.loads(scene.program.ready_file.read_text())["metrics"]
    async with aiohttp.ClientSession() as http, http.get(f"{base}/metrics") as answer:
        return await answer.text()


def stored(scene: Scene) -> bytes:
    """The files of the store, as they are on disk."""
    found = [path for path in (scene.program.state / "store").rglob("*") if path.is_file()]
    assert any(path.stat().st_size > 1000 for path in found), found
    return b"".join(path.read_bytes() for path in found)


@pytest.mark.timeout(180)
async def test_log_02_no_secret_is_told_by_the_program_at_any_level(tmp_path: Path) -> None:
    async with running(tmp_path) as scene:
        cookie, other = await scene.sign_in(sid := scene.secret("sid")), await scene.sign_in("s-2")
        saml = await scene.sign_in_by_saml()
        await visits(scene, other)
        await visits(scene, saml)
        await failed_logins(scene)
        await logouts(scene, other, sid)
        assert (await scene.ask("/", cookie=cookie)).status == 401
        await dashboard(scene)
        await administered(scene)
        (newest,) = (await scene.api("GET", "/events?limit=1"))["events"]
        await eventually(lambda: newest["id"] in scene.receiver.taken)
        told = {
            "the stream of events": await stream_of(scene),
            "webhooks": "".join(got.body.decode() for got in scene.receiver.received),
            "figures": await metrics_of(scene),
            "config show": await printed(scene, "config", "show", "-c", str(tmp_path / "outerward.toml")),
            "answers": "".join(scene.shown),
        }
        kept = stored(scene)
        until(lambda: scene.program.log.count('"event":"request"') > 20)
        await asyncio.to_thread(scene.program.stop)
        told["the log"] = scene.program.log

    assert len(set(scene.secrets)) > 80
    for types in (
        "login",
        "login_denied",
        "logout",
        "revoke",
        "token_created",
        "token_revoked",
        "block",
        "dashboard_login",
    ):
        assert f"event: {types}\n" in told["the stream of events"]
    assert told["the log"].count("\n") > 60
    found = {(place, each) for place, text in told.items() for each in set(scene.secrets) if each in text}
    assert found == set()
    assert MARK not in told["the log"]
    assert [each for each in set(scene.secrets) if each.encode() in kept] == []
