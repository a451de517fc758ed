"""What an XML signature may look like before anything is computed from it.

SAML Core §5.4; XML Signature §4. One SignedInfo over one Reference to the parent itself,
nothing else that a library could be led by.
"""

import re
from collections.abc import Container
from typing import Final

from lxml import etree

from idp_adapters.provider import LoginError
from idp_adapters.saml.names import DIGESTS, DSIG, ENVELOPED, EXC_C14N, SIGNATURES, WEAK

MAX_PREFIXES: Final = 8

SIGNATURE: Final = f"{{{DSIG}}}Signature"
_SIGNED_INFO: Final = f"{{{DSIG}}}SignedInfo"
_KEY_INFO: Final = f"{{{DSIG}}}KeyInfo"
_PLAIN_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")
"""An NCName: libxmlsec evaluates "#xpointer(...)" as an expression, and pastes any other into one."""
_INCLUSIVE: Final = f"{{{EXC_C14N}}}InclusiveNamespaces"


def check_signature(signature: etree._Element, parent: etree._Element) -> None:
    """Refuse every ds:Signature that is not the plain enveloped one of ``parent``.

    Raises LoginError: *weak_signature* where only its methods are too weak, *invalid_token* for the rest.
    """
    parts = [child for child in signature if child.tag != _KEY_INFO]
    if [child.tag for child in parts] != [_SIGNED_INFO, f"{{{DSIG}}}SignatureValue"]:
        raise _refused("it has other parts than SignedInfo and SignatureValue")
    if len(signature) - len(parts) > 1:
        raise _refused("it has two KeyInfo")
    if len(parts[1]):
        raise _refused("its value holds more than text")
    method, reference = _signed_info(parts[0])
    _check_method(method, SIGNATURES)
    _check_reference(reference, parent)


def reference_of(signature: etree._Element) -> etree._Element:
    """The one Reference of a signature that passed ``check_signature``."""
    return signature[0][2]


def inclusive_prefixes(signature: etree._Element) -> list[str]:
    """The PrefixList of the Reference's canonicalisation, of a signature that passed ``check_signature``."""
    return _prefixes(reference_of(signature)[0][1])


def _signed_info(signed_info: etree._Element) -> tuple[etree._Element, etree._Element]:
    expected = [f"{{{DSIG}}}{name}" for name in ("CanonicalizationMethod", "SignatureMethod", "Reference")]
    if [child.tag for child in signed_info] != expected:
        raise _refused("its SignedInfo does not hold one method of each kind and one Reference")
    canonicalization, method, reference = signed_info
    _check_canonicalization(canonicalization)
    return method, reference


def _check_reference(reference: etree._Element, parent: etree._Element) -> None:
    identifier = parent.get("ID", "")
    if not _PLAIN_ID.fullmatch(identifier) or reference.get("URI") != f"#{identifier}":
        raise _refused("its Reference is not to the element that it stands in")
    if set(reference.attrib) - {"URI", "Id"}:
        raise _refused("its Reference has other attributes than URI")
    expected = [f"{{{DSIG}}}{name}" for name in ("Transforms", "DigestMethod", "DigestValue")]
    if [child.tag for child in reference] != expected:
        raise _refused("its Reference does not hold Transforms, a method and a value")
    transforms, digest, value = reference
    if len(value):
        raise _refused("its digest holds more than text")
    if [child.tag for child in transforms] != [f"{{{DSIG}}}Transform"] * 2:
        raise _refused("it has not exactly two transforms")
    enveloped, canonicalization = transforms
    if enveloped.get("Algorithm") != ENVELOPED or len(enveloped):
        raise _refused("its first transform is not that of an enveloped signature")
    _check_canonicalization(canonicalization)
    _check_method(digest, DIGESTS)


def _check_canonicalization(method: etree._Element) -> None:
    if method.get("Algorithm") != EXC_C14N:
        raise _refused("it is not canonicalised exclusively and without comments")
    if len(method) > 1 or any(child.tag != _INCLUSIVE or len(child) for child in method):
        raise _refused("its canonicalisation has parameters that are not known")
    if len(_prefixes(method)) > MAX_PREFIXES:
        raise _refused(f"its PrefixList has more than {MAX_PREFIXES} prefixes")


def _prefixes(method: etree._Element) -> list[str]:
    return method[0].get("PrefixList", "").split() if len(method) else []


def _check_method(method: etree._Element, accepted: Container[str]) -> None:
    algorithm = method.get("Algorithm", "")
    check_algorithm(algorithm, accepted)
    if len(method):
        raise _refused("a method has parameters")


def check_algorithm(algorithm: str, accepted: Container[str]) -> None:
    """Refuse an ``algorithm`` that is not among ``accepted``; a weak one is called by its name.

    Raises LoginError: *weak_signature* or *invalid_token*.
    """
    if algorithm in accepted:
        return
    if algorithm in WEAK:
        raise LoginError("weak_signature", f"signed with {WEAK[algorithm]}")
    raise _refused(f"its method is {algorithm[:100]!a}")


def _refused(detail: str) -> LoginError:
    return LoginError("invalid_token", f"signature: {detail}")
