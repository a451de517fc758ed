"""Which issuer a provider's tokens may name, and which one the person belongs to.

OpenID Connect Core 1.0 §2 (iss), Discovery 1.0 §4.3. Pure. One provider has one issuer, but for the two
departures that ``Quirks`` knows: another spelling, and a tenant's own issuer at a provider of many tenants.
"""

import re
from collections.abc import Mapping

import msgspec

from idp_adapters.oidc.quirks import Quirks
from idp_adapters.provider import LoginError

TENANT = "{tenantid}"
"""Stands in an issuer for the tenant that a person belongs to."""
_FIRST_PATH_SEGMENT = 3
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Issuers(msgspec.Struct, frozen=True):
    """``configured`` by the operator and ``documented`` in the metadata, where TENANT may stand."""

    configured: str
    documented: str
    quirks: Quirks

    def expected(self, claims: Mapping[str, object]) -> str:
        """What ``iss`` of these claims must be. Raises LoginError where nothing would do."""
        if self._has_tenants:
            tenant = claims.get(self.quirks.tenant_claim)
            if not isinstance(tenant, str) or not _GUID.fullmatch(tenant):
                raise LoginError("invalid_token", f"token: {self.quirks.tenant_claim} names no tenant")
            return self.documented.replace(TENANT, tenant)
        issuer = claims.get("iss")
        return str(issuer) if issuer in self.quirks.issuers else self.configured

    def of_person(self, claims: Mapping[str, object]) -> str:
        """The issuer of the person, one spelling for each; ``claims`` name the expected one."""
        return self.expected(claims) if self._has_tenants else self.configured

    def may_answer(self, issuer: str) -> bool:
        """Whether ``issuer`` is one that an answer to a login may come from (RFC 9207 §2.4)."""
        if self._has_tenants:
            before, _, after = self.documented.partition(TENANT)
            tenant = issuer.removeprefix(before).removesuffix(after)
            return issuer == f"{before}{tenant}{after}" and _GUID.fullmatch(tenant) is not None
        return issuer == self.configured or issuer in self.quirks.issuers

    @property
    def _has_tenants(self) -> bool:
        return self.quirks.tenant_claim != "" and TENANT in self.documented


def is_document_of(named: object, configured: str, quirks: Quirks) -> bool:
    """Whether metadata that call their issuer ``named`` are those of ``configured``.

    Compared as strings, a trailing slash included (Discovery §4.3); TENANT may stand for one path segment.
    """
    if named == configured:
        return True
    if not isinstance(named, str) or not quirks.tenant_claim:
        return False
    theirs, ours = named.split("/"), configured.split("/")
    if theirs.count(TENANT) != 1 or theirs.index(TENANT) < _FIRST_PATH_SEGMENT or len(theirs) != len(ours):
        return False
    if _GUID.fullmatch(ours[theirs.index(TENANT)]):
        return False  # one tenant was configured, and TENANT would let every other in
    return all(a in (b, TENANT) for a, b in zip(theirs, ours, strict=True))
