"""The modules of oidcc-client-front-channel-logout-rp-basic, and the logout that begins at the provider."""

from urllib.parse import urlencode

from tests.conformance.relying_party import RelyingParty
from tests.support.logout_tokens import FRONT, IN_A_FRAME, SECOND, code_of

SIGNED_OUT, ENDED = 2031, 2044


async def assert_the_frame_ends_it(rp: RelyingParty, cookie: str) -> None:
    """The page with the provider's frames: ours answers in it, and the session that it names is over."""
    assert await rp.scene.is_in(cookie, SECOND)
    named = urlencode({"iss": rp.provider.issuer, "sid": "s-1"})
    answer = await rp.scene.get(f"{FRONT}?{named}", host=SECOND, headers=IN_A_FRAME)
    assert (answer.status, code_of(answer)) == (200, ENDED)
    assert not await rp.scene.is_in(cookie, SECOND)


async def test_oidcc_client_test_rp_frontchannel_rpinitlogout(rp: RelyingParty) -> None:
    """The person signs out here, and the provider's page of frames signs out everywhere else."""
    here = await rp.scene.sign_in(sid="s-1")
    there = await rp.scene.sign_in(sid="s-1", host=SECOND)
    told = await rp.signs_out(here)
    await assert_the_frame_ends_it(rp, there)
    back = await rp.scene.get(f"/.outerward/signed-out?state={told['state']}")

    assert code_of(await rp.scene.get(back.header("location"))) == SIGNED_OUT


async def test_oidcc_client_test_rp_frontchannel_opinitlogout(rp: RelyingParty) -> None:
    """The person signs out at the provider, whose page of frames signs out here."""
    await assert_the_frame_ends_it(rp, await rp.scene.sign_in(sid="s-1", host=SECOND))
