"""The ``[admin]`` section of the configuration."""

from typing import Annotated

import msgspec

Secret = Annotated[str, msgspec.Meta(extra={"kind": "secret"})]


class RoleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may do what in the dashboard: entries as in ``allow``; who is on several lists has the most.

    ``viewer`` sees everything but tokens, ``operator`` also ends sessions and blocks, ``admin`` may do all.
    """

    viewer: tuple[str, ...] | None = None
    operator: tuple[str, ...] | None = None
    admin: tuple[str, ...] | None = None


class AdminSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the admin API and the dashboard listen, how they are addressed, and who signs in there.

    ``public_url`` is derived from ``listen`` when absent; ``bootstrap_token`` (at least 32 characters) is an
    admin token as long as it is configured. People sign in to the dashboard through ``provider``, with the
    ``roles`` that they have.
    """

    listen: str = "127.0.0.1:4040"
    public_url: str | None = None
    bootstrap_token: Secret | None = None
    provider: str | None = None
    roles: RoleSettings = RoleSettings()

    def __repr__(self) -> str:
        return f"AdminSettings(listen={self.listen!r}, public_url={self.public_url!r}, ...)"
