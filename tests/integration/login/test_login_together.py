"""Many who sign in at one moment, at a provider that takes its time."""

import asyncio

from idp_adapters import LoginCompleted, Parameters, RelyingParty
from session_store import Store
from tests.support.control import ROUTES, Stub, serving

TOGETHER = 12


class Slow(Stub):
    """Completes no login before so many have come."""

    def __init__(self) -> None:
        super().__init__("corp")
        self.inside = 0
        self.all_there = asyncio.Event()

    async def complete(
        self, parameters: Parameters, transaction: bytes | None, party: RelyingParty
    ) -> LoginCompleted:
        self.inside += 1
        if self.inside == TOGETHER:
            self.all_there.set()
        await asyncio.wait_for(self.all_there.wait(), 4)
        return await super().complete(parameters, transaction, party)


async def test_m14_nobody_waits_for_the_login_of_another(store: Store) -> None:
    async with serving(ROUTES, store, [Slow(), Stub("okta")]) as control:
        visitors = [control.browser("app.example.com", f"192.0.2.{number}") for number in range(TOGETHER)]
        landed = await asyncio.gather(*(visitor.sign_in("/report", "ada") for visitor in visitors))
    assert [reply.location for reply in landed] == ["/report"] * TOGETHER
