"""The modules of oidcc-client-rp-initiated-logout-rp-basic: away to the provider, and back in three ways."""

from tests.conformance.relying_party import RelyingParty
from tests.support.logout_tokens import code_of

SIGNED_OUT = 2031


async def comes_back_with(rp: RelyingParty, query: str) -> None:
    """The way back from the provider, which ends at the page that says so, whatever the state."""
    answer = await rp.scene.get(f"/.outerward/signed-out{query}")
    if answer.status == 302:
        assert answer.header("location") == "/.outerward/signed-out"
        answer = await rp.scene.get(answer.header("location"))
    assert (answer.status, code_of(answer)) == (200, SIGNED_OUT)


async def test_oidcc_client_test_rp_init_logout(rp: RelyingParty) -> None:
    """The session here ends, then the provider is told by the ID token, and sends back with the state."""
    told = await rp.signs_out(await rp.signs_in())

    assert told["id_token_hint"].count(".") == 2
    assert told["post_logout_redirect_uri"] == "http://app.localhost/.outerward/signed-out"
    await comes_back_with(rp, f"?state={told['state']}")


async def test_oidcc_client_test_rp_init_logout_no_state(rp: RelyingParty) -> None:
    """The provider sends back without the state: the session is over all the same, and the page says so."""
    await rp.signs_out(await rp.signs_in())

    await comes_back_with(rp, "")


async def test_oidcc_client_test_rp_init_logout_other_state(rp: RelyingParty) -> None:
    """The provider sends back with another state: nothing is believed of it, and the page says so."""
    await rp.signs_out(await rp.signs_in())

    await comes_back_with(rp, "?state=another")
