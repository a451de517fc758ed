"""IDs that are no names: libxmlsec would read them as XPath, before any signature is looked at."""

from lxml import etree

from idp_adapters.saml.names import XENC
from tests.support.saml_victim import Attack, Victim, edited, find, tampered

EXPRESSIONS = {
    "the whole document": "xpointer(/)",
    "an expression that does not end": "xpointer(//*[count(//*[count(//*[.=//*])>0])>0])",
    "a quote": "x') or ('x'='x",
    "a digit first": "1assertion",
    "a colon": "a:b",
}
_SLOW = 200


def _named(identifier: str, path: str, *, padded: int = 0) -> Attack:
    """The element at ``path`` is called so, and its Reference says so; nobody signed that."""

    def edit(root: etree._Element) -> None:
        element = find(root, path)
        element.set("ID", identifier)
        find(element, "./ds:Signature/ds:SignedInfo/ds:Reference").set("URI", f"#{identifier}")
        for _ in range(padded):
            etree.SubElement(element, "{urn:x}b")

    return tampered(edit, sign="both")


def _signed_so(identifier: str) -> Attack:
    return edited(lambda root: find(root, "//saml:Assertion").set("ID", identifier))


def _logout(identifier: str) -> Attack:
    def attack(victim: Victim) -> bytes:
        root = victim.idp.logout_tree(victim.logout)
        root.set("ID", identifier)
        find(root, "./ds:Signature/ds:SignedInfo/ds:Reference").set("URI", f"#{identifier}")
        for _ in range(_SLOW):
            etree.SubElement(root, "{urn:x}b")
        return etree.tostring(root)

    return attack


def _references(victim: Victim) -> bytes:
    """As many DataReferences as fit, each of which could be looked for in the whole message."""
    data = "".join(f'<xenc:EncryptedData Id="d{n}"/><xenc:DataReference URI="#d{n}"/>' for n in range(900))
    head, close, tail = victim.octets().partition(b">")
    return head + close + f'<x xmlns:xenc="{XENC}">{data}</x>'.encode() + tail


def _namespaces(victim: Victim) -> bytes:
    """A long name for a namespace, which canonicalisation would write once an element."""
    elements = "<a:b/>" * 1500
    head, close, tail = victim.octets().partition(b">")
    return head + close + f'<x xmlns:a="urn:{"a" * 150_000}">{elements}</x>'.encode() + tail


NAMES: dict[str, Attack] = {
    **{f"an assertion called {what}": _named(text, "//saml:Assertion") for what, text in EXPRESSIONS.items()},
    **{f"a Response called {what}": _named(text, "/samlp:Response") for what, text in EXPRESSIONS.items()},
    **{f"an assertion signed as {what}": _signed_so(text) for what, text in EXPRESSIONS.items()},
    "an expression that does not end, in a large message": _named(
        EXPRESSIONS["an expression that does not end"], "/samlp:Response", padded=_SLOW
    ),
    "hundreds of DataReferences": _references,
    "a namespace of 150 kB": _namespaces,
}
LOGOUT_NAMES: dict[str, Attack] = {
    f"a LogoutRequest called {what}": _logout(text) for what, text in EXPRESSIONS.items()
}
