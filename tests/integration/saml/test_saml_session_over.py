"""A provider's session that has just ended: the clocks allow for it, and still nothing begins here."""

import time

from tests.support.saml_scene import SamlScene


async def test_a_session_that_is_over_at_the_provider_begins_none_here(scene: SamlScene) -> None:
    begun = await scene.begin()
    answered = scene.response(begun, session_ends_at=time.time() - 20)
    arrived = await scene.post(answered, begun.state)

    assert arrived.status == 303
    await scene.assert_refused(await scene.finish(arrived, begun))
