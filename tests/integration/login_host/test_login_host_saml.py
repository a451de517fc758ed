"""Three applications, one login host, and a real SAML provider that knows one service provider."""

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
from lxml import etree

from idp_adapters import EntityIds, SamlProvider, SamlSettings, Threads
from proxy import LoginHost
from session_store import EndReason, Store
from tests.integration.login_host.conftest import HOSTS, LOGIN, Apps, app, origin_of, running
from tests.support.browser import browser, sign_in, sign_out_at_provider, walk
from tests.support.saml_idp import ServiceProvider, service_pair
from tests.support.samlp_provider import SamlpServer

ONE, TWO, THREE = HOSTS
BASE = "/.outerward/saml/corp"


@pytest.fixture(scope="module")
def server(port: int) -> Iterator[SamlpServer]:
    own = origin_of(LOGIN, port) + BASE
    us = ServiceProvider(f"{own}/metadata", f"{own}/acs", f"{own}/slo", service_pair().certificate_pem)
    with SamlpServer(users={"ada": {"email": "ada@example.com"}}, service_providers=[us]) as started:
        yield started


@pytest.fixture
async def apps(store: Store, port: int, server: SamlpServer) -> AsyncIterator[Apps]:
    pair = service_pair()
    settings = SamlSettings(
        idp_metadata_url=server.metadata_url,
        allow_private_network=True,
        sp_key=pair.key_pem,
        sp_certificate=pair.certificate_pem,
    )
    threads = Threads(lambda: None)
    provider = SamlProvider("corp", settings, settle=store.settle, threads=threads, entity_ids=EntityIds())
    login = LoginHost(LOGIN, origin_of(LOGIN, port), secure=False)
    async with running(store, port, [app(host, port) for host in HOSTS], [provider], login) as started:
        yield started
    await provider.close()
    threads.close()


@pytest.fixture
async def ada(apps: Apps) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser."""
    async with browser() as client:
        yield client


async def come_in(apps: Apps, client: aiohttp.ClientSession, host: str) -> None:
    landing = await sign_in(client, apps.at(host), "ada")
    assert (landing.status, landing.url) == (200, apps.at(host)), landing.text[-500:]


async def test_three_applications_are_one_service_provider_and_end_one_by_one(
    apps: Apps, store: Store, ada: aiohttp.ClientSession
) -> None:
    for host in HOSTS:
        await come_in(apps, ada, host)
    sessions = (await store.sessions(limit=10, before=None)).items
    ids = {view.session.endpoint.tunnel: view.session.id for view in sessions}
    await store.end_application_session(ids[TWO], EndReason.REVOKED, "owtok_1")

    assert ids.keys() == set(HOSTS)
    assert [await apps.is_in(ada, host) for host in HOSTS] == [True, False, True]


async def test_every_host_tells_the_one_entity_id_and_the_login_hosts_addresses(
    apps: Apps, ada: aiohttp.ClientSession
) -> None:
    told = {(await walk(ada, apps.at(host, f"{BASE}/metadata"))).text for host in (*HOSTS, LOGIN)}
    trees = [etree.fromstring(text.encode()) for text in told]

    assert {tree.get("entityID") for tree in trees} == {apps.at(LOGIN, f"{BASE}/metadata")}
    locations = {each.get("Location") for tree in trees for each in tree.iter("{*}*") if each.get("Location")}
    assert locations == {apps.at(LOGIN, f"{BASE}/acs"), apps.at(LOGIN, f"{BASE}/slo")}


async def test_the_assertion_consumer_service_is_at_the_login_host_alone_and_the_result_at_its_own_host(
    apps: Apps, store: Store, ada: aiohttp.ClientSession
) -> None:
    posted = await sign_in(ada, apps.at(ONE), "ada", until=apps.at(LOGIN, f"{BASE}/acs"))
    for host in HOSTS:
        refused = await walk(ada, apps.at(host, f"{BASE}/acs"), form=posted.fields, page="http://127.0.0.2")
        assert refused.status == 404
    finish = await walk(
        ada, posted.url, form=posted.fields, page="http://127.0.0.2", until=apps.at(ONE, f"{BASE}/finish")
    )
    for host in (TWO, LOGIN):
        elsewhere = await walk(ada, finish.url.replace(apps.at(ONE, ""), apps.at(host, "")))
        assert (elsewhere.status, "OUT-2011" in elsewhere.text) == (400, True)
    assert (await store.users(limit=10, before=None)).items == []

    landing = await walk(ada, finish.url)
    assert (landing.status, landing.url) == (200, apps.at(ONE))


async def test_a_logout_goes_to_the_provider_and_comes_back_to_the_applications_page(
    apps: Apps, ada: aiohttp.ClientSession
) -> None:
    await come_in(apps, ada, ONE)
    landing = await walk(ada, apps.at(ONE, "/.outerward/logout"))

    assert (landing.status, landing.url) == (200, apps.at(ONE, "/.outerward/signed-out"))
    assert "OUT-2031" in landing.text
    assert not await apps.is_in(ada, ONE)


async def test_a_logout_at_the_provider_comes_to_the_login_host_and_ends_the_session_that_it_names(
    apps: Apps, ada: aiohttp.ClientSession, server: SamlpServer
) -> None:
    for host in (ONE, TWO):
        await come_in(apps, ada, host)
    landing = await sign_out_at_provider(ada, server.logout_url)

    assert landing.status == 200
    # This provider makes a SessionIndex for each answer, and names the last one of each service provider.
    assert [await apps.is_in(ada, host) for host in (ONE, TWO)] == [True, False]


async def test_a_message_that_is_none_gets_a_page_that_leads_nowhere(
    apps: Apps, ada: aiohttp.ClientSession
) -> None:
    for fields in ({"SAMLResponse": "AAAA"}, {"SAMLResponse": "AAAA", "RelayState": "made-up"}, {"a": "b"}):
        landing = await walk(ada, apps.at(LOGIN, f"{BASE}/acs"), form=fields, page="http://127.0.0.2")
        assert (400 <= landing.status < 500, "<a" in landing.text) == (True, False)
