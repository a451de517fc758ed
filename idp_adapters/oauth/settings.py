"""The settings of a ``[provider.NAME]`` section with ``type = "oauth"``: one of the presets, by name.

Fills what is not given from the preset, and refuses in words what can never work with it.
"""

import re
from datetime import timedelta
from typing import Literal

import msgspec

from idp_adapters.destinations import Destinations, UrlError
from idp_adapters.presets import PRESETS, OpenId, Preset, PresetName
from idp_adapters.settings import OidcSettings, Secret

_TENANT = re.compile(r"/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/v2\.0$")
"""The end of an issuer of Microsoft that is one tenant's, by its id."""


class OAuthSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="oauth"
):
    """One well-known provider, as the operator registered with it.

    ``provider`` names the preset; empty values are the preset's. ``base_url`` is where a provider lives that
    also has customers' own places: GitHub Enterprise, one's own GitLab, the issuer of one Microsoft tenant.
    ``email_verified = "assume"`` stands in where the provider does not say whether an e-mail is verified.
    ``userinfo_refresh_interval`` is how often the provider is asked again, 0 for never. Raises ValueError in
    words where a value can never work.
    """

    provider: PresetName
    client_id: Secret
    client_secret: Secret
    display_name: str = ""
    scopes: tuple[str, ...] = ()
    base_url: str = ""
    allow_private_network: bool = False
    email_verified: Literal["required", "assume"] = "required"
    groups_claim: str = ""
    username_claim: str = ""
    prompt: str = ""
    authz_url_params: dict[str, str] = {}
    userinfo_refresh_interval: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        if self.provider not in PRESETS:
            raise ValueError(f"provider: must be one of {', '.join(PRESETS)}")
        self._check_base_url()
        self._check_claims()
        if any(not scope or " " in scope for scope in self.scopes):
            raise ValueError("scopes: each entry is one scope, without blanks")
        # What is left has the same rules as with type = "oidc", and the same words for them.
        self.as_openid()

    def __repr__(self) -> str:
        return f"OAuthSettings(provider={self.provider!r}, ...)"

    @property
    def preset(self) -> Preset:
        """What is known of the provider."""
        return PRESETS[self.provider]

    @property
    def issuer(self) -> str:
        """Who vouches for the people of this provider."""
        return self.base_url or self.preset.protocol.issuer

    def as_openid(self) -> OidcSettings:
        """The same in OpenID Connect's terms, in which every preset's people are judged."""
        openid = isinstance(self.preset.protocol, OpenId)
        return OidcSettings(
            issuer=self.issuer,
            client_id=self.client_id,
            client_secret=self.client_secret,
            client_auth="client_secret_post",
            display_name=self.display_name or self.preset.display_name,
            scopes=(self.scopes or self.preset.scopes) if openid else ("openid",),
            allow_private_network=self.allow_private_network,
            email_verified=self.email_verified,
            groups_claim=self.groups_claim or "groups",
            username_claim=self.username_claim or "preferred_username",
            prompt=self.prompt,
            authz_url_params=self.authz_url_params,
            userinfo_refresh_interval=self.userinfo_refresh_interval,
        )

    def _check_base_url(self) -> None:
        if not self.base_url:
            if self.allow_private_network:
                raise ValueError("allow_private_network, base_url: it covers the host of base_url alone")
            return
        if not self.preset.elsewhere:
            raise ValueError(f"base_url: {self.preset.display_name} lives in one place only")
        private = self.allow_private_network
        try:
            Destinations.of(self.base_url, allow_private_network=private).check_url(self.base_url)
        except UrlError as error:
            raise ValueError(f"base_url: {error}") from None
        if "?" in self.base_url or self.base_url.endswith("/"):
            raise ValueError("base_url: without a query and without a slash at its end")

    def _check_claims(self) -> None:
        if not isinstance(self.preset.protocol, OpenId) and (
            self.groups_claim or self.username_claim or self.prompt
        ):
            raise ValueError(
                f"groups_claim, username_claim, prompt: {self.preset.display_name} has none of these,"
                " since it does not speak OpenID Connect"
            )
        if self.provider == "microsoft" and self.email_verified == "assume" and not self._is_of_one_tenant():
            raise ValueError(
                "email_verified, base_url: any Microsoft tenant may write any e-mail;"
                " 'assume' needs base_url with the issuer of your own"
            )

    def _is_of_one_tenant(self) -> bool:
        return _TENANT.search(self.base_url) is not None
