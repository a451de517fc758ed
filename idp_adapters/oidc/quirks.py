"""Where a well-known provider departs from OpenID Connect, as data: what a preset says about it.

The values are the presets' (``idp_adapters.presets``); a provider configured as ``type = "oidc"`` has none.
"""

import msgspec


class Quirks(msgspec.Struct, frozen=True, kw_only=True):
    """How one provider differs.

    ``omits_nonce``: its ID tokens carry no nonce (PKCE and state still bind the answer to the login).
    ``omits_pkce``: its token endpoint refuses a ``code_verifier``, so neither it nor a challenge is sent.
    ``prompts`` are pairs of a prompt that it does not know and the one that comes nearest.
    ``tenant_claim``: ``{tenantid}`` in the issuer of its metadata stands for this claim of the ID token, a
    GUID. ``issuers``: other spellings of its issuer that its ID tokens may carry. ``verified_claim`` is what
    says that the e-mail is verified. ``email_from_userinfo``: its ID token says so in another type, so that
    userinfo alone tells of the e-mail. ``request_parameters`` go with every authorization request.
    ``overage_url`` is where groups are read that did not fit into the token (Microsoft Graph).
    ``refuses_refresh_by``: the ``message`` that stands for *invalid_grant* in its answers to a refresh.
    """

    omits_nonce: bool = False
    omits_pkce: bool = False
    prompts: tuple[tuple[str, str], ...] = ()
    tenant_claim: str = ""
    issuers: tuple[str, ...] = ()
    verified_claim: str = "email_verified"
    email_from_userinfo: bool = False
    request_parameters: tuple[tuple[str, str], ...] = ()
    overage_url: str = ""
    refuses_refresh_by: str = ""


STANDARD = Quirks()
"""OpenID Connect as it is written."""
