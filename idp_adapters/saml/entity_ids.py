"""Which provider may be called by which entity id: a SAML provider says itself what it is called.

Two that are called alike would share their users, so the second one is refused, unless the operator has
written that id down for it (``idp_entity_id``).
"""

import re

from idp_adapters.provider import LoginError

_TENANT = re.compile(r"\A(https://[^/]+/)[^/]+(/v2\.0)\Z")
"""Microsoft has an issuer for each of its tenants; whoever is called like one may be called like any."""


class EntityIds:
    """The issuers that are spoken for, among all providers of one process."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}

    def claim(self, entity_id: str, provider: str, *, written_down: bool) -> None:
        """Note that ``provider`` is called ``entity_id``.

        Raises LoginError (*provider_misconfigured*) where another one is, unless it is ``written_down``.
        """
        known_as = _TENANT.sub(r"\1*\2", entity_id)
        if written_down:
            self._owners[known_as] = provider
            return
        owner = self._owners.setdefault(known_as, provider)
        if owner != provider:
            detail = f"metadata: {entity_id[:80]!a} is what provider {owner!r} is called; set idp_entity_id"
            raise LoginError("provider_misconfigured", detail)
