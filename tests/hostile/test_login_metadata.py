"""OIDC-10, OIDC-21 and OIDC-22 at the whole edge: what a provider says of itself, and where it may lead."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from idp_adapters import OidcProvider
from idp_adapters.destinations import Destinations
from idp_adapters.transport import Answer as Fetched
from idp_adapters.transport import Request, Transport
from proxy import Site, create_control_app
from session_store import Store
from tests.support.edge import route, running_edge
from tests.support.hostile_oidc import MISSING, HostileProvider, Lies, change, fresh_key, public_part
from tests.support.http_client import Answer
from tests.support.logout_tokens import LogoutScene, code_of, cookies_in, logout_scene
from tests.support.oidc_login import Case, Prepare, answer, keys, lies, metadata
from tests.support.upstreams import Echo

WELL_KNOWN = "/.well-known/openid-configuration"
TOKEN_INVALID, MISCONFIGURED = 2025, 2021
OTHER_KEY = fresh_key()


@pytest.fixture
async def scene(store: Store) -> AsyncIterator[LogoutScene]:
    async with logout_scene(store) as running:
        yield running


@dataclass
class Trap:
    """A place on loopback where nobody of ours has any business."""

    port: int = 0
    hits: list[object] = field(default_factory=list)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.2:{self.port}{path}"


@pytest.fixture
async def trap() -> AsyncIterator[Trap]:
    laid = Trap()

    def caught(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        laid.hits.append(writer.get_extra_info("peername"))
        writer.close()

    async with await asyncio.start_server(caught, "127.0.0.2", 0) as server:
        laid.port = server.sockets[0].getsockname()[1]
        yield laid


async def assert_nobody_is_sent_away(scene: LogoutScene, page: Answer) -> None:
    assert (page.status, code_of(page)) == (502, MISCONFIGURED), page.body
    assert cookies_in(page) == {}
    assert scene.upstream.hits == 0
    assert scene.corp.codes_sent == []
    assert (await scene.store.users(limit=10, before=None)).items == []


ELSEWHERE = [
    Case("OIDC-21 issuer of another", metadata(issuer="https://other.example")),
    Case("OIDC-21 issuer with a slash", lies(metadata=lambda m: m | {"issuer": m["issuer"] + "/"})),
    Case("OIDC-21 issuer in capitals", lies(metadata=lambda m: m | {"issuer": m["issuer"].upper()})),
    Case("OIDC-21 issuer by name", lies(metadata=lambda m: m | {"issuer": "http://localhost"})),
    Case("OIDC-21 issuer missing", metadata(issuer=MISSING)),
    Case("OIDC-21 issuer in a list", lies(metadata=lambda m: m | {"issuer": [m["issuer"]]})),
]
REFUSED_URLS = [
    "http://idp.example/x",
    "https://10.0.0.1/x",
    "https://192.168.1.1/x",
    "https://172.16.0.1/x",
    "https://169.254.169.254/latest/meta-data",
    "https://127.0.0.2/x",
    "https://[::1]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://[fd00::1]/x",
    "https://0.0.0.0/x",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_x",
    "https://idp.example@127.0.0.2/x",
    "https:///x",
    "",
]


@pytest.mark.parametrize("case", ELSEWHERE, ids=lambda case: case.name)
async def test_metadata_of_another_issuer_begins_no_login(scene: LogoutScene, case: Case) -> None:
    case.prepare(scene.corp)

    await assert_nobody_is_sent_away(scene, await scene.get("/.outerward/login"))
    scene.corp.lies = Lies()
    assert await scene.is_in(await scene.sign_in())


async def test_oidc_21_no_endpoint_leads_to_http_or_to_a_private_address(scene: LogoutScene) -> None:
    for member in ("token_endpoint", "jwks_uri", "userinfo_endpoint", "authorization_endpoint"):
        for url in REFUSED_URLS:
            metadata(**{member: url})(scene.corp)
            await assert_nobody_is_sent_away(scene, await scene.get("/.outerward/login"))
    scene.corp.lies = Lies()
    assert await scene.is_in(await scene.sign_in())


class Internet(Transport):
    """The wire, with one public host behind it that stands for the provider's own."""

    def __init__(self, hostile: HostileProvider, public: str) -> None:
        super().__init__(Destinations.of(hostile.issuer, allow_private_network=True), resolve=self.resolved)
        self.hostile, self.public, self.asked = hostile, public, [""]

    async def resolved(self, host: str, port: int) -> Sequence[str]:
        """An intranet's name leads to a private address."""
        return ["10.0.0.7"] if host == "intranet.example" else [host]

    async def __call__(self, request: Request) -> Fetched:
        self.asked.append(request.url)
        own = request.url.replace(self.public, self.hostile.issuer)
        return await super().__call__(
            Request(request.method, own, request.headers, request.body, request.patience_s)
        )


@asynccontextmanager
async def on_the_internet(store: Store, public: str) -> AsyncIterator[tuple[LogoutScene, Internet]]:
    async with HostileProvider.running() as corp, Echo.running() as upstream:
        wire = Internet(corp, public)
        provider = OidcProvider("corp", corp.settings(), fetch=wire)
        routes = [route(upstream)]
        control = create_control_app(Site.of(routes), store, {"corp": provider})
        async with running_edge(store, routes, control=control) as edge:
            yield LogoutScene([edge], store, upstream, corp, corp), wire
        await provider.close()


async def test_oidc_21_endpoints_on_another_public_https_host_are_used(store: Store) -> None:
    """As Google has them: the issuer on one host, token endpoint and keys on two others."""
    public = "https://oauth2.example.net"
    async with on_the_internet(store, public) as (scene, wire):
        endpoints = {"token_endpoint": f"{public}/token", "jwks_uri": f"{public}/keys"}
        metadata(**endpoints)(scene.corp)
        cookie = await scene.sign_in()

        assert await scene.is_in(cookie)
        assert [url for url in wire.asked if url.startswith(public)] == [f"{public}/token", f"{public}/keys"]


async def test_oidc_21_a_public_name_that_leads_to_a_private_address_is_sent_no_code(store: Store) -> None:
    async with on_the_internet(store, "https://public.example") as (scene, _):
        metadata(token_endpoint="https://intranet.example/token")(scene.corp)
        begun = await scene.begin()
        refusal = await scene.come_back(begun)

        assert (refusal.status, code_of(refusal), cookies_in(refusal)) == (502, MISCONFIGURED, {})
        assert scene.corp.codes_sent == []
        assert scene.upstream.hits == 0


@pytest.mark.parametrize("host", ["127.2", "2130706434", "0x7f000002", "0177.0.0.2", "127.0.0.2.", "[::1]"])
async def test_oidc_21_no_spelling_of_loopback_is_sent_a_code(
    scene: LogoutScene, trap: Trap, host: str
) -> None:
    for member in ("token_endpoint", "jwks_uri"):
        metadata(**{member: f"https://{host}:{trap.port}/"})(scene.corp)
        page = await scene.get("/.outerward/login")
        if page.status == 302:
            page = await scene.come_back(await scene.begin())
        assert (page.status, cookies_in(page)) == (502, {})
    assert trap.hits == []
    assert scene.upstream.hits == 0


STATUSES = (301, 302, 303, 307, 308)


@pytest.mark.parametrize("path", [WELL_KNOWN, "/keys"])
@pytest.mark.parametrize("status", STATUSES)
async def test_oidc_22_no_redirect_of_discovery_or_keys_is_followed(
    scene: LogoutScene, trap: Trap, path: str, status: int
) -> None:
    for location in (trap.url(path), "http://169.254.169.254/latest/meta-data", f"//127.0.0.2:{trap.port}/"):
        scene.corp.lies.answers[path] = answer(status=status, Location=location)
        page = await scene.get("/.outerward/login")
        if path == "/keys":
            assert page.status == 302
            page = await scene.come_back(await scene.begin())
        assert (page.status, code_of(page), cookies_in(page)) == (502, MISCONFIGURED, {})
    assert trap.hits == []
    assert scene.upstream.hits == 0
    scene.corp.lies = Lies()
    assert await scene.is_in(await scene.sign_in())


@pytest.mark.parametrize("path", ["/token", "/userinfo"])
async def test_oidc_22_no_redirect_takes_a_code_or_a_token_along(
    scene: LogoutScene, trap: Trap, path: str
) -> None:
    for status in STATUSES:
        begun = await scene.begin()
        scene.corp.lies.answers[path] = answer(status=status, Location=trap.url(path))
        page = await scene.come_back(begun)
        assert (page.status, cookies_in(page)) == (502, {})
    assert trap.hits == []
    assert scene.upstream.hits == 0


def two_keys(hostile: HostileProvider) -> list[object]:
    return [public_part(OTHER_KEY), public_part(hostile.key)]


def twins(hostile: HostileProvider) -> list[object]:
    """Two keys under one name."""
    return [public_part(OTHER_KEY) | {"kid": hostile.key.kid}, public_part(hostile.key)]


def nameless(hostile: HostileProvider) -> list[object]:
    return [change(kid=MISSING)(public_part(key)) for key in (OTHER_KEY, hostile.key)]


@pytest.mark.parametrize(
    ("made", "kid"),
    [(two_keys, MISSING), (two_keys, None), (two_keys, ""), (nameless, MISSING), (twins, MISSING)],
    ids=["no kid", "kid null", "kid empty", "keys without kid", "keys with one kid"],
)
async def test_oidc_10_a_token_that_names_none_of_two_fitting_keys_is_never_tried_with_the_first_alone(
    scene: LogoutScene, made: Callable[[HostileProvider], list[object]], kid: object
) -> None:
    refusal = await come_back_with(scene, keys(made, kid=kid))

    assert (refusal.status, code_of(refusal), cookies_in(refusal)) == (403, TOKEN_INVALID, {})
    assert scene.upstream.hits == 0


@pytest.mark.parametrize("made", [two_keys, lambda h: [*reversed(two_keys(h))]], ids=["last", "first"])
async def test_oidc_10_a_token_that_names_its_key_passes_wherever_that_stands(
    scene: LogoutScene, made: Callable[[HostileProvider], list[object]]
) -> None:
    landing = await come_back_with(scene, keys(made))

    assert await scene.is_in(cookies_in(landing)["outerward"])


async def test_oidc_10_a_token_without_kid_passes_where_one_key_fits(scene: LogoutScene) -> None:
    landing = await come_back_with(scene, lies(header=change(kid=MISSING)))

    assert await scene.is_in(cookies_in(landing)["outerward"])


async def come_back_with(scene: LogoutScene, prepare: Prepare) -> Answer:
    begun = await scene.begin()
    prepare(scene.corp)
    return await scene.come_back(begun)
