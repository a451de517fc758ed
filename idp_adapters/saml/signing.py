"""Our own messages, signed: one enveloped signature by RSA with SHA-256 over exclusive canonical XML.

SAML Core §5.4. The signature stands where the schema wants it, right after the Issuer. Verifies nothing.
"""

import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from idp_adapters.saml import names
from idp_adapters.saml.keys import KeyPair

_ISSUER = f"{{{names.ASSERTION}}}Issuer"


def sign(message: etree._Element, pair: KeyPair) -> bytes:
    """``message`` as UTF-8, signed at its root, which has an ``ID`` and an Issuer as its first child.

    ``message`` itself is changed: it carries the signature afterwards.
    """
    issuer = message[0]
    if issuer.tag != _ISSUER:
        raise ValueError("only a message that begins with its Issuer is signed")
    signature = _template(message.get("ID", ""))
    issuer.addnext(signature)
    xmlsec.tree.add_ids(message, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = _key(pair)
    context.sign(signature)
    return etree.tostring(message, encoding="utf-8")


def _template(message_id: str) -> etree._Element:
    signature = etree.Element(f"{{{names.DSIG}}}Signature", nsmap={"ds": names.DSIG})
    info = etree.SubElement(signature, f"{{{names.DSIG}}}SignedInfo")
    _method(info, "CanonicalizationMethod", names.EXC_C14N)
    _method(info, "SignatureMethod", names.RSA_SHA256)
    reference = etree.SubElement(info, f"{{{names.DSIG}}}Reference", URI=f"#{message_id}")
    transforms = etree.SubElement(reference, f"{{{names.DSIG}}}Transforms")
    _method(transforms, "Transform", names.ENVELOPED)
    _method(transforms, "Transform", names.EXC_C14N)
    _method(reference, "DigestMethod", names.SHA256)
    etree.SubElement(reference, f"{{{names.DSIG}}}DigestValue")
    etree.SubElement(signature, f"{{{names.DSIG}}}SignatureValue")
    data = etree.SubElement(
        etree.SubElement(signature, f"{{{names.DSIG}}}KeyInfo"), f"{{{names.DSIG}}}X509Data"
    )
    etree.SubElement(data, f"{{{names.DSIG}}}X509Certificate")
    return signature


def _method(parent: etree._Element, name: str, algorithm: str) -> None:
    etree.SubElement(parent, f"{{{names.DSIG}}}{name}", Algorithm=algorithm)


def _key(pair: KeyPair) -> xmlsec.Key:
    private_key = pair.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key = xmlsec.Key.from_memory(private_key, xmlsec.constants.KeyDataFormatPem)
    key.load_cert_from_memory(
        pair.certificate.public_bytes(Encoding.DER), xmlsec.constants.KeyDataFormatCertDer
    )
    return key
