"""Messages that are dangerous or misleading as XML, before any signature is looked at."""

from collections.abc import Callable

from lxml import etree

from idp_adapters.saml.names import ASSERTION
from tests.support.saml_victim import Attack, Victim, adding, edited, find, setting, tampered

_NAME_ID = "//saml:NameID"


def _prefixed(prefix: bytes | Callable[[Victim], bytes]) -> Attack:
    def attack(victim: Victim) -> bytes:
        return (prefix if isinstance(prefix, bytes) else prefix(victim)) + victim.octets()

    return attack


def _encoded(codec: str, declared: str | None = None, bom: bytes = b"") -> Attack:
    def attack(victim: Victim) -> bytes:
        declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
        return bom + (declaration + victim.octets().decode()).encode(codec)

    return attack


def _with_name_id(
    markup: str | Callable[[Victim], str], prefix: Callable[[Victim], str] = lambda _: ""
) -> Attack:
    """``markup`` is put into the NameID of the octets, which the parser of a tree would not do."""

    def attack(victim: Victim) -> bytes:
        text = victim.octets().decode()
        made = markup if isinstance(markup, str) else markup(victim)
        return (prefix(victim) + text.replace(f">{victim.response.name_id}<", f">{made}<")).encode()

    return attack


def _entity(declaration: Callable[[Victim], str], reference: str = "&e;") -> Attack:
    return _with_name_id(reference, lambda victim: f"<!DOCTYPE x [{declaration(victim)}]>")


def _laughs(_: Victim) -> str:
    levels = (
        f'<!ENTITY {name} "{f"&{below};" * 10}">' for below, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    return '<!ENTITY a "ha">' + "".join(levels)


def _signed_with(node: Callable[[str], etree._Element], before: str) -> Attack:
    """The provider itself signs a NameID with something in the middle of its text."""

    def edit(root: etree._Element) -> None:
        name_id = find(root, _NAME_ID)
        inner = node("x")
        name_id.text, inner.tail = before, name_id.text
        name_id.append(inner)

    return edited(edit)


def _injected(node: Callable[[str], etree._Element], cut: int) -> Attack:
    """An attacker puts something into the middle of the signed NameID."""

    def edit(root: etree._Element) -> None:
        name_id = find(root, _NAME_ID)
        text, inner = name_id.text or "", node("x")
        name_id.text, inner.tail = text[:cut], text[cut:]
        name_id.append(inner)

    return tampered(edit)


def _instruction(text: str) -> etree._Element:
    return etree.PI("x", text)


def _element(_: str) -> etree._Element:
    return etree.Element("{urn:x}b")


def _padded(padding: Callable[[], bytes]) -> Attack:
    """Something large right after the Response's start tag."""

    def attack(victim: Victim) -> bytes:
        head, close, tail = victim.octets().partition(b">")
        return head + close + padding() + tail

    return attack


def _deep() -> bytes:
    return b"<a>" * 2000 + b"</a>" * 2000


def _namespaces() -> bytes:
    declared = b"".join(b' xmlns:n%d="urn:%d"' % (n, n) for n in range(4000))
    return b"<a" + declared + b">" + b"<b/>" * 8000 + b"</a>"


def _attributes() -> bytes:
    return b"<a " + b" ".join(b'a%d="1"' % n for n in range(15000)) + b"/>"


ENCODINGS: dict[str, Attack] = {
    "UTF-7": _encoded("utf-7", "UTF-7"),
    "UTF-16 with BOM": _encoded("utf-16", "UTF-16"),
    "UTF-16 little endian": _encoded("utf-16-le", "UTF-16LE"),
    "UTF-16 big endian, undeclared": _encoded("utf-16-be"),
    "UTF-32": _encoded("utf-32", "UTF-32"),
    "EBCDIC": _encoded("cp037", "ebcdic-cp-us"),
    "EBCDIC, undeclared": _encoded("cp037"),
    "Latin 1, declared": _encoded("latin-1", "ISO-8859-1"),
    "ASCII, declared": _encoded("ascii", "US-ASCII"),
    "UTF-8 declared as UTF-7": _encoded("utf-8", "UTF-7"),
    "UTF-8 under the BOM of UTF-16": _encoded("utf-8", bom=b"\xff\xfe"),
    "octets that are no UTF-8": lambda victim: victim.octets().replace(b">ada<", b">ad\xc3a<"),
    "an overlong form": lambda victim: victim.octets().replace(b">ada<", b">\xc0\xaeada<"),
    "a NUL": lambda victim: victim.octets().replace(b">ada<", b">ad\0a<"),
}

MARKUP: dict[str, Attack] = {
    "DOCTYPE": _prefixed(b"<!DOCTYPE Response>"),
    "DOCTYPE with a system identifier": _prefixed(
        lambda victim: f'<!DOCTYPE x SYSTEM "{victim.http_url}">'.encode()
    ),
    "DOCTYPE with attribute defaults": _prefixed(b"<!DOCTYPE x [<!ATTLIST x ID ID #IMPLIED>]>"),
    "internal entity": _entity(lambda victim: f'<!ENTITY e "{victim.evil}">'),
    "external entity, file": _entity(lambda victim: f'<!ENTITY e SYSTEM "{victim.file_url}">'),
    "external entity, http": _entity(lambda victim: f'<!ENTITY e SYSTEM "{victim.http_url}">'),
    "parameter entity": _entity(lambda victim: f'<!ENTITY % e SYSTEM "{victim.http_url}"> %e;', "ada"),
    "billion laughs": _entity(_laughs, "&i;"),
    "undeclared entity": _with_name_id("&e;"),
    "quadratic blow-up": _entity(lambda _: f'<!ENTITY e "{"x" * 50_000}">', "&e;" * 5000),
    "stylesheet instruction": _prefixed(b'<?xml-stylesheet type="text/xsl" href="x"?>'),
    "XInclude": tampered(
        adding(
            "//saml:Subject",
            '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/hostname"/>',
        )
    ),
    "XML 1.1": _prefixed(b'<?xml version="1.1"?>'),
    "a second declaration": _prefixed(b'<?xml version="1.0"?><?xml version="1.0"?>'),
    "no XML at all": lambda _: b"hello",
    "nothing": lambda _: b"",
    "HTML": lambda _: b"<!DOCTYPE html><html></html>",
    "cut short": lambda victim: victim.octets()[:-20],
    "two roots": lambda victim: victim.octets() * 2,
    "something after it": lambda victim: victim.octets() + b"x",
    "a blank before its declaration": _prefixed(b' <?xml version="1.0"?>'),
    "instruction in a NameID, injected": _injected(_instruction, 1),
    "instruction in a NameID, signed": _signed_with(_instruction, "ad"),
    "comment in a NameID, injected": _injected(etree.Comment, 1),
    "comment in a NameID, signed": _signed_with(etree.Comment, "ad"),
    "comment before a NameID's text, injected": _injected(etree.Comment, 0),
    "comment in the Issuer": tampered(
        lambda root: find(root, "saml:Assertion/saml:Issuer").append(etree.Comment("x"))
    ),
    "element in a NameID, injected": _injected(_element, 1),
    "element in a NameID, signed": _signed_with(_element, "ad"),
    "a blank changed in a NameID": _with_name_id("ada "),
    "xml:id of the assertion's ID": tampered(
        lambda root: find(root, "//saml:Subject").set(
            "{http://www.w3.org/XML/1998/namespace}id", find(root, "saml:Assertion").get("ID", "")
        )
    ),
    "Id of the assertion's ID": tampered(setting("//saml:Subject", Id="_assertion")),
    "another root": lambda victim: victim.octets().replace(b"samlp:Response", b"samlp:ArtifactResponse"),
    "another namespace": lambda victim: victim.octets().replace(ASSERTION.encode(), b"urn:x"),
    "SAML 1.1's protocol": lambda victim: victim.octets().replace(b"SAML:2.0:protocol", b"SAML:1.0:protocol"),
}

LARGE: dict[str, Attack] = {
    "10 MB of blanks": _padded(lambda: b" " * 10_000_000),
    "10 MB of comment": _padded(lambda: b"<!--" + b"x" * 10_000_000 + b"-->"),
    "one octet too much": lambda victim: victim.octets() + b" " * (256 * 1024 + 1 - len(victim.octets())),
    "elements in elements": _padded(_deep),
    "60,000 elements": _padded(lambda: b"<a/>" * 60_000),
    "namespaces to look through": _padded(_namespaces),
    "15,000 attributes": _padded(_attributes),
}

HARMLESS_MARKUP: dict[str, Attack] = {
    "CDATA in a NameID, injected": _with_name_id("a<![CDATA[d]]>a"),
    "empty CDATA in a NameID, injected": _with_name_id("ad<![CDATA[]]>a"),
    "character references in a NameID": _with_name_id("a&#100;&#x61;"),
    "groups outside the signed part": tampered(
        adding(
            "saml:Issuer",
            '<samlp:Extensions><saml:Attribute Name="groups"><saml:AttributeValue>mallory'
            "</saml:AttributeValue></saml:Attribute></samlp:Extensions>",
            "after",
        )
    ),
    "an AttributeStatement outside the signed part": tampered(
        adding(
            "saml:Assertion",
            '<saml:AttributeStatement><saml:Attribute Name="groups"><saml:AttributeValue>mallory'
            "</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>",
            "after",
        )
    ),
    "a NameID outside the signed part": tampered(
        adding(
            "saml:Issuer", "<samlp:Extensions><saml:NameID>mallory</saml:NameID></samlp:Extensions>", "after"
        )
    ),
    "a comment between elements": tampered(lambda root: root.append(etree.Comment("x"))),
}
"""What may be let in, as long as nothing but the signed name and attributes is read."""
