"""Departures from OpenID Connect that a preset names: each is taken where it is named, and nowhere else."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from idp_adapters import LoginError
from idp_adapters.destinations import Destinations
from idp_adapters.oidc.quirks import STANDARD, Quirks
from idp_adapters.transport import Answer, Request, Transport
from tests.support.hostile_oidc import MISSING, HostileProvider, change
from tests.support.oidc_login import Login, answer, opened

TID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
TENANTS = Quirks(tenant_claim="tid")
GROUPS = "https://graph.example.com/v1.0/me/groups"
OVERAGE = Quirks(overage_url=f"{GROUPS}?$select=id")
ELSEWHERE = {
    "_claim_names": {"groups": "src1"},
    "_claim_sources": {"src1": {"endpoint": "https://evil.example"}},
}


@asynccontextmanager
async def tenants(hostile: HostileProvider, quirks: Quirks = TENANTS) -> AsyncIterator[Login]:
    """A provider of many tenants, of which none is configured."""
    hostile.lies.metadata = change(issuer=f"{hostile.issuer}/{{tenantid}}/v2.0")
    hostile.lies.answers["/common/v2.0/.well-known/openid-configuration"] = answer(
        json.dumps(hostile.lies.metadata(hostile.metadata())).encode()
    )
    own = f"{hostile.issuer}/{TID}/v2.0"
    hostile.lies.callback = lambda parameters: [*parameters[:2], ("iss", own)]
    hostile.lies.claims = change(iss=own, tid=TID)
    async with opened(hostile, {"issuer": f"{hostile.issuer}/common/v2.0"}, quirks=quirks) as login:
        yield login


async def test_a_person_belongs_to_the_tenant_that_the_token_names(hostile: HostileProvider) -> None:
    async with tenants(hostile) as login:
        completed = await login.completed()
        hostile.lies.answers["/token"] = answer(b"{}", status=500)
    assert completed.identity.issuer == f"{hostile.issuer}/{TID}/v2.0"
    assert login.oidc.issuer == f"{hostile.issuer}/common/v2.0"


@pytest.mark.parametrize(
    "tid",
    [MISSING, None, "", "common", TID.upper(), "../evil", 7],
    ids=["missing", "null", "empty", "name", "capitals", "path", "number"],
)
async def test_a_token_without_a_tenant_is_refused(tid: object, hostile: HostileProvider) -> None:
    async with tenants(hostile) as login:
        hostile.lies.claims = change(iss=f"{hostile.issuer}/{tid}/v2.0", tid=tid)
        assert (await login.refused()).reason == "invalid_token"


@pytest.mark.parametrize(
    "iss",
    ["{issuer}/common/v2.0", "{issuer}/{{tenantid}}/v2.0", "https://evil.example/" + TID + "/v2.0", ""],
    ids=["configured", "template", "another", "empty"],
)
async def test_a_token_of_another_issuer_than_its_tenant_s_is_refused(
    iss: str, hostile: HostileProvider
) -> None:
    async with tenants(hostile) as login:
        hostile.lies.claims = change(iss=iss.format(issuer=hostile.issuer), tid=TID)
        assert (await login.refused()).reason == "invalid_token"


async def test_an_answer_that_no_tenant_gave_sends_no_code(hostile: HostileProvider) -> None:
    async with tenants(hostile) as login:
        hostile.lies.callback = lambda parameters: [*parameters[:2], ("iss", "https://evil.example")]
        assert (await login.refused()).reason == "invalid_response"
    assert hostile.codes_sent == []


async def test_without_the_quirk_metadata_with_tenants_are_refused(hostile: HostileProvider) -> None:
    async with tenants(hostile, STANDARD) as login:
        assert (await login.refused()).reason == "provider_misconfigured"


async def test_a_refresh_stays_with_its_tenant(hostile: HostileProvider) -> None:
    hostile.refresh_tokens.given = True
    async with tenants(hostile) as login:
        first = await login.completed()
        second = await login.oidc.refresh(first.memory, first.identity)
        assert second is not None
        assert second.identity.issuer == first.identity.issuer
        other = TID.replace("0f", "ff")
        hostile.lies.claims = change(iss=f"{hostile.issuer}/{other}/v2.0", tid=other)
        with pytest.raises(LoginError, match="another issuer"):
            await login.oidc.refresh(second.memory, second.identity)


async def test_another_spelling_of_the_issuer_is_the_same_person(hostile: HostileProvider) -> None:
    hostile.lies.claims = change(iss="id.example.com")
    async with opened(hostile, quirks=Quirks(issuers=("id.example.com",))) as login:
        assert (await login.run()).issuer == hostile.issuer
    async with opened(hostile) as login:
        assert (await login.refused()).reason == "invalid_token"


async def test_a_nonce_may_be_missing_where_that_is_known_and_is_never_wrong(
    hostile: HostileProvider,
) -> None:
    async with opened(hostile, quirks=Quirks(omits_nonce=True)) as login:
        hostile.lies.claims = change(nonce=MISSING)
        assert (await login.run()).subject == "ada"
        hostile.lies.claims = change(nonce="another")
        assert (await login.refused()).reason == "invalid_token"


class Mapped:
    """A Fetch over real sockets that finds the pages of groups at the provider's own address."""

    def __init__(self, hostile: HostileProvider) -> None:
        self._hostile = hostile
        self._transport = Transport(Destinations.of(hostile.issuer, allow_private_network=True))

    async def __call__(self, request: Request) -> Answer:
        mapped = request.url.replace("https://graph.example.com", self._hostile.issuer)
        return await self._transport(msgspec.structs.replace(request, url=mapped))

    async def close(self) -> None:
        await self._transport.close()


@asynccontextmanager
async def overage(hostile: HostileProvider, groups: Any, status: int = 200) -> AsyncIterator[Login]:
    """A provider whose token says that the groups are elsewhere, and what is found there."""
    hostile.user.pop("groups", None)
    hostile.lies.claims = change(**ELSEWHERE)
    hostile.lies.answers["/v1.0/me/groups"] = answer(json.dumps(groups).encode(), status=status)
    async with opened(hostile, quirks=OVERAGE, fetch=Mapped(hostile)) as login:
        yield login


async def test_groups_that_did_not_fit_are_looked_up_where_the_preset_says(hostile: HostileProvider) -> None:
    async with overage(hostile, {"value": [{"id": "g1"}, {"id": "g2"}]}) as login:
        assert (await login.run()).groups == ("g1", "g2")
    assert hostile.hits["/v1.0/me/groups"] == 1


@pytest.mark.parametrize(
    ("groups", "status"),
    [({"value": []}, 403), ({}, 200), ({"value": {}}, 200)],
    ids=["403", "none", "object"],
)
async def test_groups_that_cannot_be_looked_up_end_the_login(
    groups: Any, status: int, hostile: HostileProvider
) -> None:
    async with overage(hostile, groups, status) as login:
        assert (await login.refused()).reason == "provider_error"


async def test_groups_that_are_in_the_token_are_not_looked_up(hostile: HostileProvider) -> None:
    async with overage(hostile, {"value": [{"id": "g1"}]}) as login:
        hostile.lies.claims = change(groups=["here"])
        assert (await login.run()).groups == ("here",)
    assert hostile.hits["/v1.0/me/groups"] == 0


@pytest.mark.parametrize("brings", ["an ID token", "none"])
async def test_groups_that_were_looked_up_are_looked_up_again(brings: str, hostile: HostileProvider) -> None:
    hostile.refresh_tokens.given = True
    async with overage(hostile, {"value": [{"id": "g1"}]}) as login:
        first = await login.completed()
        hostile.lies.answers["/v1.0/me/groups"] = answer(b'{"value": [{"id": "g2"}]}')
        if brings == "none":
            hostile.lies.refreshed = change(id_token=MISSING)
        second = await login.oidc.refresh(first.memory, first.identity)
        assert second is not None
        hostile.lies.answers["/v1.0/me/groups"] = answer(b"{}", status=503)
        third = await login.oidc.refresh(second.memory, second.identity)
        assert third is not None
    assert (first.identity.groups, second.identity.groups) == (("g1",), ("g2",))
    assert third.identity.groups == ("g2",)


async def test_without_an_address_groups_elsewhere_are_none_and_told_once(login: Login) -> None:
    login.hostile.user.pop("groups")
    login.hostile.lies.claims = change(**ELSEWHERE)
    with capture_logs() as logged:
        assert (await login.run()).groups == ()
    assert [entry["event"] for entry in logged] == ["groups_not_in_token"]
    assert "evil" not in repr(logged)
