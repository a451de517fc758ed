"""A service provider of the edge's kind and its visitor's browser, against the demo's SAML provider."""

import re
from dataclasses import dataclass, field
from functools import cached_property
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import aiohttp
from yarl import URL

from idp_adapters import (
    EntityIds,
    LoginBegun,
    LoginCompleted,
    LogoutMessage,
    Prompt,
    Redirect,
    RelyingParty,
    SamlProvider,
    SamlSettings,
    Sending,
    Threads,
)
from outerward.demo.people import PEOPLE
from outerward.demo.saml_xml import SamlError

ORIGIN = "http://wiki.localhost:1"
SAML = f"{ORIGIN}/.outerward/saml/demo-saml"
PARTY = RelyingParty(
    answer=f"{SAML}/acs",
    logout=f"{SAML}/slo",
    metadata=f"{SAML}/metadata",
    signed_out=f"{ORIGIN}/.outerward/signed-out",
)
MIRA = PEOPLE[0]


@dataclass
class Reply:
    """One answer of the provider."""

    status: int
    text: str
    headers: dict[str, str]

    @property
    def fields(self) -> dict[str, str]:
        """The hidden fields of its form."""
        found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.text)
        return {name: unescape(value) for name, value in found}

    @property
    def query(self) -> list[tuple[str, str]]:
        """The parameters that its redirect to the application carries."""
        assert self.status == 303
        location = self.headers["Location"]
        assert location.startswith(PARTY.logout + "?")
        return parse_qsl(urlsplit(location).query)

    def message(self, transaction: bytes | None = None) -> LogoutMessage:
        """The logout message that its redirect carries."""
        raw_query = urlsplit(self.headers["Location"]).query
        return LogoutMessage(
            channel="redirect", parameters=self.query, raw_query=raw_query, transaction=transaction
        )


@dataclass
class Relying:
    """A service provider and its visitor's browser in one; its pair is kept in ``kept``."""

    origin: str
    http: aiohttp.ClientSession
    threads: Threads
    now: list[float] = field(default_factory=lambda: [1_800_000_000.0])
    kept: dict[str, bytes] = field(default_factory=dict)
    opened: list[SamlProvider] = field(default_factory=list)
    is_away: bool = False

    def application(self, kept: dict[str, bytes], *, idp_metadata: str = "") -> SamlProvider:
        async def settle(name: str, value: bytes) -> bytes:
            return kept.setdefault(name, value)

        settings = SamlSettings(
            idp_metadata_url="" if idp_metadata else f"{self.origin}/saml/metadata",
            idp_metadata=idp_metadata,
            want_encrypted=True,
            allow_private_network=True,
        )
        opened = SamlProvider(
            "demo-saml",
            settings,
            settle=settle,
            threads=self.threads,
            entity_ids=EntityIds(),
            clock=lambda: self.now[0],
        )
        self.opened.append(opened)
        return opened

    @cached_property
    def sp(self) -> SamlProvider:
        return self.application(self.kept)

    async def own_metadata(self) -> bytes:
        if self.is_away:
            raise SamlError("It cannot be had.")
        return await self.sp.metadata(PARTY)

    async def get(self, path: str, **headers: str) -> Reply:
        url = path if path.startswith("http") else self.origin + path
        # A signature covers the query as it was written.
        as_written = URL(url, encoded=True)
        async with self.http.get(as_written, allow_redirects=False, headers=headers) as response:
            return Reply(response.status, await response.text(), dict(response.headers))

    async def post(self, path: str, fields: dict[str, str], **headers: str) -> Reply:
        url = path if path.startswith("http") else self.origin + path
        async with self.http.post(url, data=fields, allow_redirects=False, headers=headers) as response:
            return Reply(response.status, await response.text(), dict(response.headers))

    async def send(self, sending: Sending) -> Reply:
        """What a browser does with a message of the application."""
        if isinstance(sending, Redirect):
            return await self.get(sending.url)
        return await self.post(sending.url, dict(sending.fields))

    async def choose(self, page: Reply, **headers: str) -> Reply:
        return await self.post("/saml/sign-in", page.fields | {"person": MIRA.subject}, **headers)

    async def sign_in(self, prompt: Prompt = "") -> LoginCompleted:
        begun = await self.sp.begin(PARTY, prompt)
        return await self.complete(begun, await self.choose(await self.send(begun.sending)))

    async def complete(self, begun: LoginBegun, answer: Reply) -> LoginCompleted:
        """Take an answer where the page leads it."""
        assert answer.status == 200, answer.text
        assert f'action="{PARTY.answer}"' in answer.text
        assert answer.fields["RelayState"] == begun.state
        return await self.sp.complete(list(answer.fields.items()), begun.transaction, PARTY)
