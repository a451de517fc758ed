"""All webhooks of a process: one delivery for each, none of which waits for another."""

import asyncio
import hashlib
import random
import ssl
import time
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from idp_adapters import Resolve, system_resolve
from outerward.webhooks.delivery import Delivery, EventStore, Pace, Render, back_off_s
from outerward.webhooks.sender import DEADLINE_S, Sender
from outerward.webhooks.settings import WebhookSettings


def _wall_clock_ms() -> int:
    return time.time_ns() // 1_000_000


def _jittered(attempt: int) -> float:
    return back_off_s(attempt, random.random())  # noqa: S311  spreads attempts, keeps no secret


_PACE = Pace(pause_s=_jittered)


def webhook_names(urls: Sequence[str]) -> list[str]:
    """What the store knows each webhook by, in order: a digest of its URL, and which of equal ones it is."""
    seen: Counter[str] = Counter()
    names = []
    for url in urls:
        digest = hashlib.sha256(url.encode()).digest()[:16]
        names.append(f"{urlsafe_b64encode(digest).rstrip(b'=').decode()}.{seen[url]}")
        seen[url] += 1
    return names


class Webhooks:
    """Delivers events to every webhook in ``settings`` from ``start`` on, where it is this process's turn.

    A webhook that the store does not know begins with what comes from now on. Raises UrlError and ValueError
    for settings that have problems. ``render`` shows an event in JSON; ``resolve``, ``tls``, ``now_ms`` and
    ``pace`` are injected for tests.
    """

    def __init__(
        self,
        settings: Sequence[WebhookSettings],
        store: EventStore,
        render: Render,
        *,
        resolve: Resolve = system_resolve,
        tls: ssl.SSLContext | None = None,
        deadline_s: float = DEADLINE_S,
        now_ms: Callable[[], int] = _wall_clock_ms,
        pace: Pace = _PACE,
    ) -> None:
        self._senders = [Sender(each, resolve=resolve, tls=tls, deadline_s=deadline_s) for each in settings]
        self._deliveries = [
            Delivery(
                name,
                {"webhook": place, "host": urlsplit(each.url).netloc},
                wants=each.wants,
                send=sender.send,
                store=store,
                render=render,
                now_ms=now_ms,
                pace=pace,
            )
            for place, (name, each, sender) in enumerate(
                zip(webhook_names([each.url for each in settings]), settings, self._senders, strict=True),
                start=1,
            )
        ]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin; a store or a receiver that is away is no error."""
        self._tasks = [asyncio.create_task(each.run(), name="webhook") for each in self._deliveries]

    async def close(self) -> None:
        """Stop, and leave what is under way to whoever has the turn next. Before the store is closed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for sender in self._senders:
            await sender.close()
