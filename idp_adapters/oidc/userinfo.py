"""The userinfo endpoint: more claims about the person whom the ID token names, and about nobody else.

OpenID Connect Core 1.0 §5.3, RFC 6750 §2.1. Pure. Plain JSON alone: an answer that is a signed or encrypted
token is refused, never read unverified.
"""

from idp_adapters.oidc.metadata import Metadata
from idp_adapters.provider import LoginError
from idp_adapters.strict_json import JsonError, read_object
from idp_adapters.transport import Answer, Request


def userinfo_request(metadata: Metadata, access_token: str) -> Request:
    """Ask with the access token in the header, the one place where it is not written down on the way."""
    return Request("GET", metadata.userinfo_endpoint, headers={"Authorization": f"Bearer {access_token}"})


def is_refused(answer: Answer) -> bool:
    """Whether the access token is no longer good for an answer (RFC 6750 §3.1)."""
    return answer.status in (401, 403)


def read_userinfo(answer: Answer, subject: object) -> dict[str, object]:
    """The claims in ``answer``, which must be about ``subject``, the ``sub`` of the ID token (§5.3.2).

    Raises LoginError: *provider_error* for an answer that is no claims, *invalid_token* for another subject.
    """
    if answer.status != 200:
        raise LoginError("provider_error", f"userinfo answered {answer.status}")
    if answer.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/jwt":
        raise LoginError("invalid_token", "userinfo is a token; register this client for plain JSON")
    try:
        claims = read_object(answer.body)
    except JsonError as error:
        raise LoginError("provider_error", f"userinfo: {error}") from None
    if claims.get("sub") != subject:
        raise LoginError("invalid_token", "userinfo is about another subject than the ID token")
    return claims
