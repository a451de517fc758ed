"""XML as the demo's SAML provider reads, writes, signs and checks it, in both bindings.

SAML Core §5, Bindings §3.4 and §3.5. RSA with SHA-256 and nothing else; what the one expected key did not
sign is not read. Knows nothing of what a message says.
"""

import binascii
import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote_plus

import xmlsec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lxml import etree

from outerward.demo import saml_names as names

MAX_MESSAGE = 64 * 1024
_DS = f"{{{names.DSIG}}}"
_SIGNATURE = f"{_DS}Signature"


class SamlError(Exception):
    """A message that this provider does not take; the text is a sentence for its page."""


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A signing key and the certificate that names it."""

    private_key: RSAPrivateKey
    certificate: x509.Certificate

    def __repr__(self) -> str:
        return "KeyPair(...)"


def new_key_pair(name: str, now: float) -> KeyPair:
    """A new key and its certificate, good for a month around ``now``, Unix time in seconds."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.fromtimestamp(now, UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(today - timedelta(days=1)).not_valid_after(today + timedelta(days=30))
    return KeyPair(key, builder.sign(key, SHA256()))


def in_base64(certificate: x509.Certificate) -> str:
    """A certificate as XML carries it."""
    return b64encode(certificate.public_bytes(Encoding.DER)).decode()


def parse(octets: bytes) -> etree._Element:
    """The root of ``octets``, UTF-8 without DTD, comments and CDATA. Raises SamlError."""
    if len(octets) > MAX_MESSAGE:
        raise SamlError("The message is too large.")
    if b"<!" in octets:
        raise SamlError("The message has a document type, a comment or a CDATA section.")
    parser = etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(octets, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise SamlError("The message is not XML.") from None


def sign(element: etree._Element, pair: KeyPair) -> None:
    """Put an enveloped signature right behind the Issuer of ``element``, which has an ID (Core §5.4)."""
    signature = etree.Element(_SIGNATURE, nsmap={"ds": names.DSIG})
    info = etree.SubElement(signature, f"{_DS}SignedInfo")
    etree.SubElement(info, f"{_DS}CanonicalizationMethod", Algorithm=names.EXC_C14N)
    etree.SubElement(info, f"{_DS}SignatureMethod", Algorithm=names.RSA_SHA256)
    reference = etree.SubElement(info, f"{_DS}Reference", URI=f"#{element.get('ID', '')}")
    transforms = etree.SubElement(reference, f"{_DS}Transforms")
    for transform in (names.ENVELOPED, names.EXC_C14N):
        etree.SubElement(transforms, f"{_DS}Transform", Algorithm=transform)
    etree.SubElement(reference, f"{_DS}DigestMethod", Algorithm=names.SHA256)
    etree.SubElement(reference, f"{_DS}DigestValue")
    etree.SubElement(signature, f"{_DS}SignatureValue")
    data = etree.SubElement(etree.SubElement(signature, f"{_DS}KeyInfo"), f"{_DS}X509Data")
    etree.SubElement(data, f"{_DS}X509Certificate").text = in_base64(pair.certificate)
    element[0].addnext(signature)
    context = xmlsec.SignatureContext()
    pem = pair.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatPem)
    context.register_id(element, "ID")
    context.sign(signature)


def read_posted(message: str, certificate: x509.Certificate) -> etree._Element:
    """The root of a message of the POST binding, its signature checked. Raises SamlError."""
    root = parse(_from_base64(message))
    signatures = list(root.iter(_SIGNATURE))
    if len(signatures) != 1 or signatures != root.findall(_SIGNATURE) or not _covers(signatures[0], root):
        raise SamlError("The message is not signed as it must be.")
    context = xmlsec.SignatureContext()
    pem = certificate.public_bytes(Encoding.PEM)
    context.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatCertPem)
    context.register_id(root, "ID")
    try:
        context.verify(signatures[0])
    except xmlsec.Error:
        raise SamlError("The message's signature is not the application's.") from None
    return root


def _covers(signature: etree._Element, root: etree._Element) -> bool:
    """Whether ``signature`` is about the whole of ``root``, by the methods that are spoken here."""
    references = signature.findall(f"{_DS}SignedInfo/{_DS}Reference")
    methods = [element.get("Algorithm") for element in signature.iter() if element.get("Algorithm")]
    return (
        bool(root.get("ID"))
        and [reference.get("URI") for reference in references] == [f"#{root.get('ID')}"]
        and methods == [names.EXC_C14N, names.RSA_SHA256, names.ENVELOPED, names.EXC_C14N, names.SHA256]
    )


def redirect_url(url: str, parameter: str, xml: etree._Element, relay_state: str, pair: KeyPair) -> str:
    """``url`` with a message of the Redirect binding, signed (Bindings §3.4.4.1)."""
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = deflater.compress(etree.tostring(xml)) + deflater.flush()
    fields = {parameter: b64encode(deflated).decode()}
    if relay_state:
        fields["RelayState"] = relay_state
    query = _query(fields | {"SigAlg": names.RSA_SHA256})
    signature = b64encode(pair.private_key.sign(query.encode(), PKCS1v15(), SHA256())).decode()
    return f"{url}{'&' if '?' in url else '?'}{query}&{_query({'Signature': signature})}"


def read_redirected(
    raw_query: str, parameter: str, certificate: x509.Certificate
) -> tuple[etree._Element, str]:
    """The root of a message of the Redirect binding, its signature checked, and its RelayState.

    ``raw_query`` is as it came: that is what was signed. Raises SamlError.
    """
    pieces = [piece for piece in raw_query.split("&") if piece]
    raw = {piece.partition("=")[0]: piece for piece in pieces}
    values = {name: unquote_plus(piece.partition("=")[2]) for name, piece in raw.items()}
    if len(raw) != len(pieces) or not {parameter, "SigAlg", "Signature"} <= raw.keys():
        raise SamlError("The message is not signed as it must be.")
    signed = "&".join(raw[name] for name in (parameter, "RelayState", "SigAlg") if name in raw)
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise SamlError("The message is not signed as it must be.")
    try:
        key.verify(_from_base64(values["Signature"]), signed.encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        raise SamlError("The message's signature is not the application's.") from None
    return parse(_inflated(_from_base64(values[parameter]))), values.get("RelayState", "")


def _query(fields: dict[str, str]) -> str:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())


def _from_base64(text: str) -> bytes:
    try:
        return b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise SamlError("The message is not base64.") from None


def _inflated(deflated: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        return inflater.decompress(deflated, MAX_MESSAGE + 1)
    except zlib.error:
        raise SamlError("The message is not compressed as it must be.") from None
