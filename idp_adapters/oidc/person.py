"""From verified claims to an Identity: whose word counts, and which values may be used at all.

OpenID Connect Core 1.0 §5.1, §5.6.2. Pure. The ID token wins, userinfo fills gaps; what could read
differently in a header, a log or a rule is refused rather than repaired. No claim is looked up elsewhere.
"""

from collections.abc import Mapping

import structlog

from idp_adapters.identity import Identity, is_writable
from idp_adapters.oidc.quirks import STANDARD, Quirks
from idp_adapters.provider import LoginError
from idp_adapters.settings import OidcSettings

MAX_TEXT = 1000
MAX_GROUP = 256
MAX_GROUPS = 500

log = structlog.get_logger("idp_adapters.oidc")

Claims = Mapping[str, object]


def identity_of(
    id_token: Claims, userinfo: Claims, settings: OidcSettings, issuer: str = "", quirks: Quirks = STANDARD
) -> Identity:
    """Build the identity of ``id_token``'s subject, who belongs to ``issuer``, by default the configured one.

    Raises LoginError (*invalid_claims*) where a claim in use is not text, is too long, has control characters
    or, where it names the person, blanks at its edge (an upstream would read them away).
    """
    issuer = issuer or settings.issuer
    email_source = _email_source(id_token, userinfo, quirks)
    email = name_in(email_source, "email")
    return Identity(
        issuer=issuer,
        subject=name_in(id_token, "sub"),
        username=name_in(_source(settings.username_claim, id_token, userinfo), settings.username_claim),
        name=text_in(_source("name", id_token, userinfo), "name").strip(),
        email=email,
        email_verified=bool(email) and _is_verified(email_source, settings, quirks),
        groups=groups_in(
            claim_at(_source(settings.groups_claim, id_token, userinfo), settings.groups_claim), issuer
        ),
        session_id=text_in(id_token, "sid"),
    )


def told_by_userinfo(
    id_token: Claims, userinfo: Claims, settings: OidcSettings, quirks: Quirks = STANDARD
) -> tuple[str, ...]:
    """The fields of the identity that ``userinfo`` speaks of, were it to say that there is nothing."""
    claims = {
        "username": settings.username_claim,
        "name": "name",
        "email": "email",
        "groups": settings.groups_claim,
    }
    return tuple(
        field
        for field, claim in claims.items()
        if _found(userinfo, claim) is not _NOTHING
        and (not is_given(id_token, claim) or (field == "email" and quirks.email_from_userinfo))
    )


def groups_are_elsewhere(id_token: Claims, userinfo: Claims, settings: OidcSettings) -> bool:
    """Whether the groups did not fit into the claims: they are named as distributed ones (§5.6.2).

    Microsoft's tokens say so by ``_claim_names``, or by ``hasgroups`` for ``groups``.
    """
    if claim_at(_source(settings.groups_claim, id_token, userinfo), settings.groups_claim) not in (
        None,
        "",
        [],
    ):
        return False
    for claims in (id_token, userinfo):
        names = claims.get("_claim_names")
        if isinstance(names, dict) and settings.groups_claim in names:
            return True
        if settings.groups_claim == "groups" and claims.get("hasgroups") is True:
            return True
    return False


def claim_at(claims: Claims, path: str) -> object:
    """The claim of that name, or else what a path through objects (``a.b``) leads to; None where none is."""
    found = _found(claims, path)
    return None if found is _NOTHING else found


def is_given(claims: Claims, path: str) -> bool:
    """Whether ``claims`` say anything there."""
    return claim_at(claims, path) not in (None, "")


def text_in(claims: Claims, path: str) -> str:
    """The text of a claim, "" where there is none. Raises LoginError (*invalid_claims*)."""
    value = claim_at(claims, path)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise LoginError("invalid_claims", f"{path[:64]!a} is not a string")
    if len(value) > MAX_TEXT:
        raise LoginError("invalid_claims", f"{path[:64]!a} is longer than {MAX_TEXT} characters")
    if not is_writable(value):
        raise LoginError("invalid_claims", f"{path[:64]!a} has control characters")
    return value


def name_in(claims: Claims, path: str) -> str:
    """The text of a claim that names somebody, without blanks at its edge. Raises as ``text_in`` does."""
    value = text_in(claims, path)
    if value != value.strip():
        raise LoginError("invalid_claims", f"{path[:64]!a} has blanks at its edge")
    return value


def groups_in(value: object, issuer: str) -> tuple[str, ...]:
    """A list of strings, or one string that is one group: never split (a group's name may hold a comma).

    What cannot be a group is dropped with a warning. Raises LoginError (*invalid_claims*) for too many.
    """
    if value in (None, ""):
        return ()
    entries = value if isinstance(value, list) else [value]
    if len(entries) > MAX_GROUPS:
        raise LoginError("invalid_claims", f"more than {MAX_GROUPS} groups")
    groups = [entry for entry in entries if isinstance(entry, str) and _is_group(entry)]
    if len(groups) < len(entries):
        log.warning("groups_dropped", issuer=issuer, count=len(entries) - len(groups))
    return tuple(dict.fromkeys(groups))


_NOTHING = object()


def _found(claims: Claims, path: str) -> object:
    # The literal name first: a namespaced claim (https://example.com/groups) is full of dots.
    if path in claims:
        return claims[path]
    value: object = claims
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return _NOTHING
        value = value[name]
    return value


def _source(path: str, id_token: Claims, userinfo: Claims) -> Claims:
    return id_token if is_given(id_token, path) else userinfo


def _email_source(id_token: Claims, userinfo: Claims, quirks: Quirks) -> Claims:
    return userinfo if quirks.email_from_userinfo else _source("email", id_token, userinfo)


def _is_verified(claims: Claims, settings: OidcSettings, quirks: Quirks) -> bool:
    """Whether the source of the e-mail says so itself; only the JSON value true does."""
    verified = claims.get(quirks.verified_claim)
    return verified is True or (verified is None and settings.email_verified == "assume")


def _is_group(entry: str) -> bool:
    return entry != "" and len(entry) <= MAX_GROUP and entry == entry.strip() and is_writable(entry)
