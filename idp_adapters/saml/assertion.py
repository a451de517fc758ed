"""What a verified assertion says, read from verified octets only (SAML Core §2.4, §2.7)."""

from collections.abc import Mapping
from typing import Final

import msgspec
from lxml import etree

from idp_adapters.identity import is_writable
from idp_adapters.provider import LoginError
from idp_adapters.saml.gate import only_child
from idp_adapters.saml.names import ASSERTION, NAMEID_FORMATS

NAME_ID: Final = f"{{{ASSERTION}}}NameID"


class VerifiedAssertion(msgspec.Struct, frozen=True, kw_only=True):
    """An assertion whose signature, place and times were all found right.

    Times are Unix seconds. ``attributes`` has every attribute by its Name, never by its FriendlyName, which
    anybody may choose; values in their order, never split or trimmed. ``session_ends_at`` is
    SessionNotOnOrAfter, None where it is not given. The assertion may be used once until ``usable_until``.
    """

    id: str
    name_id: str
    name_id_format: str
    session_index: str
    attributes: Mapping[str, tuple[str, ...]]
    issued_at: float
    session_ends_at: float | None
    usable_until: float
    authn_instant: float

    def __repr__(self) -> str:
        return f"VerifiedAssertion(id={self.id!r}, ...)"


def text_of(element: etree._Element) -> str:
    """The whole text of an element that holds nothing but text. Raises LoginError (*invalid_response*)."""
    if len(element):
        raise LoginError("invalid_response", f"{etree.QName(element).localname[:64]!a} holds more than text")
    return element.text or ""


def child_of(parent: etree._Element, name: str, namespace: str = ASSERTION) -> etree._Element:
    """The one direct child called ``name``. Raises LoginError for none and for several."""
    child = only_child(parent, f"{{{namespace}}}{name}")
    if child is None:
        raise LoginError("invalid_response", f"message: it has no {name}")
    return child


def name_id_of(subject: etree._Element, audience: str) -> tuple[str, str]:
    """The NameID of ``subject`` and its format, for ``audience`` and no other service provider."""
    name_id = child_of(subject, "NameID")
    if name_id.get("SPNameQualifier", audience) != audience:
        raise LoginError("invalid_response", "the NameID is for another service provider")
    return exact_name(name_id), name_id.get("Format", NAMEID_FORMATS["unspecified"])


def exact_name(element: etree._Element) -> str:
    """The text of ``element``, a name that is compared: nothing at its edge, nothing that cannot be seen.

    Logins and logouts read names by this, so that what one takes the other finds. Raises LoginError
    (*invalid_claims*).
    """
    text = text_of(element)
    if not is_exact(text):
        what = etree.QName(element).localname[:64]
        raise LoginError("invalid_claims", f"{what!a} is empty, has blanks at its edge or control characters")
    return text


def is_exact(text: str) -> bool:
    """Whether ``text`` is a name that reads the same everywhere."""
    return bool(text) and text == text.strip() and is_writable(text)


def attributes_of(assertion: etree._Element) -> dict[str, tuple[str, ...]]:
    """Every attribute of every statement; one whose values are not all text is left out whole."""
    attributes: dict[str, list[str] | None] = {}
    for statement in assertion.findall(f"{{{ASSERTION}}}AttributeStatement"):
        for attribute in statement:
            if attribute.tag != f"{{{ASSERTION}}}Attribute":
                raise LoginError("invalid_response", "an attribute is encrypted on its own")
            name, values = attribute.get("Name", ""), _values(attribute)
            known = attributes.get(name, [])
            attributes[name] = None if known is None or values is None else known + values
    return {name: tuple(values) for name, values in attributes.items() if name and values is not None}


def _values(attribute: etree._Element) -> list[str] | None:
    values = [_value(child) for child in attribute.findall(f"{{{ASSERTION}}}AttributeValue")]
    return None if None in values else [value for value in values if value is not None]


def _value(element: etree._Element) -> str | None:
    """A value's text; that of the NameID in it, as eduPersonTargetedID has one; None for other markup."""
    if not len(element):
        return element.text or ""
    inner = element[0]
    alone = len(element) == 1 and not f"{element.text or ''}{inner.tail or ''}".strip()
    return inner.text or "" if alone and inner.tag == NAME_ID and not len(inner) else None
