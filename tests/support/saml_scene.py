"""A running edge whose provider speaks SAML and is played by the test, with an upstream that counts its hits.

    async with saml_scene(store) as scene:
        begun = await scene.begin("/report")
        arrived = await scene.post(scene.response(begun, name_id="ada"), begun.state)
        session = await scene.finish(arrived, begun)

Every request is one over a real socket. ``scene.response`` makes a message that is accepted as it is.
"""

import re
import time
import zlib
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography import x509
from lxml import etree

from idp_adapters import EntityIds, SamlProvider, SamlSettings, Threads
from idp_adapters.saml.names import DSIG
from proxy import Route, Site, create_control_app
from session_store import Store
from tests.support.edge import HOST, Edge, route, running_edge
from tests.support.http_client import Answer, Headers
from tests.support.saml_messages import Logout, Response, SamlIdentityProvider, sent_to
from tests.support.saml_victim import Victim
from tests.support.upstreams import Echo

ORIGIN = f"http://{HOST}"
BASE = "/.outerward/saml/corp"
ACS, SLO, FINISH, METADATA = (f"{BASE}/{name}" for name in ("acs", "slo", "finish", "metadata"))
FORM = "application/x-www-form-urlencoded"
BROWSER: Headers = (("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document"))
FROM_PROVIDER: Headers = (*BROWSER, ("Origin", "https://idp.example.com"), ("Sec-Fetch-Site", "cross-site"))
OWN_PAGE: Headers = (*BROWSER, ("Origin", ORIGIN), ("Sec-Fetch-Site", "same-origin"))
USUAL = replace(Response(assertion_id="_a"), **sent_to(ORIGIN + BASE))
USUAL_LOGOUT = Logout(destination=ORIGIN + SLO)
_CODE = re.compile(rb"OUT-(\d{4})")


@dataclass(frozen=True)
class Begun:
    """A login that went off to the provider: its login cookie, its state, and the ID of its request."""

    cookie: str
    state: str
    request_id: str
    request: etree._Element


def code_of(answer: Answer) -> int:
    """The number of the page that an answer is; 0 where it is none."""
    found = _CODE.search(answer.body)
    return int(found[1]) if found else 0


def cookies_in(answer: Answer) -> dict[str, str]:
    """What an answer sets; what it clears is not in it."""
    pairs = [line.partition(";")[0].partition("=") for line in answer.all("set-cookie")]
    return {name: value for name, _, value in pairs if value}


def inflated(message: str) -> etree._Element:
    """A message of the Redirect binding as a tree."""
    return etree.fromstring(zlib.decompress(b64decode(message), wbits=-15))


@dataclass
class SamlScene:
    """Everything that a test of SAML needs, and the words for it."""

    edges: list[Edge]
    store: Store
    upstream: Echo
    idp: SamlIdentityProvider
    provider: SamlProvider
    settings: SamlSettings
    host: str = HOST
    _made: int = 0

    @property
    def edge(self) -> Edge:
        """The first edge."""
        return self.edges[0]

    @property
    def origin(self) -> str:
        """The public origin of ``host``."""
        return f"http://{self.host}"

    def at(self, host: str) -> "SamlScene":
        """The same scene, asked at another of its hosts."""
        return replace(self, host=host)

    async def get(
        self, target: str, *, cookie: str = "", headers: Headers = BROWSER, method: str = "GET"
    ) -> Answer:
        """A navigation; ``cookie`` is a whole ``Cookie`` header."""
        sent = [*headers, *([("Cookie", cookie)] if cookie else [])]
        return await self.edge.ask(target, method=method, host=self.host, headers=sent)

    async def begin(self, return_path: str = "/report") -> Begun:
        """Begin a login, and read what the provider would."""
        answer = await self.get(f"/.outerward/login?redirect_path={return_path}")
        assert answer.status == 302, answer.body
        ((name, value),) = cookies_in(answer).items()
        query = parse_qs(urlsplit(answer.header("location")).query)
        request = inflated(query["SAMLRequest"][0])
        return Begun(f"{name}={value}", query["RelayState"][0], request.get("ID", ""), request)

    def response(self, begun: Begun | None, options: Response = USUAL, **changes: Any) -> bytes:
        """A Response to ``begun``, now, with ids of its own; good but for ``changes``."""
        self._made += 1
        usual: dict[str, Any] = {
            "now": time.time(),
            "request_id": begun.request_id if begun is not None else None,
            "assertion_id": f"_assertion-{id(self)}-{self._made}",
        }
        if self.host != HOST:
            usual |= sent_to(self.origin + BASE)
        return self.idp.response(replace(options, **(usual | changes)))

    async def post(
        self,
        message: bytes | str,
        relay_state: str | None = None,
        *,
        target: str = ACS,
        name: str = "SAMLResponse",
        headers: Headers = FROM_PROVIDER,
        edge: Edge | None = None,
    ) -> Answer:
        """Post ``message`` (octets, or what stands for base64) as a provider's page does: without cookies."""
        text = b64encode(message).decode() if isinstance(message, bytes) else message
        fields = [(name, text)] + ([("RelayState", relay_state)] if relay_state is not None else [])
        return await self.send(urlencode(fields).encode(), target=target, headers=headers, edge=edge)

    async def send(
        self,
        body: bytes,
        *,
        target: str = ACS,
        headers: Headers = FROM_PROVIDER,
        content_type: str = FORM,
        edge: Edge | None = None,
    ) -> Answer:
        """Post a body as it is."""
        sent = [*headers, ("Content-Type", content_type)]
        return await (edge or self.edge).ask(target, method="POST", host=self.host, headers=sent, body=body)

    async def finish(self, arrived: Answer, begun: Begun) -> Answer:
        """Go where an accepted answer leads, with the cookie of the login."""
        assert arrived.status == 303, arrived.body
        return await self.get(arrived.header("location"), cookie=begun.cookie)

    async def sign_in(self, return_path: str = "/report", **changes: Any) -> str:
        """A whole login; the session cookie as a ``Cookie`` header has it."""
        begun = await self.begin(return_path)
        answer = await self.finish(await self.post(self.response(begun, **changes), begun.state), begun)
        assert answer.status == 302, answer.body
        assert answer.header("location") == return_path
        return "; ".join(f"{name}={value}" for name, value in cookies_in(answer).items())

    async def is_in(self, cookie: str) -> bool:
        """Whether a request with ``cookie`` reaches the upstream."""
        before = self.upstream.hits
        answer = await self.get("/", cookie=cookie, headers=())
        assert (answer.status == 200) == (self.upstream.hits == before + 1)
        return answer.status == 200

    async def assert_refused(self, answer: Answer) -> None:
        """A 4xx page of ours, no session, no user, and nothing for the upstream."""
        assert 400 <= answer.status < 500, (answer.status, answer.body)
        assert code_of(answer) or answer.problem
        assert not any(line.startswith("outerward=") for line in answer.all("set-cookie"))
        assert (await self.store.users(limit=10, before=None)).items == []
        assert self.upstream.hits == 0

    async def our_certificate(self) -> x509.Certificate:
        """The one in our metadata, where anybody finds it."""
        ours = etree.fromstring((await self.edge.ask(METADATA)).body)
        return x509.load_der_x509_certificate(b64decode(ours.findtext(f".//{{{DSIG}}}X509Certificate") or ""))

    async def victim(self, begun: Begun | None, response: Response | None = None, **changes: Any) -> Victim:
        """What hostile messages to this edge are made from: ``response`` (USUAL), as an answer to ``begun``.

        What is encrypted is encrypted to ``our_certificate``.
        """
        request_id = begun.request_id if begun is not None else None
        good = replace(response or USUAL, now=time.time(), request_id=request_id, id="_response")
        return Victim(
            idp=self.idp,
            response=replace(good, assertion_id="_assertion"),
            logout=self.logout_options(),
            sp_certificate=await self.our_certificate(),
            **changes,
        )

    def logout_request(self, **changes: Any) -> bytes:
        """A LogoutRequest, now, with an id of its own; good but for ``changes``."""
        return self.idp.logout(self.logout_options(**changes))

    def logout_options(self, **changes: Any) -> Logout:
        """What ``logout_request`` is made from."""
        self._made += 1
        usual: dict[str, Any] = {"now": time.time(), "id": f"_logout-{id(self)}-{self._made}"}
        return replace(USUAL_LOGOUT, **(usual | changes))


@asynccontextmanager
async def saml_scene(
    store: Store,
    *,
    workers: int = 1,
    hosts: Sequence[str] = (HOST,),
    more_routes: Sequence[Route] = (),
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    failure_holds_s: float = 0.0,
    **settings: Any,
) -> AsyncIterator[SamlScene]:
    """A scene with so many edges on one store; ``settings`` are those of SamlSettings.

    ``more_routes`` lead to upstreams of the test's own; ``clock`` is the provider's time of day, and by
    ``monotonic`` its metadata grows old.
    ``failure_holds_s``: how long a message that failed keeps its turn.
    """
    idp = SamlIdentityProvider()
    configured = SamlSettings(**({"idp_metadata": idp.metadata().decode()} | settings))
    async with AsyncExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("proxy.login.control_app.FAILURE_HOLDS_S", failure_holds_s)
        upstream = await stack.enter_async_context(Echo.running())
        routes = [*(route(upstream, host) for host in hosts), *more_routes]
        edges = []
        for _ in range(workers):
            threads = Threads(lambda: None)
            provider = SamlProvider(
                "corp",
                configured,
                settle=store.settle,
                threads=threads,
                entity_ids=EntityIds(),
                clock=clock,
                monotonic=monotonic,
            )
            stack.push_async_callback(provider.close)
            stack.callback(threads.close)
            control = create_control_app(Site.of(routes), store, {"corp": provider})
            edges.append(await stack.enter_async_context(running_edge(store, routes, control=control)))
        yield SamlScene(edges, store, upstream, idp, provider, configured)
