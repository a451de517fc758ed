"""The settings of a ``[provider.NAME]`` section; each type of provider has its struct."""

from typing import Annotated, Literal

import msgspec

from idp_adapters.destinations import Destinations, UrlError

Secret = Annotated[str, msgspec.Meta(extra={"kind": "secret"})]

SIGNATURE_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""What an ID token may be signed with: public-key algorithms alone (RFC 7518 §3.1), never ``none`` or HS*."""


class OidcSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="oidc"
):
    """One OpenID Connect provider, as the operator registered with it.

    ``email_verified = "assume"`` stands in where the provider does not send the claim; one that it sends as
    anything but true is still believed. Raises ValueError in words where a value can never work.
    """

    issuer: str
    client_id: Secret
    client_secret: Secret
    display_name: str = ""
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    allow_private_network: bool = False
    email_verified: Literal["required", "assume"] = "required"
    id_token_algs: tuple[str, ...] = ("RS256",)
    groups_claim: str = "groups"
    username_claim: str = "preferred_username"

    def __post_init__(self) -> None:
        self._check_issuer()
        if "openid" not in self.scopes:
            raise ValueError("scopes: 'openid' must be among them")
        if any(not scope or " " in scope for scope in self.scopes):
            raise ValueError("scopes: each entry is one scope, without blanks")
        unknown = [alg for alg in self.id_token_algs if alg not in SIGNATURE_ALGORITHMS]
        if unknown or not self.id_token_algs:
            raise ValueError(f"id_token_algs: one or more of {', '.join(SIGNATURE_ALGORITHMS)}")

    def __repr__(self) -> str:
        return f"OidcSettings(issuer={self.issuer!r}, ...)"

    def _check_issuer(self) -> None:
        private = self.allow_private_network
        try:
            Destinations.of(self.issuer, allow_private_network=private).check_url(self.issuer)
        except UrlError as error:
            raise ValueError(f"issuer: {error}") from None
        if "?" in self.issuer:
            raise ValueError("issuer: it has a query (OpenID Connect Discovery 1.0 §4.1)")
