"""The whole program among secrets: providers, a webhook, and every secret that passes, written down."""

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
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
from yarl import URL

from tests.support.hostile_oidc import HostileProvider, change
from tests.support.hostile_oidc_clients import KnownClient
from tests.support.http_client import Answer, exchange, request
from tests.support.logout_tokens import BROWSER, FORM, cookies_in
from tests.support.program import CANARY, HOST, Program, lasting_port, write_configuration
from tests.support.saml_messages import Response, SamlIdentityProvider, sent_to
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
        usual = Response(
            now=time.time(),
            request_id=wanted.get("ID"),
            assertion_id=f"_{self.secret('assertion')}",
        )
        message = self.idp.response(replace(usual, **sent_to(origin)))
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
