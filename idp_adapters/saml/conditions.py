"""Whether a verified assertion is meant for this login: subject, audience, times, how the person signed in.

SAML Core §2.4 to §2.7, Profiles §4.1.4.3. Pure; the signature was verified before.
"""

from typing import Final

from lxml import etree

from idp_adapters.provider import LoginError
from idp_adapters.saml.assertion import (
    VerifiedAssertion,
    attributes_of,
    child_of,
    is_exact,
    name_id_of,
    text_of,
)
from idp_adapters.saml.expected import Expected
from idp_adapters.saml.names import ASSERTION, BEARER
from idp_adapters.saml.times import (
    MAX_AGE_S,
    SKEW_S,
    check_begun,
    check_issued,
    check_not_over,
    optional_instant,
    read_instant,
)

_ENTITY: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
_CONFIRMATION: Final = f"{{{ASSERTION}}}SubjectConfirmation"
_AUDIENCES: Final = f"{{{ASSERTION}}}AudienceRestriction"
_AUDIENCE: Final = f"{{{ASSERTION}}}Audience"
_HARMLESS: Final = frozenset({f"{{{ASSERTION}}}OneTimeUse", f"{{{ASSERTION}}}ProxyRestriction"})
"""Conditions that hold by themselves: every assertion is used once, and none is passed on."""


def check_assertion(assertion: etree._Element, expected: Expected) -> VerifiedAssertion:
    """Apply every rule to ``assertion``, the root of verified octets, and read it.

    Raises LoginError: *invalid_response* where it is not meant for this login, *expired* and *clock_skew*.
    """
    identifier = check_head(assertion, expected, "the assertion")
    issued = read_instant(assertion.get("IssueInstant"), "IssueInstant")
    subject = child_of(assertion, "Subject")
    ends = min(_confirmed_until(subject, expected), _conditions(child_of(assertion, "Conditions"), expected))
    statement = child_of(assertion, "AuthnStatement")
    name_id, name_id_format = name_id_of(subject, expected.audience)
    return VerifiedAssertion(
        id=identifier,
        name_id=name_id,
        name_id_format=name_id_format,
        session_index=_session_index(statement),
        attributes=attributes_of(assertion),
        session_ends_at=_session_ends_at(statement, expected),
        issued_at=issued,
        usable_until=min(ends, issued + MAX_AGE_S) + SKEW_S,
        authn_instant=_authn_instant(statement, expected),
    )


def check_head(element: etree._Element, expected: Expected, name: str) -> str:
    """What Response and Assertion have in common: version, issuer, time. Returns the ID."""
    if element.get("Version") != "2.0":
        raise _refused(f"{name} is not of version 2.0")
    identifier = element.get("ID", "")
    if not identifier:
        raise _refused(f"{name} has no ID")
    issuer = child_of(element, "Issuer")
    if issuer.get("Format", _ENTITY) != _ENTITY or text_of(issuer) != expected.idp_entity_id:
        raise _refused(f"{name} was issued by {text_of(issuer)[:80]!a}")
    issued = read_instant(element.get("IssueInstant"), "IssueInstant")
    check_issued(issued, expected.now, expected.requested_at, name)
    return identifier


def _confirmed_until(subject: etree._Element, expected: Expected) -> float:
    """Every confirmation must be a bearer's and fit; until when they all hold."""
    confirmations = subject.findall(_CONFIRMATION)
    if not confirmations:
        raise _refused("the subject is not confirmed")
    return min(_confirmation(confirmation, expected) for confirmation in confirmations)


def _confirmation(confirmation: etree._Element, expected: Expected) -> float:
    if confirmation.get("Method") != BEARER:
        raise _refused("a confirmation is not that of a bearer")
    data = child_of(confirmation, "SubjectConfirmationData")
    if len(confirmation) != 1 or len(data):
        raise _refused("a confirmation holds more than its data")
    if data.get("Recipient") != expected.acs_url:
        raise _refused("Recipient is not our address")
    if data.get("InResponseTo") != expected.request_id:
        raise _refused("the confirmation does not answer this login's request")
    if data.get("NotBefore") is not None:
        raise _refused("the confirmation has a NotBefore")
    ends = read_instant(data.get("NotOnOrAfter"), "NotOnOrAfter of the confirmation")
    check_not_over(ends, expected.now, "NotOnOrAfter of the confirmation")
    return ends


def _conditions(conditions: etree._Element, expected: Expected) -> float:
    """Times and audience; until when they hold, infinity where no end is given."""
    check_begun(optional_instant(conditions.get("NotBefore"), "NotBefore"), expected.now, "NotBefore")
    ends = optional_instant(conditions.get("NotOnOrAfter"), "NotOnOrAfter")
    check_not_over(ends, expected.now, "NotOnOrAfter of the conditions")
    restrictions = conditions.findall(_AUDIENCES)
    if not restrictions:
        raise _refused("the audience is not restricted")
    for restriction in restrictions:
        _check_audience(restriction, expected.audience)
    if len(restrictions) + sum(child.tag in _HARMLESS for child in conditions) != len(conditions):
        raise _refused("a condition is not known")
    return float("inf") if ends is None else ends


def _check_audience(restriction: etree._Element, ours: str) -> None:
    """Ours and no other: an assertion that is good elsewhere too could be brought from there."""
    audiences = [text_of(child) if child.tag == _AUDIENCE else "" for child in restriction]
    if not audiences or any(audience != ours for audience in audiences):
        raise _refused("the audience is another, or not us alone")


def _session_ends_at(statement: etree._Element, expected: Expected) -> float | None:
    ends = optional_instant(statement.get("SessionNotOnOrAfter"), "SessionNotOnOrAfter")
    check_not_over(ends, expected.now, "SessionNotOnOrAfter")
    return ends


def _session_index(statement: etree._Element) -> str:
    index = statement.get("SessionIndex", "")
    if index and not is_exact(index):
        raise LoginError("invalid_claims", "SessionIndex has blanks at its edge or control characters")
    return index


def _authn_instant(statement: etree._Element, expected: Expected) -> float:
    instant = read_instant(statement.get("AuthnInstant"), "AuthnInstant")
    check_begun(instant, expected.now, "AuthnInstant")
    since = expected.authenticated_since
    if since is not None and instant < since - SKEW_S:
        raise LoginError("not_anew", "the person did not sign in anew")
    return instant


def _refused(detail: str) -> LoginError:
    return LoginError("invalid_response", detail)
