"""Whole SAML logins and logouts with real identity providers, through a running edge, as a browser goes.

The edge listens on a port of its own, and the browser finds it under its name without one.
"""

import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.request import urlopen

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography.hazmat.primitives.serialization import Encoding
from yarl import URL

from session_store import Store
from tests.support.browser import NAVIGATION, Landing, browser, forms, sign_in, sign_out_at_provider, walk
from tests.support.saml_idp import ServiceProvider, service_pair
from tests.support.saml_scene import ACS, METADATA, ORIGIN, SLO, SamlScene, saml_scene
from tests.support.samlp_provider import SamlpServer
from tests.support.simplesaml import SimpleSamlServer

Server = SamlpServer | SimpleSamlServer
Make = Callable[..., Server]
USERS = {"ada": {"email": "ada@example.com", "groups": ["staff", "ops"]}, "bob": {"email": "bob@example.com"}}
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
EACH = [
    pytest.param(SamlpServer, id="samlp"),
    pytest.param(SimpleSamlServer, id="simplesamlphp", marks=pytest.mark.needs("simplesamlphp")),
]
pytestmark = pytest.mark.parametrize("make", EACH)
BOTH_BINDINGS = pytest.mark.parametrize("binding", ["redirect", "post"])
LOGIN, LOGOUT = f"{ORIGIN}/.outerward/login", f"{ORIGIN}/.outerward/logout"
SIGNED_OUT = f"{ORIGIN}/.outerward/signed-out"


class _ToEdge(AbstractResolver):
    """Every name is the edge's."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=self._port, family=2, proto=0, flags=0)]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def person(scene: SamlScene) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser that finds the edge."""
    async with browser() as plain:
        connector = aiohttp.TCPConnector(resolver=_ToEdge(scene.edge.port))
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=plain.cookie_jar, headers=NAVIGATION
        ) as client:
            yield client


def ours(**options: Any) -> ServiceProvider:
    """What a provider is told of us."""
    certificate = options.pop("certificate_pem", service_pair().certificate_pem)
    return ServiceProvider(ORIGIN + METADATA, ORIGIN + ACS, ORIGIN + SLO, certificate, **options)


def by_post_alone(server: Server) -> str:
    """The provider's metadata without its addresses for redirects."""
    with urlopen(server.metadata_url) as answer:  # noqa: S310
        text: str = answer.read().decode()
    services = re.findall(r"<(?:\w+:)?Single(?:SignOn|Logout)Service[^>]*?/>", text)
    services += re.findall(r"<(?:\w+:)?Single(?:SignOn|Logout)Service[^>/]*>\s*</[^>]*>", text)
    for each in services:
        text = text.replace(each, "") if REDIRECT in each else text
    return text


@asynccontextmanager
async def meeting(
    store: Store, server: Server, *, binding: str = "redirect", **settings: Any
) -> AsyncIterator[SamlScene]:
    """An edge that knows a running provider: by its metadata URL, or by what is left for POST of it."""
    source = {"idp_metadata": "", "idp_metadata_url": server.metadata_url}
    if binding == "post":
        source = {"idp_metadata": by_post_alone(server)}
    pair = service_pair()
    keys = {"sp_key": pair.key_pem, "sp_certificate": pair.certificate_pem}
    async with saml_scene(store, **({"allow_private_network": True} | keys | source | settings)) as scene:
        yield scene


def assert_is_in(landing: Landing, user: str = "ada") -> None:
    """The walk ended at the upstream, as ``user``."""
    assert landing.status == 200, landing.text[:2000]
    assert landing.url == f"{ORIGIN}/report"
    assert f'["X-Forwarded-User", "{user}"]' in landing.text


async def come_in(client: aiohttp.ClientSession, user: str = "ada") -> None:
    """A whole login, from the application's page and back to it."""
    assert_is_in(await sign_in(client, f"{ORIGIN}/report", user), user)


async def is_in(client: aiohttp.ClientSession) -> bool:
    """Whether the browser still reaches the upstream."""
    async with client.get(f"{ORIGIN}/report", allow_redirects=False) as answer:
        return answer.status == 200


@pytest.mark.parametrize("encrypt", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
async def test_a_person_comes_in_by_every_way_to_sign_and_encrypt(
    make: Make, store: Store, sign: str, encrypt: bool
) -> None:
    with make(users=USERS, service_providers=[ours(sign=sign, encrypt=encrypt)]) as server:
        cbc = make is SimpleSamlServer
        async with (
            meeting(store, server, want_encrypted=encrypt, allow_cbc=cbc) as scene,
            person(scene) as client,
        ):
            landing = await sign_in(client, f"{ORIGIN}/report", "ada")

    assert_is_in(landing)
    assert '["X-Forwarded-Email", "ada@example.com"]' in landing.text
    assert '["X-Forwarded-Groups", "staff,ops"]' in landing.text


@BOTH_BINDINGS
async def test_a_request_goes_out_by_either_binding(make: Make, store: Store, binding: str) -> None:
    with make(users=USERS, service_providers=[ours()]) as server:
        async with meeting(store, server, binding=binding) as scene, person(scene) as client:
            await come_in(client, "bob")
            assert await is_in(client)


@BOTH_BINDINGS
async def test_a_logout_here_ends_the_session_at_the_provider_too(
    make: Make, store: Store, binding: Any
) -> None:
    with make(users=USERS, service_providers=[ours(slo_binding=binding)]) as server:
        async with meeting(store, server, binding=binding) as scene, person(scene) as client:
            await come_in(client)
            landing = await walk(client, LOGOUT)
            assert (landing.url, landing.status) == (SIGNED_OUT, 200)
            assert "OUT-2031" in landing.text
            assert not await is_in(client)
            asked = await walk(client, f"{ORIGIN}/report")
            assert asked.url.startswith(str(URL(server.sso_url).origin()))
            await come_in(client, "bob")


@BOTH_BINDINGS
async def test_a_logout_at_the_provider_ends_the_session_here(make: Make, store: Store, binding: Any) -> None:
    with make(users=USERS, service_providers=[ours(slo_binding=binding)]) as server:
        async with meeting(store, server, binding=binding) as scene, person(scene) as client:
            await come_in(client)
            landing = await sign_out_at_provider(client, server.logout_url)
            assert landing.status == 200, landing.text[:2000]
            assert not landing.url.startswith(ORIGIN)
            assert not await is_in(client)


async def test_a_logout_at_the_provider_ends_that_persons_session_alone(make: Make, store: Store) -> None:
    with make(users=USERS, service_providers=[ours()]) as server:
        async with meeting(store, server) as scene, person(scene) as adas, person(scene) as bobs:
            await come_in(adas)
            await come_in(bobs, "bob")
            await sign_out_at_provider(adas, server.logout_url)
            assert [await is_in(adas), await is_in(bobs)] == [False, True]


async def test_a_person_who_begins_at_the_provider_is_asked_here(make: Make, store: Store) -> None:
    with make(users=USERS, service_providers=[ours()]) as server:
        async with meeting(store, server, allow_idp_initiated=True) as scene, person(scene) as client:
            page = await sign_in(client, server.login_url(ORIGIN + METADATA, "https://evil.example/"), "ada")
            assert (page.status, page.url) == (200, ORIGIN + ACS)
            assert "ada@example.com" in page.text
            assert not await is_in(client)
            (form,) = forms(page.text)
            target = str(URL(page.url).join(URL(form.action)))
            landing = await walk(client, target, form=form.fields, page=page.url)
            assert landing.url == f"{ORIGIN}/"
            assert landing.status == 200
            assert await is_in(client)


async def test_a_person_who_begins_at_the_provider_is_refused_by_default(make: Make, store: Store) -> None:
    with make(users=USERS, service_providers=[ours()]) as server:
        async with meeting(store, server) as scene, person(scene) as client:
            page = await sign_in(client, server.login_url(ORIGIN + METADATA), "ada")
            assert page.status == 403
            assert "OUT-2035" in page.text
            assert not await is_in(client)


@pytest.mark.parametrize("force", [False, True], ids=["silent", "asked again"])
async def test_a_session_at_the_provider_is_enough_unless_force_authn_is_set(
    make: Make, store: Store, force: bool
) -> None:
    with make(users=USERS, service_providers=[ours()]) as server:
        async with meeting(store, server, force_authn=force) as scene, person(scene) as client:
            await come_in(client)
            (view,) = (await store.users(limit=5, before=None)).items
            client.cookie_jar.clear(lambda morsel: morsel.key == "outerward")
            again = await walk(client, f"{ORIGIN}/report")
            assert again.url.startswith(str(URL(server.sso_url).origin())) == force
            if force:
                await come_in(client)
            assert await is_in(client)
            assert view.user.principal.issuer == server.entity_id


async def test_the_provider_knows_us_by_our_own_metadata(make: Make, store: Store) -> None:
    """Our key is the one made here: what encrypts to it and verifies by it came from our metadata."""
    server = make(users=USERS, service_providers=[])
    source: dict[str, Any] = {"idp_metadata": "", "idp_metadata_url": server.metadata_url}
    source["allow_cbc"] = make is SimpleSamlServer
    if isinstance(server, SamlpServer):
        with server:
            source["idp_metadata_url"] = server.metadata_url
    async with saml_scene(store, allow_private_network=True, **source) as scene:
        certificate = (await scene.our_certificate()).public_bytes(Encoding.PEM).decode()
        server.service_providers = [ours(certificate_pem=certificate, encrypt=True)]
        with server:
            async with person(scene) as client:
                await come_in(client)
                assert (await walk(client, LOGOUT)).url == SIGNED_OUT


async def test_a_new_key_of_the_provider_counts_once_its_metadata_was_read_again(
    make: Make, store: Store
) -> None:
    ahead_s = 0.0
    with make(users=USERS, service_providers=[ours()]) as server:
        async with (
            meeting(store, server, monotonic=lambda: time.monotonic() + ahead_s) as scene,
            person(scene) as client,
        ):
            await come_in(client)
            server.restart(new_keys=True)
            assert await is_in(client)
            client.cookie_jar.clear()
            early = await sign_in(client, f"{ORIGIN}/report", "bob")
            assert early.url == f"{ORIGIN}/report" or 400 <= early.status < 500
            ahead_s = 25 * 3600.0
            client.cookie_jar.clear()
            await come_in(client, "bob")


async def test_signatures_by_sha_1_are_refused_with_what_to_change(make: Make, store: Store) -> None:
    with make(users=USERS, service_providers=[ours(signature_algorithm="sha1")]) as server:
        async with meeting(store, server) as scene, person(scene) as client:
            page = await sign_in(client, f"{ORIGIN}/report", "ada")
            assert page.status == 403
            assert "OUT-2034" in page.text
            assert "SHA-256" in page.text


async def test_a_provider_that_is_down_is_a_page_and_no_loop(make: Make, store: Store) -> None:
    server = make(users=USERS, service_providers=[ours()])
    with server:
        url = server.metadata_url
    async with meeting(store, server, idp_metadata_url=url) as scene, person(scene) as client:
        page = await walk(client, f"{ORIGIN}/report")
        assert page.status in (502, 503)
        assert page.url.startswith(LOGIN)


async def test_while_the_provider_is_down_a_logout_here_still_ends_the_session(
    make: Make, store: Store
) -> None:
    with make(users=USERS, service_providers=[ours()]) as server:
        async with meeting(store, server) as scene, person(scene) as client:
            await come_in(client)
            server.stop()
            with pytest.raises(aiohttp.ClientConnectionError):
                await walk(client, LOGOUT)
            assert not await is_in(client)


@pytest.mark.parametrize("allowed", [False, True], ids=["by default", "where it is allowed"])
async def test_an_assertion_encrypted_by_cbc_is_refused_unless_that_is_allowed(
    make: Make, store: Store, allowed: bool
) -> None:
    with make(users=USERS, service_providers=[ours(encrypt=True, cipher="aes128-cbc")]) as server:
        async with meeting(store, server, allow_cbc=allowed) as scene, person(scene) as client:
            landing = await sign_in(client, f"{ORIGIN}/report", "ada")
            assert (landing.status == 200) == allowed
            assert await is_in(client) == allowed
