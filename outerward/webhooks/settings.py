"""The ``[[webhook]]`` section: where events are sent, which, and signed with what.

Pure: judges what is written, and asks no resolver.
"""

from collections.abc import Iterator
from typing import Annotated

import msgspec

from idp_adapters import Destinations, UrlError
from outerward.plain_text import printable
from outerward.webhooks.signing import key_of
from session_store import EVENT_TYPES

Secret = Annotated[str, msgspec.Meta(extra={"kind": "secret"})]

ALL_EVENTS = "*"


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One receiver of events.

    ``url``: it is shown to nobody, since many services have their secret in it.
    ``events``: types of events, or ``*`` for all. ``secret``: at least 32 characters without a blank at
    the ends, or ``whsec_`` and base64, as Standard Webhooks has it. ``allow_private_network``: the
    URL's own host may be spoken to over http and may have a private or loopback address.
    """

    url: Secret
    secret: Secret
    events: tuple[str, ...] = (ALL_EVENTS,)
    allow_private_network: bool = False

    def __repr__(self) -> str:
        return f"WebhookSettings(events={self.events!r}, ...)"

    def wants(self, event_type: str) -> bool:
        """Whether events of this type are sent."""
        return ALL_EVENTS in self.events or event_type in self.events

    def destinations(self) -> Destinations:
        """What may be reached for this webhook. Raises UrlError for a URL that is none."""
        return Destinations.of(self.url, allow_private_network=self.allow_private_network)


def problems_of(settings: WebhookSettings) -> list[str]:
    """What is wrong with ``settings``, each in a sentence that begins with the key and a colon."""
    return [f"{key}: {said}" for key, said in _problems(settings)]


def _problems(settings: WebhookSettings) -> Iterator[tuple[str, str]]:
    try:
        settings.destinations().check_url(settings.url)
    except UrlError as error:
        yield "url", str(error)
    try:
        if settings.secret != settings.secret.strip():
            raise ValueError("must not be blank, nor begin or end with a blank")
        key_of(settings.secret)
    except ValueError as error:
        yield "secret", str(error)
    if not settings.events:
        yield "events", f'names no event; "{ALL_EVENTS}" is all of them'
    for name in settings.events:
        if name != ALL_EVENTS and name not in EVENT_TYPES:
            known = ", ".join(sorted(EVENT_TYPES))
            yield "events", f'"{printable(name, 40)}" is no event; there are "{ALL_EVENTS}" and {known}'
