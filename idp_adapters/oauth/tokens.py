"""The token request of plain OAuth and its answer: one code, or one refresh token, for one access token.

RFC 6749 §4.1.3, §5 and §6, RFC 7636 §4.5. Pure; nothing here is ever sent twice, and none of these values
shows itself. JSON is asked for, and nothing else is read.
"""

import re

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_token_request

from idp_adapters.oauth.authorization import OAuthTransaction
from idp_adapters.oauth.settings import OAuthSettings
from idp_adapters.oidc.session import REFRESH_PATIENCE_S
from idp_adapters.provider import LoginError
from idp_adapters.strict_json import JsonError, read_object
from idp_adapters.transport import Answer, Request

_ACCESS_TOKEN = re.compile(r"[!-~]{1,8192}")
"""RFC 6749 appendix A.12 without the blank, which a Bearer token cannot hold (RFC 6750 §2.1)."""
_LONGEST_S = 1 << 31
_REFUSED = ("invalid_grant", "bad_refresh_token", "expired_token")
"""How a refresh token is refused: RFC 6749 §5.2, and GitHub's own words for it."""


class OAuthTokens(msgspec.Struct, frozen=True):
    """What a code or a refresh token was worth. ``lifetime_s`` is None where the access token has no end."""

    access_token: str
    refresh_token: str = ""
    lifetime_s: float | None = None

    def __repr__(self) -> str:
        return "OAuthTokens(...)"


def token_request(
    settings: OAuthSettings, endpoint: str, transaction: OAuthTransaction, code: str
) -> Request:
    """The one request that redeems ``code``."""
    body = prepare_token_request(
        "authorization_code",
        code=code,
        redirect_uri=transaction.redirect_uri,
        code_verifier=transaction.verifier,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
    )
    return _post(endpoint, str(body))


def refresh_request(settings: OAuthSettings, endpoint: str, refresh_token: str) -> Request:
    """The one request that uses ``refresh_token``; a provider that rotates them takes it once."""
    body = prepare_token_request(
        "refresh_token",
        refresh_token=refresh_token,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
    )
    return msgspec.structs.replace(_post(endpoint, str(body)), patience_s=REFRESH_PATIENCE_S)


def read_tokens(answer: Answer, *, refreshed: bool = False) -> OAuthTokens:
    """Read a token response. An ``error`` in it is one whatever the status says (GitHub answers 200).

    Raises LoginError: *provider_error* unless it holds a token, *denied* where a refresh was refused.
    """
    try:
        body = read_object(answer.body)
    except JsonError as error:
        raise _failed(f"answered {answer.status}, {error}") from None
    if answer.status != 200 or "error" in body:
        code = _error_code(body.get("error"))
        if refreshed and code in _REFUSED:
            raise LoginError("denied", "the provider no longer takes the refresh token")
        raise _failed(f"answered {answer.status}, {code[:64]!a}")
    access_token, kind = body.get("access_token"), body.get("token_type")
    if not isinstance(access_token, str) or not _ACCESS_TOKEN.fullmatch(access_token):
        raise _failed("answered without an access token that a header can carry")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise _failed("answered with a token that is not a Bearer token")
    refresh_token = body.get("refresh_token", "")
    return OAuthTokens(
        access_token,
        refresh_token if isinstance(refresh_token, str) else "",
        _lifetime_s(body.get("expires_in")),
    )


def _post(endpoint: str, body: str) -> Request:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    return Request("POST", endpoint, headers, body.encode("ascii"))


def _error_code(error: object) -> str:
    """RFC 6749 §5.2's code, or the type in Facebook's object."""
    value = error.get("type") if isinstance(error, dict) else error
    return value if isinstance(value, str) else ""


def _lifetime_s(value: object) -> float | None:
    """``expires_in`` (RFC 6749 §5.1); some send it as a text."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LONGEST_S:
        return None
    return float(value)


def _failed(detail: str) -> LoginError:
    return LoginError("provider_error", f"the token endpoint {detail}")
