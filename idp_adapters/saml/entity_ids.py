"""Which provider may be called by which entity id: a SAML provider says itself what it is called.

Two that are called alike would share their users, so the second one is refused, unless the operator has
written that id down for it (``idp_entity_id``).
"""

from idp_adapters.provider import LoginError


class EntityIds:
    """The issuers that are spoken for, among all providers of one process."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}

    def claim(self, entity_id: str, provider: str, *, written_down: bool) -> None:
        """Note that ``provider`` is called ``entity_id``.

        Raises LoginError (*provider_misconfigured*) where another one is, unless it is ``written_down``.
        """
        if written_down:
            self._owners[entity_id] = provider
            return
        owner = self._owners.setdefault(entity_id, provider)
        if owner != provider:
            detail = f"metadata: {entity_id[:80]!a} is what provider {owner!r} is called; set idp_entity_id"
            raise LoginError("provider_misconfigured", detail)
