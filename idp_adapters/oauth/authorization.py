"""The way out: the authorization request of plain OAuth, and what must be remembered until its answer.

RFC 6749 §4.1.1, RFC 7636 (S256 always), RFC 9700 §2.1. Pure; only the preset and the operator's configuration
build the request, nothing of it comes from a visitor.
"""

from collections.abc import Callable

import msgspec
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from idp_adapters.oauth.endpoints import Endpoints
from idp_adapters.oauth.settings import OAuthSettings
from idp_adapters.oidc.authorization import SECRET_BYTES, LoginTransaction, secret_text
from idp_adapters.provider import LoginBegun, LoginError, Prompt, Redirect


class OAuthTransaction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="oauth-login-1",
):
    """One login under way. Bound to the browser and taken out once by whoever keeps it.

    ``provider`` is the preset, ``issuer`` and ``redirect_uri`` are those of the request: an answer to another
    provider or another host finds no login here (RFC 9700 §4.4.2).
    """

    state: str
    verifier: str
    provider: str
    issuer: str
    redirect_uri: str

    def __repr__(self) -> str:
        return f"OAuthTransaction(provider={self.provider!r}, ...)"

    def as_openid(self) -> LoginTransaction:
        """The same in OpenID Connect's terms, whose callback is read by the same rules."""
        return LoginTransaction(
            state=self.state,
            nonce="",
            verifier=self.verifier,
            issuer=self.issuer,
            redirect_uri=self.redirect_uri,
            begun_at=0.0,
        )


def begin_login(
    settings: OAuthSettings,
    endpoints: Endpoints,
    redirect_uri: str,
    prompt: Prompt,
    random_bytes: Callable[[int], bytes],
) -> LoginBegun:
    """Make the request for one login, with secrets of its own."""
    state, verifier = (secret_text(random_bytes(SECRET_BYTES)) for _ in range(2))
    transaction = OAuthTransaction(
        state=state,
        verifier=verifier,
        provider=settings.provider,
        issuer=settings.issuer,
        redirect_uri=redirect_uri,
    )
    url = prepare_grant_uri(
        endpoints.authorization,
        client_id=settings.client_id,
        response_type="code",
        redirect_uri=redirect_uri,
        scope=" ".join(settings.scopes or settings.preset.scopes),
        state=state,
        code_challenge=create_s256_code_challenge(verifier),
        code_challenge_method="S256",
    )
    more = settings.authz_url_params | (dict([endpoints.picker]) if prompt and endpoints.picker else {})
    if more:
        url = add_params_to_uri(url, list(more.items()))
    return LoginBegun(
        sending=Redirect(str(url)), state=state, transaction=msgspec.msgpack.encode(transaction)
    )


def read_transaction(payload: bytes, settings: OAuthSettings, redirect_uri: str) -> OAuthTransaction:
    """Read back what ``begin_login`` gave to remember.

    Raises LoginError (*invalid_response*) when it belongs to another provider or another redirect URI.
    """
    try:
        transaction = msgspec.msgpack.decode(payload, type=OAuthTransaction)
    except (msgspec.DecodeError, ValueError):
        raise LoginError("invalid_response", "no login under way in this form") from None
    if (transaction.provider, transaction.issuer) != (settings.provider, settings.issuer):
        raise LoginError("invalid_response", "the login was begun with another provider")
    if transaction.redirect_uri != redirect_uri:
        raise LoginError("invalid_response", "the answer came to another redirect URI")
    return transaction
