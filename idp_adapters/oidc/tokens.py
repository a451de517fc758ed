"""The token request and its answer: one code for one ID token and one access token.

RFC 6749 §4.1.3, §5; RFC 7636 §4.5; OpenID Connect Core 1.0 §3.1.3. Pure; nothing here is ever sent
twice, and none of these values shows itself.
"""

import re
from collections.abc import Mapping

import msgspec
from authlib.oauth2.rfc6749.parameters import prepare_token_request

from idp_adapters.oidc.authorization import LoginTransaction
from idp_adapters.oidc.client import Client
from idp_adapters.oidc.metadata import Metadata
from idp_adapters.oidc.quirks import STANDARD, Quirks
from idp_adapters.provider import LoginError
from idp_adapters.strict_json import JsonError, read_object
from idp_adapters.transport import Answer, Request

_ACCESS_TOKEN = re.compile(r"[!-~]{1,16384}")
"""RFC 6749 appendix A.12 without the blank, which a Bearer token cannot hold (RFC 6750 §2.1).

It stands in the record that every check reads, so it is bounded."""


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
    client: Client,
    metadata: Metadata,
    transaction: LoginTransaction,
    code: str,
    quirks: Quirks = STANDARD,
) -> Request:
    """The one request that redeems ``code``."""
    body = prepare_token_request(
        "authorization_code",
        code=code,
        redirect_uri=transaction.redirect_uri,
        code_verifier=None if quirks.omits_pkce else transaction.verifier,
    )
    return client.request(metadata.token_endpoint, str(body))


def read_tokens(answer: Answer, *, refreshed: bool = False, quirks: Quirks = STANDARD) -> Tokens:
    """Read a token response; one to a refresh need not bring an ID token (OpenID Connect Core §12.2).

    Raises LoginError: *provider_error* unless it holds the tokens, *denied* where a refresh was refused.
    """
    try:
        body = read_object(answer.body)
    except JsonError as error:
        raise _failed(f"answered {answer.status}, {error}") from None
    if answer.status != 200:
        if refreshed and _is_refusal(body, quirks):
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


def _is_refusal(body: Mapping[str, object], quirks: Quirks) -> bool:
    """Whether an error is about the refresh token itself (RFC 6749 §5.2)."""
    by_message = quirks.refuses_refresh_by != "" and body.get("message") == quirks.refuses_refresh_by
    return body.get("error") == "invalid_grant" or by_message


def _failed(detail: str) -> LoginError:
    return LoginError("provider_error", f"the token endpoint {detail}")
