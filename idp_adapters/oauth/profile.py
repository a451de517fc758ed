"""The profile: what a provider of plain OAuth says of the person whose access token it is.

Pure. What may stand in a header, a log or a rule is judged as OpenID Connect's claims are.
"""

import hmac
from collections.abc import Mapping

from idp_adapters.identity import Identity
from idp_adapters.oauth.settings import OAuthSettings
from idp_adapters.oidc.claims import MAX_SUBJECT
from idp_adapters.oidc.person import name_in, text_in
from idp_adapters.presets import OAuth
from idp_adapters.provider import LoginError
from idp_adapters.strict_json import JsonError, read_object
from idp_adapters.transport import Answer, Request

Claims = Mapping[str, object]


def profile_request(settings: OAuthSettings, protocol: OAuth, url: str, access_token: str) -> Request:
    """Ask with the access token in the header, the one place where it is not written down on the way."""
    if protocol.app_proof:
        # https://developers.facebook.com/docs/graph-api/guides/secure-requests
        proof = hmac.digest(settings.client_secret.encode(), access_token.encode(), "sha256").hex()
        url = f"{url}&appsecret_proof={proof}"
    return Request("GET", url, {"Authorization": f"Bearer {access_token}", "Accept": "application/json"})


def read_profile(answer: Answer, *, refreshed: bool = False) -> Claims:
    """The members of a profile. Raises LoginError: as ``check_answered``, *provider_error* for no profile."""
    check_answered("the profile", answer, refreshed=refreshed)
    try:
        return read_object(answer.body)
    except JsonError as error:
        raise LoginError("provider_error", f"the profile: {error}") from None


def check_answered(what: str, answer: Answer, *, refreshed: bool) -> None:
    """Raise LoginError unless ``answer`` answers a question that was asked with the access token.

    *denied* where a refresh finds that the token counts no longer, else *provider_error*.
    """
    if answer.status == 200:
        return
    if refreshed and _is_of_a_dead_token(answer):
        raise LoginError("denied", f"{what}: the provider no longer takes the access token")
    raise LoginError("provider_error", f"{what} answered {answer.status}")


def _is_of_a_dead_token(answer: Answer) -> bool:
    """RFC 6750 §3.1; Amazon says so by 400, Facebook by 400 and the code 190 in an object."""
    if answer.status != 400:
        return answer.status == 401
    try:
        error = read_object(answer.body).get("error")
    except JsonError:
        return False
    return error == "invalid_token" or (isinstance(error, dict) and error.get("code") == 190)


def person_of(profile: Claims, protocol: OAuth, settings: OAuthSettings) -> Identity:
    """The identity that ``profile`` describes. Raises LoginError (*invalid_claims*); see ``identity_in``."""
    known = {name: profile.get(name) for name in ("name", "email")}
    return identity_in({**known, "sub": profile.get(protocol.subject)}, settings)


def identity_in(claims: Claims, settings: OAuthSettings) -> Identity:
    """The identity in ``claims``, which are named as OpenID Connect names them.

    Only the JSON value true verifies an e-mail. Raises LoginError (*invalid_claims*) without a subject, and
    for what could read differently in a header, a log or a rule.
    """
    email, verified = name_in(claims, "email"), claims.get("email_verified")
    assumed = verified is None and settings.email_verified == "assume"
    return Identity(
        issuer=settings.issuer,
        subject=name_in({"sub": _subject(claims.get("sub"))}, "sub"),
        username=name_in(claims, "preferred_username"),
        name=text_in(claims, "name").strip(),
        email=email,
        email_verified=bool(email) and (verified is True or assumed),
    )


def _subject(value: object) -> str:
    """A text, or a whole number as decimal text: nothing else names a person for good."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        value = str(value)
    if not isinstance(value, str) or not value or len(value) > MAX_SUBJECT:
        raise LoginError("invalid_claims", "the profile names nobody by a text or a whole number")
    return value
