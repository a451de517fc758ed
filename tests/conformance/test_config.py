"""The modules of oidcc-client-config-certification-test-plan; -idtoken-sig-none is with the basic plan."""

import json

from tests.conformance.relying_party import RelyingParty
from tests.support.hostile_oidc import HostileProvider, change, fresh_key, public_part
from tests.support.logout_tokens import code_of
from tests.support.oidc_login import answer, metadata

DISCOVERY = "/.well-known/openid-configuration"
MISCONFIGURED = 2021


async def test_oidcc_client_test_discovery_openid_config(rp: RelyingParty) -> None:
    """The provider's configuration is fetched and used; it is fetched once."""
    await rp.signs_in()
    await rp.signs_in()

    assert rp.provider.hits[DISCOVERY] == 1


async def test_oidcc_client_test_discovery_jwks_uri_keys(rp: RelyingParty) -> None:
    """The keys are at an address that only the configuration tells: they are fetched from there."""
    key = public_part(rp.provider.key)
    rp.provider.lies.metadata = change(jwks_uri=f"{rp.provider.issuer}/keys-of-today")
    rp.provider.lies.answers["/keys-of-today"] = answer(_key_set(key))
    await rp.signs_in()

    assert rp.provider.hits["/keys-of-today"] == 1
    assert rp.provider.hits["/keys"] == 0


async def test_oidcc_client_test_discovery_issuer_mismatch(rp: RelyingParty) -> None:
    """The configuration names another issuer than the one that is configured: nobody is sent there."""
    metadata(issuer="https://other.example")(rp.provider)
    page = await rp.scene.get("/.outerward/login")

    assert (page.status, code_of(page), page.all("set-cookie")) == (502, MISCONFIGURED, [])


async def test_oidcc_client_test_signing_key_rotation(rp: RelyingParty) -> None:
    """The keys change after the first login: the second fetches them anew and goes through."""
    await rp.signs_in()
    rp.provider.key = fresh_key()
    await rp.signs_in()

    assert rp.provider.hits["/keys"] == 2


async def test_oidcc_client_test_signing_key_rotation_just_before_signing(rp: RelyingParty) -> None:
    """The keys change while a login is under way, after ours were fetched: it goes through."""

    def rotate(hostile: HostileProvider) -> None:
        hostile.key = fresh_key()

    await rp.signs_in()
    await rp.signs_in(rotate)

    assert rp.provider.hits["/keys"] == 2


def _key_set(key: dict[str, object]) -> bytes:
    return json.dumps({"keys": [key]}).encode()
