"""From a verified assertion to an Identity: which attribute tells what, and which values may be used.

Pure. The operator's names count; where none is given those that providers commonly use are tried in order.
What could read differently in a header, a log or a rule is refused rather than repaired.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from idp_adapters.identity import Identity, is_writable
from idp_adapters.provider import LoginError
from idp_adapters.saml.assertion import VerifiedAssertion
from idp_adapters.saml.names import NAMEID_FORMATS
from idp_adapters.saml.settings import SamlSettings

MAX_TEXT: Final = 1000
MAX_GROUP: Final = 256
MAX_GROUPS: Final = 500

_CLAIMS: Final = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_MICROSOFT: Final = "http://schemas.microsoft.com/"

EMAIL: Final = (
    "email",
    "mail",
    "emailAddress",
    "emailaddress",
    "Email",
    "urn:oid:0.9.2342.19200300.100.1.3",
    "urn:oid:1.2.840.113549.1.9.1",
    f"{_CLAIMS}emailaddress",
)
DISPLAY_NAME: Final = (
    "displayName",
    "displayname",
    "name",
    "urn:oid:2.16.840.1.113730.3.1.241",
    f"{_MICROSOFT}identity/claims/displayname",
)
GIVEN_NAME: Final = (
    "givenName",
    "given_name",
    "firstName",
    "first_name",
    "urn:oid:2.5.4.42",
    f"{_CLAIMS}givenname",
)
SURNAME: Final = (
    "sn",
    "surname",
    "family_name",
    "lastName",
    "last_name",
    "urn:oid:2.5.4.4",
    f"{_CLAIMS}surname",
)
COMMON_NAME: Final = ("cn", "urn:oid:2.5.4.3", "http://schemas.xmlsoap.org/claims/CommonName")
USERNAME: Final = (
    "username",
    "preferred_username",
    "uid",
    "urn:oid:0.9.2342.19200300.100.1.1",
    "eduPersonPrincipalName",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.6",
    f"{_CLAIMS}upn",
    f"{_CLAIMS}name",
    "sAMAccountName",
)
GROUPS: Final = (
    "groups",
    "group",
    "memberOf",
    "isMemberOf",
    "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
    "http://schemas.xmlsoap.org/claims/Group",
    f"{_MICROSOFT}ws/2008/06/identity/claims/groups",
)
"""inetOrgPerson (RFC 2798), eduPerson, and the claims of Active Directory and Entra."""

Attributes = Mapping[str, tuple[str, ...]]

log = structlog.get_logger("idp_adapters.saml")


def identity_of(assertion: VerifiedAssertion, settings: SamlSettings, issuer: str) -> Identity:
    """Build the identity of the assertion's subject.

    Raises LoginError (*invalid_claims*) where there is no lasting subject, or a value in use is too long, has
    control characters or, where it names the person, blanks at its edge (an upstream would read them away).
    """
    attributes, names = assertion.attributes, settings.attributes
    email = _email(assertion, settings)
    return Identity(
        issuer=issuer,
        subject=_subject(assertion, settings),
        username=_unpadded(_single(attributes, _tried(names.username, USERNAME)), "the username"),
        name=_text(_name(attributes, names.name), "the name").strip(),
        email=email,
        email_verified=bool(email),
        groups=_groups(_values(attributes, _tried(names.groups, GROUPS)), issuer),
        session_id=_text(assertion.session_index, "SessionIndex"),
    )


def _subject(assertion: VerifiedAssertion, settings: SamlSettings) -> str:
    if settings.subject_attribute:
        values = assertion.attributes.get(settings.subject_attribute, ())
        if len(values) != 1:
            raise _invalid(f"the subject's attribute has {len(values)} values, not one")
        subject = values[0]
    else:
        if assertion.name_id_format == NAMEID_FORMATS["transient"]:
            raise _invalid("the NameID is transient, and no subject_attribute is set")
        subject = assertion.name_id
    if not subject:
        raise _invalid("the subject is empty")
    return _unpadded(subject, "the subject")


def _email(assertion: VerifiedAssertion, settings: SamlSettings) -> str:
    """The one e-mail; the NameID where it is said to be one and no attribute is."""
    values = _values(assertion.attributes, _tried(settings.attributes.email, EMAIL))
    is_address = assertion.name_id_format == NAMEID_FORMATS["emailAddress"]
    if not values and is_address and not settings.attributes.email:
        values = (assertion.name_id,)
    return _unpadded(values[0], "the e-mail") if len(values) == 1 else ""


def _name(attributes: Attributes, configured: str) -> str:
    if configured:
        return _single(attributes, (configured,))
    whole = _single(attributes, DISPLAY_NAME)
    parts = (_single(attributes, GIVEN_NAME), _single(attributes, SURNAME))
    return whole or " ".join(part for part in parts if part) or _single(attributes, COMMON_NAME)


def _groups(values: Sequence[str], issuer: str) -> tuple[str, ...]:
    """One value is one group: never split (a group's name may hold a comma)."""
    if len(values) > MAX_GROUPS:
        raise _invalid(f"more than {MAX_GROUPS} groups")
    groups = [value for value in values if _is_group(value)]
    if len(groups) < len(values):
        log.warning("groups_dropped", issuer=issuer, count=len(values) - len(groups))
    return tuple(dict.fromkeys(groups))


def _is_group(value: str) -> bool:
    return len(value) <= MAX_GROUP and value == value.strip() and is_writable(value)


def _tried(configured: str, common: Sequence[str]) -> Sequence[str]:
    return (configured,) if configured else common


def _values(attributes: Attributes, names: Sequence[str]) -> tuple[str, ...]:
    """The values, empty ones left out, of the first of ``names`` that has any."""
    for name in names:
        values = tuple(value for value in attributes.get(name, ()) if value)
        if values:
            return values
    return ()


def _single(attributes: Attributes, names: Sequence[str]) -> str:
    """The one value; several tell nothing, for nobody can know which is meant."""
    values = _values(attributes, names)
    return values[0] if len(values) == 1 else ""


def _unpadded(value: str, what: str) -> str:
    if value != value.strip():
        raise _invalid(f"{what} has blanks at its edge")
    return _text(value, what)


def _text(value: str, what: str) -> str:
    if len(value) > MAX_TEXT:
        raise _invalid(f"{what} is longer than {MAX_TEXT} characters")
    if not is_writable(value):
        raise _invalid(f"{what} has control characters")
    return value


def _invalid(detail: str) -> LoginError:
    return LoginError("invalid_claims", detail)
