"""LOG-02 through the whole program at level debug: every secret goes through every flow, and is told nowhere.

Not in a log, a figure, an event, a webhook's body, an export, an answer that is an error, or what ``config
show`` prints; and not in the clear in the files of the store.
"""

import asyncio
import json
import secrets
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import aiohttp
import pytest
from yarl import URL

from tests.support.hostile_oidc import HostileProvider, change
from tests.support.hostile_oidc_clients import KnownClient
from tests.support.http_client import Answer, exchange, request
from tests.support.http_client import until as eventually
from tests.support.logout_tokens import BROWSER, FORM, TYPED_IN, LogoutToken, cookies_in
from tests.support.program import CANARY, HOST, Program, lasting_port, until, write_configuration
from tests.support.saml_messages import Response, SamlIdentityProvider
from tests.support.saml_scene import inflated
from tests.support.upstreams import Echo, received
from tests.support.webhook_receiver import WebhookReceiver

MARK = "cAnArY"
STORE_SECRET, WEBHOOK_SECRET, WEBHOOK_KEY, BOOTSTRAP = (
    f"{MARK}-{name}-0123456789-0123456789-0123456789" for name in ("store", "hook", "key", "bootstrap")
)
SAML_HOST = "saml.localhost"
MORE = """
identity_jwt = true
pass_access_token = true
[provider.okta]
type = "saml"
idp_metadata = '''{metadata}'''
[[tunnel]]
name = "saml"
hostname = "saml.localhost"
upstream = "http://127.0.0.1:{upstream}"
provider = "okta"
allow = ["*"]
[[webhook]]
url = "{webhook}?key={key}"
secret = "{secret}"
allow_private_network = true
[log]
level = "debug"
[metrics]
listen = "127.0.0.1:0"
"""


def parts(token: str) -> list[str]:
    """What of a token would give it away; its header is no secret."""
    return [part for part in token.split(".")[1:] if len(part) >= 16]


@dataclass
class Scene:
    """The program, what it talks to, and every secret that it has seen; ``shown`` is what it told outside."""

    program: Program
    port: int
    corp: HostileProvider
    idp: SamlIdentityProvider
    receiver: WebhookReceiver
    secrets: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)

    def secret(self, name: str) -> str:
        """A new one."""
        made = f"{MARK}-{name}-{secrets.token_hex(8)}"
        self.secrets.append(made)
        return made

    async def ask(
        self,
        target: str,
        *headers: tuple[str, str],
        method: str = "GET",
        host: str = HOST,
        cookie: str = "",
        body: bytes = b"",
    ) -> Answer:
        """A request at the edge."""
        sent = [*headers, *([("Cookie", cookie)] if cookie else [])]
        data = request(method, target, host=f"{host}:{self.port}", headers=sent, body=body)
        (answer,) = await exchange(self.port, data, method)
        if answer.status >= 400:
            self.shown.append(f"{answer.headers}{answer.body!r}")
        return answer

    async def api(self, method: str, path: str, token: str = BOOTSTRAP, **options: Any) -> Any:
        """A call of the API; what it answers counts as told."""
        headers = {"Authorization": f"Bearer {token}", **options.pop("headers", {})}
        async with (
            aiohttp.ClientSession() as http,
            http.request(
                method, URL(self.program.admin + path, encoded=True), headers=headers, **options
            ) as got,
        ):
            text = await got.text()
            self.shown.append(f"{got.headers}{text}" if path != "/tokens" or got.status != 201 else "")
            return json.loads(text) if got.content_type == "application/json" and text else text

    def keep(self, answer: Answer) -> dict[str, str]:
        """The cookies that an answer sets, which are secrets."""
        found = cookies_in(answer)
        self.secrets += found.values()
        return found

    async def begin(self, host: str = HOST) -> tuple[str, str]:
        """Begin a login: where the browser is sent, and the login cookie."""
        away = await self.ask("/.outerward/login?redirect_path=/", *BROWSER, host=host)
        ((name, value),) = self.keep(away).items()
        query = parse_qs(urlsplit(away.header("location")).query)
        self.secrets += [each for key in ("state", "nonce", "RelayState") for each in query.get(key, [])]
        return away.header("location"), f"{name}={value}"

    async def sign_in(self, sid: str) -> str:
        """A login at corp; the session cookie, after a first request."""
        self.corp.lies.claims = change(sid=sid)
        self.corp.lies.tokens = change(refresh_token=self.secret("refresh"))
        self.corp.lies.id_token = self._seen
        location, login = await self.begin()
        answer = self.corp.authorize(location)
        callback = f"/.outerward/callback/nobody?{urlencode(answer)}"
        landing = await self.ask(callback, *BROWSER, cookie=login)
        assert landing.status == 302, landing.body
        cookie = f"outerward={self.keep(landing)['outerward']}"
        for token in received(await self.ask("/", cookie=cookie)).all("X-Outerward-Jwt"):
            self.secrets += parts(token)
        again = await self.ask(callback, *BROWSER, cookie=login)
        assert again.status in (302, 400)
        return cookie

    def _seen(self, token: str) -> str:
        self.secrets += parts(token)
        return token

    async def sign_in_by_saml(self) -> str:
        """A login at okta; the session cookie, after a first request."""
        location, login = await self.begin(SAML_HOST)
        query = parse_qs(urlsplit(location).query)
        wanted = inflated(query["SAMLRequest"][0])
        origin = f"http://{SAML_HOST}:{self.port}/.outerward/saml/okta"
        message = self.idp.response(
            replace(
                Response(
                    destination=f"{origin}/acs", recipient=f"{origin}/acs", audience=f"{origin}/metadata"
                ),
                now=time.time(),
                request_id=wanted.get("ID"),
                assertion_id=f"_{self.secret('assertion')}",
            )
        )
        arrived = await self.post(b64encode(message).decode(), query["RelayState"][0])
        assert arrived.status == 303, arrived.body
        landing = await self.ask(arrived.header("location"), *BROWSER, host=SAML_HOST, cookie=login)
        cookie = f"outerward={self.keep(landing)['outerward']}"
        assert (await self.ask("/", host=SAML_HOST, cookie=cookie)).status == 200
        return cookie

    async def post(self, message: str, relay_state: str, name: str = "SAMLResponse") -> Answer:
        """Send a SAML message as the provider's page does."""
        self.secrets += [message, message[200:260]] if len(message) > 300 else [message]
        body = urlencode({name: message, "RelayState": relay_state}).encode()
        target = f"/.outerward/saml/okta/{'acs' if name == 'SAMLResponse' else 'slo'}"
        return await self.ask(target, ("Content-Type", FORM), method="POST", host=SAML_HOST, body=body)


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Scene]:
    port, idp = lasting_port(), SamlIdentityProvider()
    async with (
        Echo.running() as upstream,
        HostileProvider.running() as corp,
        WebhookReceiver.running() as receiver,
    ):
        corp.client = KnownClient("client", CANARY)
        corp.lies.metadata = change(end_session_endpoint=f"{corp.issuer}/end")
        more = MORE.format(
            metadata=idp.metadata().decode().replace('<?xml version="1.0"?>', ""),
            upstream=upstream.address.port,
            webhook=receiver.url,
            key=WEBHOOK_KEY,
            secret=WEBHOOK_SECRET,
        )
        configuration = write_configuration(
            folder,
            upstream=upstream.address.port or 0,
            issuer=corp.issuer,
            admin=f'bootstrap_token = "{BOOTSTRAP}"',
            store=f'secret = "{STORE_SECRET}"',
            more=more,
        )
        program = Program.serve(configuration, "--listen", f"127.0.0.1:{port}")
        try:
            scene = Scene(await asyncio.to_thread(program.ready), port, corp, idp, receiver)
            scene.secrets += [CANARY, STORE_SECRET, WEBHOOK_SECRET, WEBHOOK_KEY, BOOTSTRAP]
            yield scene
        finally:
            await asyncio.to_thread(program.stop)


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
    for types in ("login", "login_denied", "logout", "revoke", "token_created", "token_revoked", "block"):
        assert f"event: {types}\n" in told["the stream of events"]
    assert told["the log"].count("\n") > 60
    found = {(place, each) for place, text in told.items() for each in set(scene.secrets) if each in text}
    assert found == set()
    assert MARK not in told["the log"]
    assert [each for each in set(scene.secrets) if each.encode() in kept] == []
