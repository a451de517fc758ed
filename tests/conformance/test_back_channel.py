"""The modules of oidcc-client-back-channel-logout-rp-basic.

In each the person signs out here, the provider sends its logout token to us, and the browser comes back. The
session at a second application tells whether the token was believed.
"""

from tests.conformance.relying_party import RelyingParty
from tests.support.hostile_oidc import MISSING, change, mac_with
from tests.support.logout_tokens import EVENT, SECOND, LogoutToken, code_of, done

SIGNED_OUT = 2031


async def signs_out_with(rp: RelyingParty, token: str) -> bool:
    """A whole logout with ``token`` in it; whether that was carried out."""
    here = await rp.scene.sign_in(sid="s-1")
    there = await rp.scene.sign_in(sid="s-1", host=SECOND)
    told = await rp.signs_out(here)
    answer = await rp.scene.tell(token)
    back = await rp.scene.get(f"/.outerward/signed-out?state={told['state']}")
    page = await rp.scene.get(back.header("location"))

    assert code_of(page) == SIGNED_OUT
    assert not await rp.scene.is_in(here)
    believed = not await rp.scene.is_in(there, SECOND)
    assert done(answer) == believed
    assert believed or answer.status == 400
    return believed


async def test_oidcc_client_test_rp_backchannel_rpinitlogout(rp: RelyingParty) -> None:
    """A good logout token: 200, and what it names is over before that."""
    assert await signs_out_with(rp, rp.scene.token(sid="s-1"))


async def test_oidcc_client_test_rp_backchannel_rpinitlogout_alg_none(rp: RelyingParty) -> None:
    """It is not signed: 400, and nothing ends."""
    how = LogoutToken(header=change(alg="none"), signature=lambda _: b"")

    assert not await signs_out_with(rp, rp.scene.token(how, sid="s-1"))


async def test_oidcc_client_test_rp_backchannel_rpinitlogout_no_event(rp: RelyingParty) -> None:
    """It has no ``events``: 400, and nothing ends."""
    assert not await signs_out_with(rp, rp.scene.token(sid="s-1", events=MISSING))


async def test_oidcc_client_test_rp_backchannel_rpinitlogout_with_nonce(rp: RelyingParty) -> None:
    """It has a nonce, as ID tokens have: 400, and nothing ends."""
    assert not await signs_out_with(rp, rp.scene.token(sid="s-1", nonce="n"))


async def test_oidcc_client_test_rp_backchannel_rpinitlogout_wrong_alg(rp: RelyingParty) -> None:
    """It is signed by an algorithm that was not agreed upon: 400, and nothing ends."""
    by_secret = mac_with(rp.provider.client_secret.encode())
    how = LogoutToken(header=change(alg="HS256"), signature=by_secret)

    assert not await signs_out_with(rp, rp.scene.token(how, sid="s-1"))


async def test_oidcc_client_test_rp_backchannel_rpinitlogout_wrong_aud(rp: RelyingParty) -> None:
    """It is for another client: 400, and nothing ends."""
    assert not await signs_out_with(rp, rp.scene.token(sid="s-1", aud="other"))


async def test_oidcc_client_test_rp_backchannel_rpinitlogout_wrong_event(rp: RelyingParty) -> None:
    """Its event is another: 400, and nothing ends."""
    events: dict[str, object] = {EVENT + "x": {}}

    assert not await signs_out_with(rp, rp.scene.token(sid="s-1", events=events))


async def test_oidcc_client_test_rp_backchannel_rpinitlogout_wrong_iss(rp: RelyingParty) -> None:
    """It is of another issuer: 400, and nothing ends."""
    assert not await signs_out_with(rp, rp.scene.token(sid="s-1", iss="https://other.example"))
