"""The token request and its answer: one code for one ID token and one access token.

RFC 6749 §2.3.1, §4.1.3, §5; RFC 7636 §4.5; OpenID Connect Core 1.0 §3.1.3. Pure; nothing here is ever sent
twice, and none of these values shows itself.
"""

import re
from base64 import b64encode
from urllib.parse import quote_plus

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_token_request

from idp_adapters.oidc.authorization import LoginTransaction
from idp_adapters.oidc.metadata import Metadata
from idp_adapters.provider import LoginError
from idp_adapters.settings import OidcSettings
from idp_adapters.strict_json import JsonError, read_object
from idp_adapters.transport import Answer, Request

_ACCESS_TOKEN = re.compile(r"[!-~]+")
"""RFC 6749 appendix A.12 without the blank, which a Bearer token cannot hold (RFC 6750 §2.1)."""


class Tokens(msgspec.Struct, frozen=True):
    """What a code or a refresh token was worth; nothing of it was verified yet.

    ``id_token`` may be "" after a refresh, ``refresh_token`` always.
    """

    id_token: str
    access_token: str
    refresh_token: str = ""

    def __repr__(self) -> str:
        return "Tokens(...)"


def token_request(
    settings: OidcSettings, metadata: Metadata, transaction: LoginTransaction, code: str
) -> Request:
    """The one request that redeems ``code``, authenticated by client_secret_basic."""
    body = prepare_token_request(
        "authorization_code",
        code=code,
        redirect_uri=transaction.redirect_uri,
        code_verifier=transaction.verifier,
    )
    return authenticated(settings, metadata.token_endpoint, str(body))


def authenticated(settings: OidcSettings, url: str, body: str) -> Request:
    """A request to ``url`` with the client's own credentials (client_secret_basic)."""
    headers = {
        "Authorization": _basic(settings.client_id, settings.client_secret),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    return Request("POST", url, headers, body.encode("ascii"))


def read_tokens(answer: Answer, *, refreshed: bool = False) -> Tokens:
    """Read a token response; one to a refresh need not bring an ID token (OpenID Connect Core §12.2).

    Raises LoginError: *provider_error* unless it holds the tokens, *denied* where a refresh was refused.
    """
    try:
        body = read_object(answer.body)
    except JsonError as error:
        raise _failed(f"answered {answer.status}, {error}") from None
    if answer.status != 200:
        if refreshed and body.get("error") == "invalid_grant":
            raise LoginError("denied", "the provider no longer takes the refresh token")
        raise _failed(f"answered {answer.status}, {str(body.get('error', ''))[:64]!a}")
    id_token, access_token, kind = (body.get(name) for name in ("id_token", "access_token", "token_type"))
    id_token = "" if refreshed and id_token is None else id_token
    if not isinstance(id_token, str) or not isinstance(access_token, str):
        raise _failed("answered without an ID token and an access token")
    if not _ACCESS_TOKEN.fullmatch(access_token):
        raise _failed("answered with an access token that no header can carry")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise _failed("answered with a token that is not a Bearer token")
    refresh_token = body.get("refresh_token", "")
    return Tokens(id_token, access_token, refresh_token if isinstance(refresh_token, str) else "")


def _basic(client_id: str, client_secret: str) -> str:
    # Each part is form-encoded before they are joined (RFC 6749 §2.3.1): a colon or '+' in one stays its own.
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return f"Basic {b64encode(pair.encode('ascii')).decode('ascii')}"


def _failed(detail: str) -> LoginError:
    return LoginError("provider_error", f"the token endpoint {detail}")
