"""What the application asks of the demo's SAML provider, and answers it: checked, once the signature was.

SAML Core §3.4.1 and §3.7, Profiles §4.1.4.1 and §4.4. Pure; whoever sent it elsewhere, too early, too late or
as somebody else gets no answer.
"""

from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from outerward.demo import saml_names as names
from outerward.demo.saml_metadata import Application
from outerward.demo.saml_xml import SamlError

MAX_AGE_S = 300
_SAML = f"{{{names.ASSERTION}}}"
_SAMLP = f"{{{names.PROTOCOL}}}"


@dataclass(frozen=True, slots=True)
class LoginWanted:
    """An AuthnRequest, and the RelayState that goes back with its answer."""

    id: str
    relay_state: str
    force_authn: bool
    is_passive: bool
    nameid_format: str


@dataclass(frozen=True, slots=True)
class LogoutWanted:
    """A LogoutRequest; without a session all of that person's end (Core §3.7.1)."""

    id: str
    relay_state: str
    name_id: str
    session_ids: frozenset[str]


def read_login(
    root: etree._Element, relay_state: str, application: Application, sso: str, now: float
) -> LoginWanted:
    """The AuthnRequest ``root`` of ``application`` to ``sso``. Raises SamlError."""
    _check_head(root, "AuthnRequest", application, sso, now)
    if root.get("AssertionConsumerServiceURL", application.acs_url) != application.acs_url:
        raise SamlError("The application is not registered with this address for answers.")
    if root.get("ProtocolBinding", names.BY_POST) != names.BY_POST:
        raise SamlError("Answers are given by POST only.")
    policy = root.find(f"{_SAMLP}NameIDPolicy")
    return LoginWanted(
        id=root.get("ID", ""),
        relay_state=relay_state,
        force_authn=root.get("ForceAuthn") in ("true", "1"),
        is_passive=root.get("IsPassive") in ("true", "1"),
        nameid_format=names.UNSPECIFIED if policy is None else policy.get("Format", names.UNSPECIFIED),
    )


def read_logout(
    root: etree._Element, relay_state: str, application: Application, slo: str, now: float
) -> LogoutWanted:
    """The LogoutRequest ``root`` of ``application`` to ``slo``. Raises SamlError."""
    _check_head(root, "LogoutRequest", application, slo, now)
    until = root.get("NotOnOrAfter")
    if until is not None and _instant(until) + MAX_AGE_S <= now:
        raise SamlError("The message is too old.")
    return LogoutWanted(
        id=root.get("ID", ""),
        relay_state=relay_state,
        name_id=root.findtext(f"{_SAML}NameID", ""),
        session_ids=frozenset(each.text or "" for each in root.findall(f"{_SAMLP}SessionIndex")),
    )


def read_logout_answer(
    root: etree._Element, application: Application, slo: str, now: float
) -> tuple[str, bool]:
    """Which request the LogoutResponse ``root`` answers, and whether all went well. Raises SamlError."""
    _check_head(root, "LogoutResponse", application, slo, now)
    code = root.find(f"{_SAMLP}Status/{_SAMLP}StatusCode")
    well = code is not None and code.get("Value") == names.SUCCESS and not len(code)
    return root.get("InResponseTo", ""), well


def _check_head(root: etree._Element, name: str, application: Application, address: str, now: float) -> None:
    if root.tag != f"{_SAMLP}{name}" or root.get("Version") != "2.0" or not root.get("ID"):
        raise SamlError(f"The message is no {name}.")
    if root.findtext(f"{_SAML}Issuer") != application.entity_id:
        raise SamlError("No application is registered under this name.")
    if root.get("Destination") != address:
        raise SamlError("The message is for another address.")
    if abs(_instant(root.get("IssueInstant", "")) - now) > MAX_AGE_S:
        raise SamlError("The message is too old, or from the future.")


def _instant(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise SamlError("The message's time cannot be read.")
    return moment.timestamp()
