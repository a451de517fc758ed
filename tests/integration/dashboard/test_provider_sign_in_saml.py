"""Signing in to the dashboard through a real SAML provider, which is a service provider of its own."""

from collections.abc import Iterator

import pytest

from tests.support.program import HOST, lasting_port, request
from tests.support.provider_sign_in import COOKIE, DashboardProgram, administrator, dashboard_program
from tests.support.saml_idp import ServiceProvider, Users, service_pair
from tests.support.samlp_provider import SamlpServer

USERS: Users = {"ada": {"email": "ada@example.com", "groups": ["ops"]}, "bob": {"email": "bob@example.com"}}


@pytest.fixture(scope="module")
def port() -> int:
    return lasting_port()


@pytest.fixture(scope="module")
def provider(port: int) -> Iterator[SamlpServer]:
    own = f"http://127.0.0.1:{port}/.outerward/saml/campus"
    us = ServiceProvider(f"{own}/metadata", f"{own}/acs", f"{own}/slo", service_pair().certificate_pem)
    with SamlpServer(users=USERS, service_providers=[us]) as started:
        yield started


@pytest.fixture(scope="module")
def at(
    provider: SamlpServer, port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DashboardProgram]:
    pair = service_pair()
    section = f"""
[provider.campus]
type = "saml"
idp_metadata_url = "{provider.metadata_url}"
allow_private_network = true
attributes = {{ groups = "groups" }}
sp_key = '''{pair.key_pem}'''
sp_certificate = '''{pair.certificate_pem}'''
"""
    folder = tmp_path_factory.mktemp("program")
    roles = '{ operator = ["group:ops"] }'
    with dashboard_program(folder, roles=roles, port=port, provider="campus", more=section) as running:
        yield running


async def test_somebody_signs_in_by_saml_and_out_again(at: DashboardProgram) -> None:
    async with administrator(at.url, "campus") as ada:
        landing = await ada.sign_in("ada", "/dashboard/sessions")
        cookie = ada.cookie

        assert landing.url == f"{at.url}/dashboard/sessions"
        assert await ada.ask("GET", "/app/users") == 200
        assert await ada.ask("GET", "/tokens") == 403
        assert (await ada.press("/.outerward/logout")).url == f"{at.url}/.outerward/signed-out"
        assert request(at.url, "/app/users", {"Cookie": f"{COOKIE}={cookie}"}).status == 401


async def test_somebody_without_a_role_is_refused(at: DashboardProgram) -> None:
    async with administrator(at.url, "campus") as bob:
        landing = await bob.sign_in("bob")

        assert (landing.status, "OUT-2001" in landing.text, bob.cookie) == (403, True, "")


def test_the_dashboard_is_an_entity_of_its_own(at: DashboardProgram) -> None:
    reply = request(at.url, "/.outerward/saml/campus/metadata", {})

    assert reply.status == 200
    assert f'entityID="{at.url}/.outerward/saml/campus/metadata"'.encode() in reply.body
    assert request(at.program.edge, "/.outerward/saml/campus/metadata", {"Host": HOST}).status == 404
