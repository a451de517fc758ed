"""The way out: the authorization request, and what must be remembered until its answer.

RFC 6749 §4.1.1, RFC 7636 (S256 always), OpenID Connect Core 1.0 §3.1.2.1. Pure; only the operator's
configuration and the provider's metadata build the request, nothing of it comes from a visitor.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable

import msgspec
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from idp_adapters.oidc.metadata import Metadata
from idp_adapters.oidc.quirks import STANDARD, Quirks
from idp_adapters.provider import LoginBegun, LoginError, Prompt, Redirect
from idp_adapters.settings import OidcSettings

SECRET_BYTES = 32
"""State, nonce and verifier: 256 bits each (RFC 7636 §7.1, RFC 9700 §4.7.1)."""


class LoginTransaction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="oidc-login-1",
):
    """One login under way. Bound to the browser and taken out once by whoever keeps it.

    ``issuer`` and ``redirect_uri`` are those of the request, so that an answer to another provider or another
    host finds no login here (RFC 9700 §4.4.2). ``begun_at`` is Unix time in s, None where it does
    not matter: how long ago the person may have signed in is counted from there.
    """

    state: str
    nonce: str
    verifier: str
    issuer: str
    redirect_uri: str
    begun_at: float | None = None

    def __repr__(self) -> str:
        return f"LoginTransaction(issuer={self.issuer!r}, ...)"


def begin_login(
    settings: OidcSettings,
    metadata: Metadata,
    redirect_uri: str,
    prompt: Prompt,
    random_bytes: Callable[[int], bytes],
    *,
    now: float,
    quirks: Quirks = STANDARD,
) -> LoginBegun:
    """Make the request for one login, with secrets of its own; ``now`` is Unix time in s."""
    state, nonce, verifier = (secret_text(random_bytes(SECRET_BYTES)) for _ in range(3))
    transaction = LoginTransaction(
        state=state,
        nonce=nonce,
        verifier=verifier,
        issuer=settings.issuer,
        redirect_uri=redirect_uri,
        begun_at=now,
    )
    url = prepare_grant_uri(
        metadata.authorization_endpoint,
        client_id=settings.client_id,
        response_type="code",
        redirect_uri=redirect_uri,
        scope=" ".join(settings.scopes),
        state=state,
        nonce=nonce,
        prompt=_prompts(prompt, settings, metadata, quirks) or None,
        **_challenge(verifier, quirks),
        **_wishes(settings),
    )
    more = dict(quirks.request_parameters) | settings.authz_url_params
    if more:
        url = add_params_to_uri(url, list(more.items()))
    return LoginBegun(
        sending=Redirect(str(url)), state=state, transaction=msgspec.msgpack.encode(transaction)
    )


def read_transaction(payload: bytes, settings: OidcSettings, redirect_uri: str) -> LoginTransaction:
    """Read back what ``begin_login`` gave to remember.

    Raises LoginError (*invalid_response*) when it belongs to another provider or another redirect URI.
    """
    try:
        transaction = msgspec.msgpack.decode(payload, type=LoginTransaction)
    except (msgspec.DecodeError, ValueError):
        raise LoginError("invalid_response", "no login under way in this form") from None
    if transaction.issuer != settings.issuer:
        raise LoginError("invalid_response", "the login was begun with another provider")
    if transaction.redirect_uri != redirect_uri:
        raise LoginError("invalid_response", "the answer came to another redirect URI")
    return transaction


def _wishes(settings: OidcSettings) -> dict[str, str]:
    """What the operator wants of each login (Core §3.1.2.1, Form Post Response Mode 1.0 §1)."""
    wishes: dict[str, str] = {}
    if settings.response_mode != "query":
        wishes["response_mode"] = settings.response_mode
    if settings.acr_values:
        wishes["acr_values"] = " ".join(settings.acr_values)
    if settings.max_age is not None:
        wishes["max_age"] = str(int(settings.max_age.total_seconds()))
    return wishes


def _challenge(verifier: str, quirks: Quirks) -> dict[str, str]:
    if quirks.omits_pkce:
        return {}
    return {"code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256"}


def _prompts(prompt: Prompt, settings: OidcSettings, metadata: Metadata, quirks: Quirks) -> str:
    """This login's own prompt, and those that are configured for all, each once."""
    own = _offered_prompt(prompt, metadata, quirks)
    return " ".join(dict.fromkeys([*own.split(), *settings.prompt.split()]))


def _offered_prompt(prompt: Prompt, metadata: Metadata, quirks: Quirks) -> str:
    nearest = dict(quirks.prompts).get(prompt)
    if nearest is not None:
        return nearest
    # A provider without an account picker still lets somebody else in by a new authentication.
    if prompt == "select_account" and metadata.prompts is not None and prompt not in metadata.prompts:
        return "login"
    return prompt


def secret_text(secret: bytes) -> str:
    """Random bytes as a request carries them: base64url without padding (RFC 7636 §4.1)."""
    return urlsafe_b64encode(secret).rstrip(b"=").decode("ascii")
