"""Whether signed claims are meant for this login: one table, a row for each rule.

OpenID Connect Core 1.0 §2, §3.1.3.7, §3.1.3.8; RFC 8725 §3. Pure; the signature was verified before. A row
answers "" when its rule holds, else what is wrong, in words and without a secret.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from idp_adapters.oidc.id_token import SignedClaims
from idp_adapters.provider import LoginError, LoginErrorReason

SKEW_S = 60
"""How far two clocks may be apart."""
MAX_AGE_S = 600
"""How old an ID token may be when it arrives: it was made for this login, moments ago."""
MAX_SUBJECT = 255
_LATEST = 1 << 40

Claims = Mapping[str, object]


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What the claims must agree with: the login, the tokens beside, and the time in seconds.

    A login that asked for ``acr_values`` must have reached one of them. The person must have signed in at the
    provider at ``signed_in_after`` or later; None where it does not matter.
    """

    issuer: str
    client_id: str
    nonce: str
    code: str
    access_token: str
    alg: str
    now: float
    nonce_required: bool = True
    acr_values: tuple[str, ...] = ()
    signed_in_after: float | None = None

    def __repr__(self) -> str:
        return f"Expected(issuer={self.issuer!r}, ...)"


class ClaimCheck(NamedTuple):
    """One rule: where it is written, how a login that breaks it ends, and the rule."""

    rule: str
    reason: LoginErrorReason
    problem: Callable[[Claims, Expected], str]


def check_claims(signed: SignedClaims, expected: Expected) -> None:
    """Apply every rule. Raises LoginError with the first one that is broken."""
    for check in CHECKS:
        problem = check.problem(signed.claims, expected)
        if problem:
            raise LoginError(check.reason, f"ID token: {problem} ({check.rule})")


def _issuer(claims: Claims, expected: Expected) -> str:
    issuer = claims.get("iss")
    return "" if issuer == expected.issuer else f"iss is {str(issuer)[:80]!a}"


def _subject(claims: Claims, _: Expected) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        return "sub is missing or not a string"
    return "" if len(subject) <= MAX_SUBJECT else f"sub is longer than {MAX_SUBJECT} characters"


def _audience(claims: Claims, expected: Expected) -> str:
    return "" if expected.client_id in audiences_of(claims) else "aud does not name this client"


def _authorized_party(claims: Claims, expected: Expected) -> str:
    if len(audiences_of(claims)) > 1 and "azp" not in claims:
        return "aud names several parties and azp is missing"
    return "" if claims.get("azp", expected.client_id) == expected.client_id else "azp is another party"


def _expiry_given(claims: Claims, _: Expected) -> str:
    return "" if time_of(claims, "exp") is not None else "exp is missing or not a time"


def _not_expired(claims: Claims, expected: Expected) -> str:
    ago = expected.now - (time_of(claims, "exp") or 0)
    return "" if ago <= SKEW_S else f"it expired {ago:.0f} s ago ({SKEW_S} s are allowed)"


def _issue_given(claims: Claims, _: Expected) -> str:
    return "" if time_of(claims, "iat") is not None else "iat is missing or not a time"


def _issued_before_now(claims: Claims, expected: Expected) -> str:
    ahead = (time_of(claims, "iat") or 0) - expected.now
    return "" if ahead <= SKEW_S else f"iat is {ahead:.0f} s ahead of our clock ({SKEW_S} s are allowed)"


def _issued_just_now(claims: Claims, expected: Expected) -> str:
    age = expected.now - (time_of(claims, "iat") or 0)
    return "" if age <= MAX_AGE_S else f"iat is {age:.0f} s behind our clock ({MAX_AGE_S} s are allowed)"


def _start_is_a_time(claims: Claims, _: Expected) -> str:
    return "" if "nbf" not in claims or time_of(claims, "nbf") is not None else "nbf is not a time"


def _started(claims: Claims, expected: Expected) -> str:
    ahead = (time_of(claims, "nbf") or 0) - expected.now
    return "" if ahead <= SKEW_S else f"nbf is {ahead:.0f} s ahead of our clock ({SKEW_S} s are allowed)"


def _nonce(claims: Claims, expected: Expected) -> str:
    if "nonce" not in claims and not expected.nonce_required:
        return ""
    return "" if _same(claims.get("nonce"), expected.nonce) else "nonce is missing or another login's"


def _context(claims: Claims, expected: Expected) -> str:
    if not expected.acr_values or claims.get("acr") in expected.acr_values:
        return ""
    return f"acr is {str(claims.get('acr'))[:80]!a}, which was not asked for"


def _signed_in_given(claims: Claims, expected: Expected) -> str:
    if expected.signed_in_after is None or time_of(claims, "auth_time") is not None:
        return ""
    return "auth_time is missing or not a time, though max_age was sent"


def _signed_in_lately(claims: Claims, expected: Expected) -> str:
    if expected.signed_in_after is None:
        return ""
    signed_in = time_of(claims, "auth_time") or 0
    if signed_in > expected.now + SKEW_S:
        return f"auth_time is {signed_in - expected.now:.0f} s ahead of our clock ({SKEW_S} s are allowed)"
    early = expected.signed_in_after - signed_in
    return "" if early <= SKEW_S else f"auth_time is {early:.0f} s too long ago ({SKEW_S} s are allowed)"


def _access_token_hash(claims: Claims, expected: Expected) -> str:
    return _hash_problem(claims, "at_hash", expected.access_token, expected.alg)


def _code_hash(claims: Claims, expected: Expected) -> str:
    return _hash_problem(claims, "c_hash", expected.code, expected.alg)


def _no_events(claims: Claims, _: Expected) -> str:
    return "it is a security event, not an ID token" if "events" in claims else ""


CHECKS: tuple[ClaimCheck, ...] = (
    ClaimCheck("OpenID Core §3.1.3.7 (2)", "invalid_token", _issuer),
    ClaimCheck("OpenID Core §2, sub", "invalid_token", _subject),
    ClaimCheck("OpenID Core §3.1.3.7 (3)", "invalid_token", _audience),
    ClaimCheck("OpenID Core §2, azp", "invalid_token", _authorized_party),
    ClaimCheck("OpenID Core §2, exp", "invalid_token", _expiry_given),
    ClaimCheck("OpenID Core §3.1.3.7 (9)", "clock_skew", _not_expired),
    ClaimCheck("OpenID Core §2, iat", "invalid_token", _issue_given),
    ClaimCheck("OpenID Core §3.1.3.7 (10)", "clock_skew", _issued_before_now),
    ClaimCheck("OpenID Core §3.1.3.7 (10)", "clock_skew", _issued_just_now),
    ClaimCheck("RFC 7519 §4.1.5", "invalid_token", _start_is_a_time),
    ClaimCheck("RFC 7519 §4.1.5", "clock_skew", _started),
    ClaimCheck("OpenID Core §3.1.3.7 (11)", "invalid_token", _nonce),
    ClaimCheck("OpenID Core §3.1.3.7 (12)", "invalid_token", _context),
    ClaimCheck("OpenID Core §3.1.3.7 (13)", "not_anew", _signed_in_given),
    ClaimCheck("OpenID Core §3.1.3.7 (13)", "not_anew", _signed_in_lately),
    ClaimCheck("OpenID Core §3.1.3.8", "invalid_token", _access_token_hash),
    ClaimCheck("OpenID Core §3.3.2.11", "invalid_token", _code_hash),
    ClaimCheck("OpenID Back-Channel Logout §2.4", "invalid_token", _no_events),
)


def audiences_of(claims: Claims) -> list[object]:
    """Whom the claims are for (RFC 7519 §4.1.3)."""
    audience = claims.get("aud")
    return audience if isinstance(audience, list) else [audience]


def time_of(claims: Claims, name: str) -> float | None:
    """A NumericDate (RFC 7519 §2) in a range where arithmetic is exact; a string or true is none."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _LATEST:
        return None
    return value


def _same(value: object, expected: str) -> bool:
    return isinstance(value, str) and hmac.compare_digest(value.encode(), expected.encode())


def _hash_problem(claims: Claims, name: str, value: str, alg: str) -> str:
    """The left half of the hash that the signature uses, where the claim is present."""
    digest = hashlib.new(f"sha{alg[2:]}", value.encode("ascii")).digest()
    half = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode("ascii")
    return "" if name not in claims or _same(claims[name], half) else f"{name} is that of another value"
