"""Octets to a tree of elements, read one way only: UTF-8, no DTD, no processing instructions, bounded.

Most is refused on the octets, before the parser sees them. Knows nothing of SAML, opens neither files nor the
network.
"""

import re

from lxml import etree

from idp_adapters.provider import LoginError

MAX_ELEMENTS = 2_000
MAX_DEPTH = 32
MAX_NAME = 192
"""Characters of a name with its namespace: canonicalisation may write a namespace once an element."""
MAX_ATTRIBUTES = 32
"""How many attributes one element may have, and two an element in all."""
MAX_NAMESPACES = 32
"""How many namespaces one tag may declare: canonicalisation looks through all of them, for each element."""

_BOM = b"\xef\xbb\xbf"
_DECLARATION = re.compile(
    rb"<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*[\"']1\.0[\"']"
    rb"(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*[\"'](?P<encoding>[A-Za-z0-9._-]+)[\"'])?"
    rb"(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*[\"'](?:yes|no)[\"'])?[ \t\r\n]*\?>"
)


def read_tree(
    octets: bytes, *, limit: int, elements: int = MAX_ELEMENTS, comments: bool = False
) -> etree._Element:
    """Parse ``octets``, at most ``limit`` of them and ``elements`` elements, and return the root.

    With ``comments`` they may stand where no text stands beside them; else nowhere. Raises LoginError
    (*invalid_response*).
    """
    if len(octets) > limit:
        raise _refused(f"it is larger than {limit} bytes")
    _check_octets(octets, elements, comments)
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        collect_ids=False,
        remove_comments=False,
        remove_pis=False,
        strip_cdata=True,
    )
    try:
        root = etree.fromstring(octets, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise _refused("it is not well-formed XML") from None
    _check_tree(root, elements, comments=comments)
    return root


def _check_octets(octets: bytes, elements: int, comments: bool) -> None:
    body = octets.removeprefix(_BOM)
    if not body.startswith(b"<"):
        raise _refused("it is not XML in UTF-8")
    declaration = _DECLARATION.match(body)
    if declaration is not None:
        if (declaration["encoding"] or b"utf-8").lower() != b"utf-8":
            raise _refused(f"its encoding is {declaration['encoding'].decode()[:32]!a}, not UTF-8")
        body = body[declaration.end() :]
    if b"\0" in body or not _is_utf8(body):
        raise _refused("it is not UTF-8")
    if b"<?" in body:
        raise _refused("it has a processing instruction, or an XML declaration of another kind")
    if body.count(b"<!") != body.count(b"<![CDATA[") + (body.count(b"<!--") if comments else 0):
        raise _refused("it has a DOCTYPE, an entity or a comment")
    tags = body.split(b"<")
    if len(tags) > 2 * elements + 1:
        raise _refused(f"it has more than {elements} elements")
    if max(tag.count(b"xmlns") for tag in tags) > MAX_NAMESPACES:
        raise _refused(f"a tag declares more than {MAX_NAMESPACES} namespaces")


def _is_utf8(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _check_tree(root: etree._Element, elements: int, *, comments: bool) -> None:
    """What only the tree shows: its size, its depth, and whether two elements share an ID."""
    if root.getroottree().docinfo.internalDTD is not None:
        raise _refused("it has a DOCTYPE")
    ids: set[str] = set()
    commented: set[etree._Element] = set()
    depth = count = attributes = 0
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event == "start":
            depth, count = depth + 1, count + 1
            if depth > MAX_DEPTH or count > elements:
                raise _refused(f"it has more than {elements} elements, or is nested deeper than {MAX_DEPTH}")
            if len(node.tag) > MAX_NAME:
                raise _refused(f"a name is longer than {MAX_NAME} characters")
            attributes += _check_attributes(node, ids)
            if attributes > 2 * elements:
                raise _refused(f"it has more than {2 * elements} attributes")
        elif event == "end":
            depth -= 1
        elif event == "pi" or not comments:
            raise _refused("it has a processing instruction or a comment")
        elif (parent := node.getparent()) is not None:
            commented.add(parent)
    if any(_has_text(element) for element in commented):
        raise _refused("it has a comment beside text")


def _check_attributes(element: etree._Element, ids: set[str]) -> int:
    """How many attributes ``element`` has, none of them an ID of ``ids``, which its own are added to."""
    attributes = element.attrib
    if len(attributes) > MAX_ATTRIBUTES:
        raise _refused(f"an element has more than {MAX_ATTRIBUTES} attributes")
    for name, value in attributes.items():
        if len(name) > MAX_NAME:
            raise _refused(f"a name is longer than {MAX_NAME} characters")
        if str(name).rpartition("}")[2].lower() == "id":
            if value in ids:
                raise _refused("two elements have one ID")
            ids.add(str(value))
    return len(attributes)


def _has_text(element: etree._Element) -> bool:
    """Whether a reader that stops at a comment in ``element`` could read less than one that does not."""
    texts = [element.text, *(child.tail for child in element)]
    return any(text and text.strip() for text in texts)


def _refused(detail: str) -> LoginError:
    return LoginError("invalid_response", f"XML: {detail}")
