"""The gate: what of a SAML message is refused before any cryptography sees it.

SAML Core §5.4; XML Signature §4. A message that passes has one shape only: its root, at most one assertion
right below it, a signature nowhere but on these two, and nothing that makes a library open a file, follow an
address or run a program.
"""

import binascii
from base64 import b64decode
from typing import Final

from lxml import etree

from idp_adapters.provider import LoginError
from idp_adapters.saml.names import ASSERTION, DSIG, DSIG11, PROTOCOL, XENC, XENC11
from idp_adapters.saml.signature_shape import SIGNATURE, check_signature
from idp_adapters.saml.strict_xml import read_tree

MAX_MESSAGE: Final = 256 * 1024
MAX_ENCODED: Final = 400 * 1024
"""How much base64 a form may hold: MAX_MESSAGE in base64, and its line ends."""

MAX_DATA_REFERENCES: Final = 8
"""Each is looked up in the whole message."""

ASSERTION_TAG: Final = f"{{{ASSERTION}}}Assertion"
ENCRYPTED_TAG: Final = f"{{{ASSERTION}}}EncryptedAssertion"

_NEVER: Final = frozenset(
    {f"{{{DSIG}}}{name}" for name in ("Object", "Manifest", "RetrievalMethod", "SignatureProperties")}
    | {f"{{{XENC}}}{name}" for name in ("CipherReference", "Transforms", "KeyReference", "CarriedKeyName")}
    | {f"{{{XENC}}}{name}" for name in ("AgreementMethod", "EncryptionProperties")}
    | {f"{{{XENC11}}}{name}" for name in ("DerivedKey", "KeyDerivationMethod")}
    | {f"{{{DSIG11}}}{name}" for name in ("KeyInfoReference", "DEREncodedKeyValue")}
)
"""What makes a library fetch, transform or derive."""
_DATA_REFERENCE: Final = f"{{{XENC}}}DataReference"
_ENCRYPTED_DATA: Final = f"{{{XENC}}}EncryptedData"
_BLANKS: Final = b" \t\r\n"


def read_message(octets: bytes, root: str) -> etree._Element:
    """Read a whole protocol message whose root is ``root``: "Response", "LogoutRequest" or "LogoutResponse".

    Raises LoginError: *invalid_response* for a message that is not one, *invalid_token* for a signature that
    must not be looked at, *weak_signature* for one made with a method that is no longer safe.
    """
    message = read_tree(octets, limit=MAX_MESSAGE)
    if message.tag != f"{{{PROTOCOL}}}{root}":
        raise _refused(f"it is not a {root}")
    _check_elements(message, assertions=1 if root == "Response" else 0)
    return message


def read_assertion(octets: bytes) -> etree._Element:
    """Read an assertion that stands alone: what was decrypted, or what was verified. Raises as above."""
    assertion = read_tree(octets, limit=MAX_MESSAGE)
    if assertion.tag != ASSERTION_TAG:
        raise _refused("it is not an Assertion")
    _check_elements(assertion, assertions=0)
    return assertion


def decode_base64(text: str, limit: int) -> bytes:
    """Decode base64 of at most ``limit`` characters; blanks and line ends may stand in it, nothing else.

    Raises LoginError (*invalid_response*).
    """
    if len(text) > limit:
        raise _refused(f"its base64 is longer than {limit} characters")
    compact = text.encode("ascii", "replace").translate(None, _BLANKS)
    try:
        return b64decode(compact, validate=True)
    except (binascii.Error, ValueError):
        raise _refused("it is not base64") from None


def only_child(parent: etree._Element, tag: str) -> etree._Element | None:
    """The one direct child called ``tag``, None where there is none. Raises LoginError for two."""
    found = parent.findall(tag)
    if len(found) > 1:
        raise _refused(f"it has several {tag.rpartition('}')[2]}")
    return found[0] if found else None


def _check_elements(root: etree._Element, assertions: int) -> None:
    """Walk over all elements once; ``assertions`` may stand right below the root, none elsewhere."""
    references = MAX_DATA_REFERENCES
    for element in root.iter():
        tag = str(element.tag)
        if tag in _NEVER:
            raise _refused(f"it has a {tag.rpartition('}')[2]}")
        parent = element.getparent()
        if parent is None:
            continue
        if tag in (ASSERTION_TAG, ENCRYPTED_TAG):
            assertions -= 1
            if parent is not root or assertions < 0:
                raise _refused("it has more than one assertion, or one in the wrong place")
        elif tag == SIGNATURE:
            _check_place(element, parent, root)
        elif tag == _DATA_REFERENCE:
            references -= 1
            if references < 0:
                raise _refused(f"it has more than {MAX_DATA_REFERENCES} DataReferences")
            _check_data_reference(element, root)
        elif tag.startswith(f"{{{PROTOCOL}}}") and tag.endswith(("Response", "Request", "Query")):
            raise _refused("it has a message inside a message")


def _check_place(signature: etree._Element, parent: etree._Element, root: etree._Element) -> None:
    on_assertion = parent.tag == ASSERTION_TAG and parent.getparent() is root
    if parent is not root and not on_assertion:
        raise LoginError("invalid_token", "signature: it stands in the wrong place")
    if len(parent.findall(SIGNATURE)) > 1:
        raise LoginError("invalid_token", "signature: there are two on one element")
    check_signature(signature, parent)


def _check_data_reference(reference: etree._Element, root: etree._Element) -> None:
    known = {f"#{data.get('Id')}" for data in root.iter(_ENCRYPTED_DATA) if data.get("Id")}
    if reference.get("URI") not in known or len(reference):
        raise _refused("it has a DataReference to something else than its EncryptedData")


def _refused(detail: str) -> LoginError:
    return LoginError("invalid_response", f"message: {detail}")
