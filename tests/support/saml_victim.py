"""What makers of hostile SAML messages start from: a provider, a login under way, small edits of trees."""

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from cryptography import x509
from lxml import etree

from idp_adapters.saml.names import ASSERTION, DSIG, NS, PROTOCOL
from tests.support.saml_crypto import Encryption, Signing
from tests.support.saml_messages import (
    Edit,
    Logout,
    Response,
    SamlIdentityProvider,
    certificate_of,
    foreign_key,
    sp_key,
)

ASSERTION_TAG = f"{{{ASSERTION}}}Assertion"
SIGNATURE_TAG = f"{{{DSIG}}}Signature"
EXTENSIONS_TAG = f"{{{PROTOCOL}}}Extensions"

Attack = Callable[["Victim"], bytes]


@dataclass(frozen=True)
class Victim:
    """The provider, good messages that it would be believed, and where a hostile reference leads.

    ``file_url`` and ``http_url`` are what must never be opened; ``evil`` is the name that must not get in.
    """

    idp: SamlIdentityProvider = field(default_factory=SamlIdentityProvider)
    response: Response = field(default_factory=Response)
    logout: Logout = field(default_factory=Logout)
    sp_certificate: x509.Certificate = field(default_factory=lambda: certificate_of(sp_key()))
    file_url: str = "file:///etc/hostname"
    http_url: str = "http://127.0.0.1:9/"
    evil: str = "mallory"

    def tree(self, **changes: Any) -> etree._Element:
        """The good Response, or one that the provider itself made otherwise."""
        return self.idp.response_tree(replace(self.response, **changes))

    def octets(self, **changes: Any) -> bytes:
        """The same as octets."""
        return etree.tostring(self.tree(**changes))

    def encryption(self, **changes: Any) -> Encryption:
        """Encryption to this service provider: anyone can, its certificate is public."""
        return Encryption(self.sp_certificate, **changes)

    def signed_by_stranger(self, how: Signing | None = None, **changes: Any) -> bytes:
        """The good Response as another key signs it."""
        stranger = SamlIdentityProvider(self.idp.entity_id, key=foreign_key())
        return stranger.response(replace(self.response, signing=how or Signing(), **changes))

    def turned(self, element: etree._Element, *, identifier: str | None = "_evil") -> etree._Element:
        """``element`` itself, saying that the person is ``evil``; under other IDs unless None."""
        for name_id in element.iter(f"{{{ASSERTION}}}NameID"):
            name_id.text = self.evil
        for value in element.iter(f"{{{ASSERTION}}}AttributeValue"):
            value.text = self.evil
        for inner in element.iter(ASSERTION_TAG) if identifier is not None else ():
            inner.set("ID", f"{identifier}-assertion")
        if identifier is not None:
            element.set("ID", identifier)
        return element

    def forged(self, element: etree._Element, *, identifier: str | None = "_evil") -> etree._Element:
        """A copy of ``element`` without its signature, saying that the person is ``evil``."""
        return self.turned(unsigned(deepcopy(element)), identifier=identifier)


def unsigned(element: etree._Element) -> etree._Element:
    """``element`` itself without its own signature."""
    for signature in element.findall(SIGNATURE_TAG):
        element.remove(signature)
    return element


def find(root: etree._Element, path: str) -> etree._Element:
    """The one element at ``path``, with the usual prefixes."""
    found = root.xpath(path, namespaces=NS)
    assert isinstance(found, list)
    (element,) = found
    assert isinstance(element, etree._Element)
    return element


def setting(path: str, **attributes: str | None) -> Edit:
    """An edit that sets the attributes of the element at ``path``, or takes them out."""

    def edit(root: etree._Element) -> None:
        for name, value in attributes.items():
            element = find(root, path)
            if value is None:
                element.attrib.pop(name, "")
            else:
                element.set(name, value)

    return edit


def removing(path: str) -> Edit:
    """An edit that takes the element at ``path`` out."""

    def edit(root: etree._Element) -> None:
        element = find(root, path)
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return edit


def adding(path: str, xml: str, place: Literal["last", "first", "after", "before"] = "last") -> Edit:
    """An edit that puts ``xml`` into the element at ``path``, or beside it."""

    def edit(root: etree._Element) -> None:
        element, new = find(root, path), parsed(xml)
        match place:
            case "last":
                element.append(new)
            case "first":
                element.insert(0, new)
            case "after":
                element.addnext(new)
            case "before":
                element.addprevious(new)

    return edit


def repeating(path: str) -> Edit:
    """An edit that puts a copy beside the element at ``path``."""

    def edit(root: etree._Element) -> None:
        element = find(root, path)
        element.addnext(deepcopy(element))

    return edit


def writing(path: str, text: str) -> Edit:
    """An edit that sets the text of the element at ``path``."""

    def edit(root: etree._Element) -> None:
        find(root, path).text = text

    return edit


def parsed(xml: str) -> etree._Element:
    """``xml`` with the usual prefixes."""
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
    return etree.fromstring(re.sub(r"^(<[\w:]+)", rf"\1 {declared}", xml))


def edited(edit: Edit, **changes: Any) -> Attack:
    """What the provider signs after ``edit``: meant for somebody else, or out of its time."""
    return lambda victim: victim.octets(edit=edit, **changes)


def tampered(edit: Edit, **changes: Any) -> Attack:
    """What an attacker makes of a message that the provider signed."""

    def attack(victim: Victim) -> bytes:
        root = victim.tree(**changes)
        edit(root)
        return etree.tostring(root)

    return attack
