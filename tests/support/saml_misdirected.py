"""Messages that the provider signed in earnest, but not for this login: another place, time or audience."""

from collections.abc import Callable

from lxml import etree

from idp_adapters.saml.names import ASSERTION, PROTOCOL, SUCCESS
from tests.support.saml_messages import instant
from tests.support.saml_victim import (
    Attack,
    Victim,
    adding,
    edited,
    find,
    removing,
    repeating,
    setting,
    tampered,
    writing,
)

_ASSERTION = "saml:Assertion"
_DATA = "//saml:SubjectConfirmationData"
_CONFIRMATION = "//saml:SubjectConfirmation"
_CONDITIONS = "//saml:Conditions"
_STATEMENT = "//saml:AuthnStatement"
_RESTRICTION = "//saml:AudienceRestriction"


def _at(path: str, name: str, seconds: float) -> Attack:
    """A time set to ``seconds`` from the message's own."""
    return lambda victim: edited(setting(path, **{name: instant(victim.response.now + seconds)}))(victim)


def _address(name: str, change: Callable[[str], str], **options: str) -> Attack:
    """Destination or Recipient changed before the provider signs."""

    def attack(victim: Victim) -> bytes:
        url = change(victim.response.recipient)
        return victim.octets(**{name: url, **options})

    return attack


_ADDRESSES: dict[str, Callable[[str], str]] = {
    "2 after it": lambda url: f"{url}2",
    "/evil after it": lambda url: f"{url}/evil",
    "a query after it": lambda url: f"{url}?x=1",
    "a fragment after it": lambda url: f"{url}#x",
    "its beginning": lambda url: url[:-1],
    "in capitals": str.upper,
    "another host": lambda url: url.replace("://", "://evil."),
    "ours inside another": lambda url: f"https://evil.example/?{url}",
    "a blank after it": lambda url: f"{url} ",
    "empty": lambda _: "",
}


def _shifted(seconds: float) -> Attack:
    """Everything of a provider whose clock is off."""

    def attack(victim: Victim) -> bytes:
        return victim.octets(now=victim.response.now + seconds)

    return attack


def _confirmation_outlives(path: str) -> Attack:
    return _at(path, "NotOnOrAfter", -61)


def _all_expired(victim: Victim) -> bytes:
    def edit(root: etree._Element) -> None:
        for path in (_DATA, _CONDITIONS):
            setting(path, NotOnOrAfter=instant(victim.response.now - 61))(root)

    return victim.octets(edit=edit)


def _second_audience(victim: Victim) -> bytes:
    foreign = "<saml:Audience>https://other.example</saml:Audience>"
    return edited(adding(_RESTRICTION, foreign))(victim)


def _second_restriction(victim: Victim) -> bytes:
    foreign = "<saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience></saml:AudienceRestriction>"
    return edited(adding(_RESTRICTION, foreign, "after"))(victim)


def _with_status(code: str) -> Attack:
    """An assertion under a status that is not Success."""

    def edit(root: etree._Element) -> None:
        find(root, "//samlp:StatusCode").set("Value", code)

    return edited(edit, sign="both")


def _holder(confirmation: etree._Element) -> None:
    confirmation.set("Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")


def _second_confirmation(change: Callable[[etree._Element], None]) -> Attack:
    def edit(root: etree._Element) -> None:
        repeating(_CONFIRMATION)(root)
        change(find(root, f"({_CONFIRMATION})[2]"))

    return edited(edit)


def _elsewhere(confirmation: etree._Element) -> None:
    confirmation[0].set("Recipient", "https://other.example/acs")


ADDRESSES: dict[str, Attack] = {
    **{f"Recipient: {name}": _address("recipient", change) for name, change in _ADDRESSES.items()},
    **{f"Destination: {name}": _address("destination", change) for name, change in _ADDRESSES.items()},
    **{
        f"signed Destination: {name}": _address("destination", change, sign="response")
        for name, change in _ADDRESSES.items()
    },
    "no Recipient": edited(setting(_DATA, Recipient=None)),
    "no Destination in a signed Response": lambda victim: victim.octets(destination=None, sign="response"),
}

REQUESTS: dict[str, Attack] = {
    "no InResponseTo at all": lambda victim: victim.octets(request_id=None),
    "InResponseTo of the Response stripped": tampered(setting(".", InResponseTo=None)),
    "InResponseTo of the confirmation missing": edited(setting(_DATA, InResponseTo=None)),
    "InResponseTo of another login": lambda victim: victim.octets(request_id="_another"),
    "InResponseTo of another login in the confirmation": edited(setting(_DATA, InResponseTo="_another")),
    "InResponseTo changed in the Response": tampered(setting(".", InResponseTo="_another")),
    "an empty InResponseTo": lambda victim: victim.octets(request_id=""),
}

AUDIENCES: dict[str, Attack] = {
    "another audience": lambda victim: victim.octets(audience="https://other.example"),
    "our audience and another": _second_audience,
    "two AudienceRestrictions, one another": _second_restriction,
    "no AudienceRestriction": edited(removing(_RESTRICTION)),
    "an empty AudienceRestriction": edited(removing("//saml:Audience")),
    "an empty Audience": edited(writing("//saml:Audience", "")),
    "a blank after the Audience": lambda victim: victim.octets(audience=f"{victim.response.audience} "),
    "the Audience in capitals": lambda victim: victim.octets(audience=victim.response.audience.upper()),
    "no Conditions": edited(removing(_CONDITIONS)),
    "two Conditions": edited(repeating(_CONDITIONS)),
    "a condition that is not known": edited(
        adding(
            _CONDITIONS,
            '<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="x"/>',
        )
    ),
    "a NameID of another service provider": edited(
        setting("//saml:NameID", SPNameQualifier="https://other.example")
    ),
}

ISSUERS: dict[str, Attack] = {
    "another Issuer": lambda victim: victim.octets(issuer="https://other.example"),
    "another Issuer of the assertion": edited(writing(f"{_ASSERTION}/saml:Issuer", "https://other.example")),
    "another Issuer of the Response": tampered(writing("saml:Issuer", "https://other.example")),
    "the Issuer and a slash": lambda victim: victim.octets(issuer=f"{victim.response.issuer}/"),
    "the Issuer in capitals": lambda victim: victim.octets(issuer=victim.response.issuer.upper()),
    "an Issuer of another format": edited(
        setting(f"{_ASSERTION}/saml:Issuer", Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified")
    ),
    "no Issuer of the assertion": edited(removing(f"{_ASSERTION}/saml:Issuer")),
    "no Issuer of the Response": edited(removing("saml:Issuer")),
    "two Issuers of the assertion": edited(repeating(f"{_ASSERTION}/saml:Issuer")),
    "an Issuer with something in it": edited(adding(f"{_ASSERTION}/saml:Issuer", "<saml:Audience/>")),
}

TIMES: dict[str, Attack] = {
    "confirmation expired 61 s ago": _confirmation_outlives(_DATA),
    "conditions expired 61 s ago": _confirmation_outlives(_CONDITIONS),
    "everything expired 61 s ago": _all_expired,
    "valid in ten minutes": _at(_CONDITIONS, "NotBefore", 600),
    "NotBefore in the confirmation": _at(_DATA, "NotBefore", -60),
    "no NotOnOrAfter in the confirmation": edited(setting(_DATA, NotOnOrAfter=None)),
    "the assertion issued 11 minutes ago": _at(_ASSERTION, "IssueInstant", -661),
    "the Response issued 11 minutes ago": _at(".", "IssueInstant", -661),
    "the assertion issued in 11 minutes": _at(_ASSERTION, "IssueInstant", 661),
    "the Response issued in 11 minutes": _at(".", "IssueInstant", 661),
    "all of it 11 minutes early": _shifted(-661),
    "all of it 11 minutes late": _shifted(661),
    "the session over": _at(_STATEMENT, "SessionNotOnOrAfter", -61),
    "signed in tomorrow": _at(_STATEMENT, "AuthnInstant", 86_400),
    "no AuthnInstant": edited(setting(_STATEMENT, AuthnInstant=None)),
    "no IssueInstant": edited(setting(_ASSERTION, IssueInstant=None)),
    "a time without a zone": edited(setting(_DATA, NotOnOrAfter="2999-01-01T00:00:00")),
    "a time of another zone": edited(setting(_DATA, NotOnOrAfter="2999-01-01T00:00:00+01:00")),
    "a time that is none": edited(setting(_DATA, NotOnOrAfter="never")),
    "a day that is none": edited(setting(_DATA, NotOnOrAfter="2999-02-30T00:00:00Z")),
    "a year of five digits": edited(setting(_DATA, NotOnOrAfter="12999-01-01T00:00:00Z")),
    "a time in other digits": edited(setting(_DATA, NotOnOrAfter="２999-01-01T00:00:00Z")),
}

SUBJECTS: dict[str, Attack] = {
    "no Subject": edited(removing("//saml:Subject")),
    "two Subjects": edited(repeating("//saml:Subject")),
    "no NameID": edited(removing("//saml:NameID")),
    "two NameIDs": edited(repeating("//saml:NameID")),
    "no confirmation": edited(removing(_CONFIRMATION)),
    "a confirmation without data": edited(removing(_DATA)),
    "a confirmation of a holder of a key": edited(lambda root: _holder(find(root, _CONFIRMATION))),
    "a second confirmation, of a holder of a key": _second_confirmation(_holder),
    "a second confirmation, for elsewhere": _second_confirmation(_elsewhere),
    "a confirmation without a method": edited(setting(_CONFIRMATION, Method=None)),
    "no AuthnStatement": edited(removing(_STATEMENT)),
    "two AuthnStatements": edited(repeating(_STATEMENT)),
    "an attribute encrypted on its own": edited(
        adding(
            "//saml:AttributeStatement",
            "<saml:EncryptedAttribute><xenc:EncryptedData><xenc:CipherData><xenc:CipherValue>AA=="
            "</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAttribute>",
        )
    ),
}


def _assertion_in_extensions(root: etree._Element) -> None:
    extensions = etree.Element(f"{{{PROTOCOL}}}Extensions")
    root.insert(1, extensions)
    extensions.append(find(root, _ASSERTION))


SHAPES: dict[str, Attack] = {
    "the only assertion in Extensions": tampered(_assertion_in_extensions),
    "Version 1.1 of the Response": edited(setting(".", Version="1.1")),
    "Version 1.1 of the assertion": edited(setting(_ASSERTION, Version="1.1")),
    "no Version": edited(setting(_ASSERTION, Version=None)),
    "no ID of the Response": edited(setting(".", ID=None)),
    "no ID of the assertion": edited(setting(_ASSERTION, ID=None), sign="response"),
    "an empty ID": lambda victim: victim.octets(assertion_id="", sign="response"),
    "no assertion": edited(removing(_ASSERTION), sign="response"),
    "no Status": edited(removing("samlp:Status")),
    "two Status": edited(repeating("samlp:Status")),
    "an empty Status": edited(removing("samlp:Status/samlp:StatusCode")),
    "an assertion under a status of failure": _with_status(SUCCESS.replace("Success", "Responder")),
    "an assertion under an empty status": _with_status(""),
    "an unsigned assertion in Extensions of it": tampered(
        lambda root: root.insert(1, etree.Element(f"{{{ASSERTION}}}Assertion", ID="_x"))
    ),
}
