"""The ``[admin]`` section of the configuration."""

from typing import Annotated

import msgspec

Secret = Annotated[str, msgspec.Meta(extra={"kind": "secret"})]


class AdminSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the admin API listens and how it is addressed.

    ``public_url`` is derived from ``listen`` when absent; ``bootstrap_token`` (at least 32 characters) is an
    admin token as long as it is configured.
    """

    listen: str = "127.0.0.1:4040"
    public_url: str | None = None
    bootstrap_token: Secret | None = None

    def __repr__(self) -> str:
        return f"AdminSettings(listen={self.listen!r}, public_url={self.public_url!r}, ...)"
