"""A process that delivers webhooks, in short words: a real store, real connections, hardly a pause."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

from structlog.typing import EventDict

from outerward.webhooks import Webhooks, WebhookSettings
from outerward.webhooks.delivery import Pace
from outerward.webhooks.webhooks import webhook_names
from session_store import Event, Store, StoredEvent, keys
from tests.support.redis_server import RedisServer
from tests.support.webhook_receiver import GUARD_S, WebhookReceiver

SECRET = "a secret of the tests, 32 long.."
DAY_MS = 24 * 3_600_000


def wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


def render(stored: StoredEvent) -> bytes:
    """An event in few words; how the API shows it is not this package's."""
    return f'{{"id": "{stored.id}", "type": "{stored.event.type}"}}'.encode()


def to(receiver: WebhookReceiver, **changes: Any) -> WebhookSettings:
    """The webhook of ``receiver``, which listens on loopback."""
    values: dict[str, Any] = {"url": receiver.url, "secret": SECRET, "allow_private_network": True}
    return WebhookSettings(**values | changes)


async def until(holds: Callable[[], bool]) -> None:
    """Return once ``holds``."""
    async with asyncio.timeout(GUARD_S):
        while True:
            if holds():
                return
            await asyncio.sleep(0.005)


def named(lines: Sequence[EventDict], event: str) -> list[EventDict]:
    """The lines of the log that are called ``event``."""
    return [line for line in lines if line["event"] == event]


class Machine:
    """Connections of its own to the store at ``url``, and the webhooks that it delivers to."""

    def __init__(
        self,
        url: str,
        *,
        now_ms: Callable[[], int] = wall_clock_ms,
        turn_s: float = 30,
        pause_s: float = 0.01,
    ) -> None:
        self.store = Store.open(url, secrets=[SECRET], command_timeout_s=30)
        self._now_ms = now_ms
        self._pace = Pace(turn_s=turn_s, pause_s=lambda _attempt: pause_s)
        self._url = url
        self._webhooks: list[Webhooks] = []

    def start(self, *settings: WebhookSettings, **options: Any) -> Webhooks:
        """Begin to deliver."""
        webhooks = Webhooks(settings, self.store, render, now_ms=self._now_ms, pace=self._pace, **options)
        webhooks.start()
        self._webhooks.append(webhooks)
        return webhooks

    async def deliver(self, *settings: WebhookSettings, **options: Any) -> Webhooks:
        """Begin to deliver; returns once it is known of each webhook how far it has come."""
        webhooks = self.start(*settings, **options)
        server = RedisServer.looking_at(self._url)
        names = [keys.webhook(name) for name in webhook_names([each.url for each in settings])]
        await until(lambda: all(server.hexists(name, "position") for name in names))
        return webhooks

    async def noted(self, settings: WebhookSettings, event_id: str) -> None:
        """Return once the store knows that the webhook has come to ``event_id``."""
        server = RedisServer.looking_at(self._url)
        (name,) = webhook_names([settings.url])
        await until(lambda: server.hget(keys.webhook(name), "position") == event_id.encode())

    async def tell(self, count: int, event_type: str = "login") -> list[str]:
        """Tell ``count`` events; their ids."""
        await self.store.record_events(
            [Event(type=event_type, at=number, actor="time") for number in range(count)]
        )
        page = await self.store.events(limit=count, before=None)
        return [stored.id for stored in reversed(page.items)]

    async def close(self) -> None:
        """Stop delivering, and hang up."""
        for webhooks in self._webhooks:
            await webhooks.close()
        await self.store.close()
