"""Signature wrapping: something signed is there, and something else is meant to be read.

XSW1 to XSW8 as SAML Raider numbers them, each under a new ID and under the signed one, the same behind
encryption, and in logout messages.
"""

from collections.abc import Callable
from copy import deepcopy

from lxml import etree

from tests.support.saml_crypto import encrypt
from tests.support.saml_messages import standing_alone
from tests.support.saml_victim import (
    EXTENSIONS_TAG,
    SIGNATURE_TAG,
    Attack,
    Victim,
    find,
    parsed,
    unsigned,
)

Wrap = Callable[[Victim, etree._Element, str | None], etree._Element]
"""Wraps a signed element, whose copy it may change, and returns what stands in its place."""


def _inside_signature(victim: Victim, signed: etree._Element, identifier: str | None) -> etree._Element:
    original = unsigned(deepcopy(signed))
    _signature(victim.turned(signed, identifier=identifier)).append(original)
    return signed


def _before_signature(victim: Victim, signed: etree._Element, identifier: str | None) -> etree._Element:
    original = unsigned(deepcopy(signed))
    _signature(victim.turned(signed, identifier=identifier)).addprevious(original)
    return signed


def _inside_object(victim: Victim, signed: etree._Element, identifier: str | None) -> etree._Element:
    original = unsigned(deepcopy(signed))
    holder = parsed("<ds:Object/>")
    holder.append(original)
    _signature(victim.turned(signed, identifier=identifier)).append(holder)
    return signed


def _inside_forged(victim: Victim, signed: etree._Element, identifier: str | None) -> etree._Element:
    forged = victim.forged(signed, identifier=identifier)
    forged.append(deepcopy(signed))
    return forged


def _signature(element: etree._Element) -> etree._Element:
    found = element.find(SIGNATURE_TAG)
    assert found is not None
    return found


def _of_response(wrap: Wrap, identifier: str | None) -> Attack:
    return lambda victim: etree.tostring(wrap(victim, victim.tree(sign="response"), identifier))


def _of_assertion(wrap: Wrap, identifier: str | None) -> Attack:
    def attack(victim: Victim) -> bytes:
        root = victim.tree(sign="assertion")
        assertion = find(root, "saml:Assertion")
        root.replace(assertion, wrap(victim, deepcopy(assertion), identifier))
        return etree.tostring(root)

    return attack


def _encrypted(wrap: Wrap, identifier: str | None) -> Attack:
    """The wrapped assertion is what decryption yields."""

    def attack(victim: Victim) -> bytes:
        root = victim.tree(sign="assertion")
        assertion = find(root, "saml:Assertion")
        wrapped = wrap(victim, deepcopy(assertion), identifier)
        root.replace(assertion, encrypt(standing_alone(wrapped), victim.encryption()))
        return etree.tostring(root)

    return attack


def _of_logout(wrap: Wrap, identifier: str | None) -> Attack:
    return lambda victim: etree.tostring(wrap(victim, victim.idp.logout_tree(victim.logout), identifier))


def _beside(identifier: str | None, *, first: bool) -> Attack:
    """XSW3: the forged assertion beside the signed one."""

    def attack(victim: Victim) -> bytes:
        root = victim.tree(sign="assertion")
        assertion = find(root, "saml:Assertion")
        forged = victim.forged(assertion, identifier=identifier)
        if first:
            assertion.addprevious(forged)
        else:
            assertion.addnext(forged)
        return etree.tostring(root)

    return attack


def _signature_on_forged(identifier: str | None) -> Attack:
    """XSW5: the forged assertion carries the signature, the original follows without it."""

    def attack(victim: Victim) -> bytes:
        root = victim.tree(sign="assertion")
        assertion = find(root, "saml:Assertion")
        root.append(unsigned(deepcopy(assertion)))
        victim.turned(assertion, identifier=identifier)
        return etree.tostring(root)

    return attack


def _extensions(identifier: str | None, *, forged_inside: bool) -> Attack:
    """XSW7: one of the two stands in Extensions, where any schema lets it."""

    def attack(victim: Victim) -> bytes:
        root = victim.tree(sign="assertion")
        assertion = find(root, "saml:Assertion")
        forged = victim.forged(assertion, identifier=identifier)
        extensions = etree.Element(EXTENSIONS_TAG)
        root.insert(1, extensions)
        if forged_inside:
            extensions.append(forged)
        else:
            root.replace(assertion, forged)
            extensions.append(assertion)
        return etree.tostring(root)

    return attack


def _two_encrypted(victim: Victim) -> bytes:
    """The forged one encrypted beside the provider's encrypted one."""
    root = victim.tree(encryption=victim.encryption())
    forged = victim.forged(find(victim.tree(), "saml:Assertion"))
    genuine = find(root, "saml:EncryptedAssertion")
    genuine.addprevious(encrypt(standing_alone(forged), victim.encryption(id="_evil-data")))
    return etree.tostring(root)


def _encrypted_and_plain(*, forged_encrypted: bool) -> Attack:
    def attack(victim: Victim) -> bytes:
        root = victim.tree(encryption=None if forged_encrypted else victim.encryption())
        forged = victim.forged(find(victim.tree(), "saml:Assertion"))
        root.insert(2, encrypt(standing_alone(forged), victim.encryption()) if forged_encrypted else forged)
        return etree.tostring(root)

    return attack


def _forged_encrypted(victim: Victim) -> bytes:
    """Nothing signed at all, but encrypted to us: the key for that is in our metadata."""
    root = victim.tree(sign="neither")
    assertion = find(root, "saml:Assertion")
    root.replace(assertion, encrypt(standing_alone(victim.turned(assertion)), victim.encryption()))
    return etree.tostring(root)


def _swapped_under_response_signature(victim: Victim) -> bytes:
    """The Response's signature is genuine, the encrypted assertion in it was replaced."""
    root = victim.tree(sign="response", encryption=victim.encryption())
    forged = victim.forged(find(victim.tree(), "saml:Assertion"))
    root.replace(find(root, "saml:EncryptedAssertion"), encrypt(standing_alone(forged), victim.encryption()))
    return etree.tostring(root)


_WRAPS: dict[str, tuple[Wrap, str]] = {
    "inside its signature": (_inside_signature, "XSW1 XSW6"),
    "before its signature": (_before_signature, "XSW2"),
    "inside the forged one": (_inside_forged, "XSW4"),
    "inside an Object": (_inside_object, "XSW8"),
}
_IDS: dict[str, str | None] = {"another ID": "_evil", "the signed ID": None}

WRAPPING: dict[str, Attack] = {
    "an unsigned assertion, encrypted": _forged_encrypted,
    "another encrypted assertion under the Response's signature": _swapped_under_response_signature,
    "two encrypted assertions": _two_encrypted,
    "a forged encrypted assertion beside the signed one": _encrypted_and_plain(forged_encrypted=True),
    "a forged assertion beside the encrypted one": _encrypted_and_plain(forged_encrypted=False),
}
"""Responses that say that the person is somebody else."""

LOGOUT_WRAPPING: dict[str, Attack] = {}
"""LogoutRequests that name somebody else."""

for _id_name, _identifier in _IDS.items():
    for _name, (_wrap, _number) in _WRAPS.items():
        WRAPPING[f"{_number}: the signed Response {_name}, {_id_name}"] = _of_response(_wrap, _identifier)
        WRAPPING[f"{_number}: the signed assertion {_name}, {_id_name}"] = _of_assertion(_wrap, _identifier)
        WRAPPING[f"{_number}: encrypted, the signed one {_name}, {_id_name}"] = _encrypted(_wrap, _identifier)
        LOGOUT_WRAPPING[f"{_number}: the signed LogoutRequest {_name}, {_id_name}"] = _of_logout(
            _wrap, _identifier
        )
    WRAPPING[f"XSW3: forged first, {_id_name}"] = _beside(_identifier, first=True)
    WRAPPING[f"XSW3: forged second, {_id_name}"] = _beside(_identifier, first=False)
    WRAPPING[f"XSW5: the signature on the forged one, {_id_name}"] = _signature_on_forged(_identifier)
    WRAPPING[f"XSW7: forged in Extensions, {_id_name}"] = _extensions(_identifier, forged_inside=True)
    WRAPPING[f"XSW7: signed in Extensions, {_id_name}"] = _extensions(_identifier, forged_inside=False)


def _captured_assertion(place: str) -> Attack:
    """A signed assertion that was captured, inside an attacker's LogoutRequest."""

    def attack(victim: Victim) -> bytes:
        root = victim.turned(unsigned(victim.idp.logout_tree(victim.logout)), identifier="_evil")
        assertion = deepcopy(find(victim.tree(sign="assertion"), "saml:Assertion"))
        if place == "Extensions":
            extensions = etree.SubElement(root, EXTENSIONS_TAG)
            extensions.append(assertion)
            root.insert(1, extensions)
        elif place == "with its signature on the request":
            root.insert(1, deepcopy(_signature(assertion)))
            root.append(unsigned(assertion))
        else:
            root.append(assertion)
        return etree.tostring(root)

    return attack


for _place in ("Extensions", "with its signature on the request", "at its end"):
    LOGOUT_WRAPPING[f"a captured assertion in a LogoutRequest, {_place}"] = _captured_assertion(_place)
