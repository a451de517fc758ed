"""The settings of a ``[provider.NAME]`` section with ``type = "oidc"``; each type has a struct of its own."""

from datetime import timedelta
from typing import Annotated, Literal

import msgspec

from idp_adapters.client_key import read_client_key
from idp_adapters.destinations import Destinations, UrlError
from idp_adapters.provider import ResponseMode

Secret = Annotated[str, msgspec.Meta(extra={"kind": "secret"})]

SIGNATURE_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""What an ID token may be signed with: public-key algorithms alone (RFC 7518 §3.1), never ``none`` or HS*."""
PROMPTS = ("login", "consent", "select_account", "create")
"""What may be asked of a provider at each login (OpenID Connect Core §3.1.2.1, Prompt Create 1.0 §4.1)."""
SHORTEST_REFRESH, LONGEST_REFRESH = timedelta(seconds=30), timedelta(days=30)
REQUEST_PARAMETERS = frozenset(
    {
        "acr_values",
        "client_assertion",
        "client_assertion_type",
        "client_id",
        "client_secret",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "dpop_jkt",
        "grant_type",
        "max_age",
        "nonce",
        "prompt",
        "redirect_uri",
        "request",
        "request_uri",
        "response_mode",
        "response_type",
        "scope",
        "state",
    }
)
"""Parameters of an authorization request that are ours, or that would change whose request it is."""

ClientAuth = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
"""How we prove to the token endpoint who we are (OpenID Connect Core §9); ``none`` leaves it to PKCE."""


class OidcSettings(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="oidc"
):
    """One OpenID Connect provider, as the operator registered with it.

    ``email_verified = "assume"`` stands in where the provider does not send the claim; one that it sends as
    anything but true is still believed. ``private_key`` is PEM. With ``acr_values`` a login must have reached
    one of them; with ``max_age`` the person must have signed in at the provider within that time. About each
    session the provider is asked again every ``userinfo_refresh_interval``; 0 is never. Raises ValueError in
    words where a value can never work: ``KEY: words``, or ``KEY, OTHER: words``.
    """

    issuer: str
    client_id: Secret
    client_secret: Secret = ""
    display_name: str = ""
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    allow_private_network: bool = False
    email_verified: Literal["required", "assume"] = "required"
    id_token_algs: tuple[str, ...] = ("RS256",)
    groups_claim: str = "groups"
    username_claim: str = "preferred_username"
    client_auth: ClientAuth = "client_secret_basic"
    private_key: Secret = ""
    response_mode: ResponseMode = "query"
    acr_values: tuple[str, ...] = ()
    max_age: timedelta | None = None
    prompt: str = ""
    authz_url_params: dict[str, str] = {}
    userinfo_refresh_interval: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        self._check_issuer()
        if "openid" not in self.scopes:
            raise ValueError("scopes: 'openid' must be among them")
        if any(not scope or " " in scope for scope in self.scopes):
            raise ValueError("scopes: each entry is one scope, without blanks")
        unknown = [alg for alg in self.id_token_algs if alg not in SIGNATURE_ALGORITHMS]
        if unknown or not self.id_token_algs:
            raise ValueError(f"id_token_algs: must be one or more of {', '.join(SIGNATURE_ALGORITHMS)}")
        check_prompt(self.prompt)
        check_authz_url_params(self.authz_url_params)
        check_refresh_interval(self.userinfo_refresh_interval)
        if any(not value.isascii() or not value.isprintable() or " " in value for value in self.acr_values):
            raise ValueError("acr_values: each entry is one value, without blanks")
        if "" in self.acr_values:
            raise ValueError("acr_values: an entry is empty")
        if self.max_age is not None and self.max_age < timedelta(0):
            raise ValueError("max_age: must not be negative")
        # Last, since no default helps: whatever else is wrong has been said by then.
        self._check_credentials()

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

    def _check_credentials(self) -> None:
        """Each way of authentication wants its own secret and no other."""
        with_secret = self.client_auth in ("client_secret_basic", "client_secret_post")
        if self.private_key and self.client_auth != "private_key_jwt":
            raise ValueError("private_key, client_auth: only with client_auth = 'private_key_jwt'")
        if self.client_secret and not with_secret:
            raise ValueError(f"client_secret, client_auth: not used with client_auth = {self.client_auth!r}")
        if self.client_auth == "private_key_jwt":
            if not self.private_key:
                raise ValueError("private_key, client_auth: is required with client_auth = 'private_key_jwt'")
            try:
                read_client_key(self.private_key)
            except ValueError as error:
                raise ValueError(f"private_key: {error}") from None
        if with_secret and not self.client_secret:
            raise ValueError("client_secret, client_auth: is required")


def check_prompt(prompt: str) -> None:
    """Raise ValueError in words unless ``prompt`` is "" or a blank-separated choice of PROMPTS."""
    words = prompt.split(" ") if prompt else []
    if "none" in words:
        raise ValueError(
            "prompt: 'none' would let nobody sign in who is not signed in at the provider already"
        )
    if any(word not in PROMPTS for word in words) or len(set(words)) < len(words):
        raise ValueError(f"prompt: each of {', '.join(PROMPTS)} at most once, with one blank in between")


def check_authz_url_params(parameters: dict[str, str]) -> None:
    """Raise ValueError in words where a login's request must not carry ``parameters``."""
    for name, value in parameters.items():
        if not name.isascii() or not name.isprintable() or not name.strip() or " " in name:
            raise ValueError("authz_url_params: a name is printable ASCII without blanks")
        if name.lower() in REQUEST_PARAMETERS:
            raise ValueError(
                f"authz_url_params: {name!r} must not be set here; it is ours, or has its own key"
            )
        if not value or not value.isprintable():
            raise ValueError(f"authz_url_params: the value of {name!r} is empty or not printable")


def check_refresh_interval(interval: timedelta) -> None:
    """Raise ValueError in words unless ``interval`` is 0 or between 30 s and 30 days."""
    if interval and not SHORTEST_REFRESH <= interval <= LONGEST_REFRESH:
        raise ValueError("userinfo_refresh_interval: must be 0, or between 30s and 30d")
