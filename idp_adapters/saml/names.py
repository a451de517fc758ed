"""The names of SAML 2.0, XML Signature and XML Encryption that we speak, and what of them we accept."""

from typing import Final

ASSERTION: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
DSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
DSIG11: Final = "http://www.w3.org/2009/xmldsig11#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
XENC11: Final = "http://www.w3.org/2009/xmlenc11#"
EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"

NS: Final = {"saml": ASSERTION, "samlp": PROTOCOL, "md": METADATA, "ds": DSIG, "xenc": XENC, "xenc11": XENC11}
"""Prefixes as the specifications use them, for XPath and ElementPath."""

BY_REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
BY_POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

SUCCESS: Final = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER: Final = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

NAMEID_FORMATS: Final = {
    "persistent": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "transient": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient",
    "emailAddress": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    "unspecified": "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
}

RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"

SIGNATURES: Final = frozenset(
    {
        RSA_SHA256,
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
        "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
    }
)
"""What a signature may be made with: RSA and ECDSA over SHA-2, never SHA-1, MD5 or a shared key."""

DIGESTS: Final = {
    SHA256: "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
"""What a digest may be made with, and hashlib's name of it."""

WEAK: Final = {
    "http://www.w3.org/2000/09/xmldsig#rsa-sha1": "RSA with SHA-1",
    "http://www.w3.org/2000/09/xmldsig#dsa-sha1": "DSA with SHA-1",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1": "ECDSA with SHA-1",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-md5": "RSA with MD5",
    "http://www.w3.org/2000/09/xmldsig#sha1": "SHA-1",
    "http://www.w3.org/2001/04/xmldsig-more#md5": "MD5",
}
"""Methods that real providers still use and that are refused by name, so that one knows what to change."""
