"""From verified claims to an Identity: whose word counts, and which values may be used at all.

OpenID Connect Core 1.0 §5.1. Pure. The ID token wins, userinfo fills gaps; what could read differently in a
header, a log or a rule is refused rather than repaired.
"""

from collections.abc import Mapping

import structlog

from idp_adapters.identity import Identity, is_writable
from idp_adapters.provider import LoginError
from idp_adapters.settings import OidcSettings

MAX_TEXT = 1000
MAX_GROUP = 256
MAX_GROUPS = 500

log = structlog.get_logger("idp_adapters.oidc")

Claims = Mapping[str, object]


def identity_of(id_token: Claims, userinfo: Claims, settings: OidcSettings) -> Identity:
    """Build the identity of ``id_token``'s subject.

    Raises LoginError (*invalid_claims*) where a claim in use is not text, is too long, has control characters
    or, where it names the person, blanks at its edge (an upstream would read them away).
    """
    email_source = id_token if _given(id_token, "email") else userinfo
    email = _name(email_source, "email")
    return Identity(
        issuer=settings.issuer,
        subject=_name(id_token, "sub"),
        username=_name(_source(settings.username_claim, id_token, userinfo), settings.username_claim),
        name=_text(_source("name", id_token, userinfo), "name").strip(),
        email=email,
        email_verified=bool(email) and _is_verified(email_source, settings),
        groups=_groups(_source(settings.groups_claim, id_token, userinfo), settings),
        session_id=_text(id_token, "sid"),
    )


def _given(claims: Claims, name: str) -> bool:
    return claims.get(name) not in (None, "")


def _source(name: str, id_token: Claims, userinfo: Claims) -> Claims:
    return id_token if _given(id_token, name) else userinfo


def _text(claims: Claims, name: str) -> str:
    value = claims.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise LoginError("invalid_claims", f"{name[:64]!a} is not a string")
    if len(value) > MAX_TEXT:
        raise LoginError("invalid_claims", f"{name[:64]!a} is longer than {MAX_TEXT} characters")
    if not is_writable(value):
        raise LoginError("invalid_claims", f"{name[:64]!a} has control characters")
    return value


def _name(claims: Claims, name: str) -> str:
    value = _text(claims, name)
    if value != value.strip():
        raise LoginError("invalid_claims", f"{name[:64]!a} has blanks at its edge")
    return value


def _is_verified(claims: Claims, settings: OidcSettings) -> bool:
    """Whether the source of the e-mail says so itself; only the JSON value true does."""
    verified = claims.get("email_verified")
    return verified is True or (verified is None and settings.email_verified == "assume")


def _groups(claims: Claims, settings: OidcSettings) -> tuple[str, ...]:
    """A list of strings, or one string that is one group: never split (a group's name may hold a comma)."""
    value = claims.get(settings.groups_claim)
    if value in (None, ""):
        return ()
    entries = value if isinstance(value, list) else [value]
    if len(entries) > MAX_GROUPS:
        raise LoginError("invalid_claims", f"more than {MAX_GROUPS} groups")
    groups = [entry for entry in entries if isinstance(entry, str) and _is_group(entry)]
    if len(groups) < len(entries):
        log.warning("groups_dropped", issuer=settings.issuer, count=len(entries) - len(groups))
    return tuple(dict.fromkeys(groups))


def _is_group(entry: str) -> bool:
    return entry != "" and len(entry) <= MAX_GROUP and entry == entry.strip() and is_writable(entry)
