"""A store, machines that deliver, and a receiver."""

from collections.abc import AsyncIterator, Callable

import pytest

from tests.integration.webhooks.machine import Machine
from tests.support.webhook_receiver import WebhookReceiver


@pytest.fixture
async def machines() -> AsyncIterator[Callable[..., Machine]]:
    """Makes machines, which are closed after the test."""
    made: list[Machine] = []

    def make(*args: object, **options: object) -> Machine:
        made.append(Machine(*args, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for machine in made:
        await machine.close()


@pytest.fixture
async def machine(machines: Callable[..., Machine], store_url: str) -> Machine:
    return machines(store_url)


@pytest.fixture
async def receiver() -> AsyncIterator[WebhookReceiver]:
    async with WebhookReceiver.running() as running:
        yield running
