"""Who the person is, where the token alone does not tell: userinfo, and groups that did not fit into it.

OpenID Connect Core 1.0 §5.3. The order in which the pure steps and the wire take turns; judges nothing
itself. Knows nothing of logins and sessions.
"""

import msgspec
import structlog

from idp_adapters.identity import Identity
from idp_adapters.oidc.claims import Claims
from idp_adapters.oidc.metadata import Metadata
from idp_adapters.oidc.overage import fetch_groups
from idp_adapters.oidc.person import groups_are_elsewhere, groups_in, identity_of, told_by_userinfo
from idp_adapters.oidc.quirks import Quirks
from idp_adapters.oidc.userinfo import read_userinfo, userinfo_request
from idp_adapters.settings import OidcSettings
from idp_adapters.transport import Answer, Fetch

log = structlog.get_logger("idp_adapters.oidc")


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """The person, the fields of whom userinfo told, and whether the groups had to be looked up."""

    identity: Identity
    from_userinfo: tuple[str, ...]
    overage: bool


class People:
    """The persons of one provider."""

    def __init__(self, settings: OidcSettings, quirks: Quirks, fetch: Fetch) -> None:
        self._settings = settings
        self._quirks = quirks
        self._fetch = fetch

    async def ask(self, metadata: Metadata, access_token: str) -> Answer | None:
        """What the userinfo endpoint answers; None where there is none. Raises as ``Fetch`` does."""
        if not metadata.userinfo_endpoint:
            return None
        return await self._fetch(userinfo_request(metadata, access_token))

    async def read(self, claims: Claims, answer: Answer | None, issuer: str, access_token: str) -> Told:
        """The person of verified ``claims``, with what userinfo's ``answer`` adds to them.

        Raises LoginError: *invalid_token*, *invalid_claims*, *provider_error*, or as ``Fetch`` does.
        """
        userinfo = read_userinfo(answer, claims["sub"]) if answer else {}
        identity = identity_of(claims, userinfo, self._settings, issuer, self._quirks)
        overage = groups_are_elsewhere(claims, userinfo, self._settings)
        return Told(
            identity=await self.with_overage(identity, access_token) if overage else identity,
            from_userinfo=told_by_userinfo(claims, userinfo, self._settings, self._quirks),
            overage=overage,
        )

    async def with_overage(self, identity: Identity, access_token: str) -> Identity:
        """``identity`` with the groups that its token only refers to.

        Where they cannot be asked for, a warning. Raises LoginError where they cannot be had whole.
        """
        if not self._quirks.overage_url:
            log.warning("groups_not_in_token", issuer=identity.issuer, claim=self._settings.groups_claim)
            return identity
        found = await fetch_groups(self._fetch, self._quirks.overage_url, access_token)
        return msgspec.structs.replace(identity, groups=groups_in(found, identity.issuer))
