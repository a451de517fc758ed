"""Where a provider of plain OAuth is reached: the preset's addresses, or those of a customer's own place."""

from urllib.parse import urlsplit

import msgspec

from idp_adapters.oauth.settings import OAuthSettings
from idp_adapters.presets import OAuth


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """The addresses of one provider. ``response_issuer`` and ``picker`` are as in ``presets.OAuth``."""

    authorization: str
    token: str
    profile: str
    response_issuer: str
    picker: tuple[str, str] | None


def endpoints_of(settings: OAuthSettings, protocol: OAuth) -> Endpoints:
    """The addresses that ``settings`` lead to."""
    authorization, token, response_issuer = (
        address.replace("{issuer}", settings.issuer)
        for address in (protocol.authorization_endpoint, protocol.token_endpoint, protocol.response_issuer)
    )
    return Endpoints(
        authorization=authorization,
        token=token,
        profile=_github_api(settings.base_url) if settings.base_url else protocol.profile,
        response_issuer=response_issuer,
        picker=protocol.picker,
    )


def _github_api(base_url: str) -> str:
    """GitHub's API beside ``base_url``: of a subdomain of ghe.com on a host of its own, else under a path.

    https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency/network-details-for-ghecom
    https://docs.github.com/en/enterprise-server@latest/rest/using-the-rest-api/getting-started-with-the-rest-api
    """
    parts = urlsplit(base_url)
    if (parts.hostname or "").endswith(".ghe.com"):
        return f"https://api.{parts.hostname}/user"
    return f"{base_url}/api/v3/user"
