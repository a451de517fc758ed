"""The way out: the authorization request, and what must be remembered until its answer.

RFC 6749 §4.1.1, RFC 7636 (S256 always), OpenID Connect Core 1.0 §3.1.2.1. Pure; only the operator's
configuration and the provider's metadata build the request, nothing of it comes from a visitor.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from idp_adapters.oidc.metadata import Metadata
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
    host finds no login here (RFC 9700 §4.4.2).
    """

    state: str
    nonce: str
    verifier: str
    issuer: str
    redirect_uri: str

    def __repr__(self) -> str:
        return f"LoginTransaction(issuer={self.issuer!r}, ...)"


def begin_login(
    settings: OidcSettings,
    metadata: Metadata,
    redirect_uri: str,
    prompt: Prompt,
    random_bytes: Callable[[int], bytes],
) -> LoginBegun:
    """Make the request for one login, with secrets of its own."""
    state, nonce, verifier = (_text(random_bytes(SECRET_BYTES)) for _ in range(3))
    transaction = LoginTransaction(
        state=state, nonce=nonce, verifier=verifier, issuer=settings.issuer, redirect_uri=redirect_uri
    )
    url = prepare_grant_uri(
        metadata.authorization_endpoint,
        client_id=settings.client_id,
        response_type="code",
        redirect_uri=redirect_uri,
        scope=" ".join(settings.scopes),
        state=state,
        nonce=nonce,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
        prompt=_offered_prompt(prompt, metadata) or None,
    )
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


def _offered_prompt(prompt: Prompt, metadata: Metadata) -> Prompt:
    # A provider without an account picker still lets somebody else in by a new authentication.
    if prompt == "select_account" and metadata.prompts is not None and prompt not in metadata.prompts:
        return "login"
    return prompt


def _text(secret: bytes) -> str:
    return urlsafe_b64encode(secret).rstrip(b"=").decode("ascii")
