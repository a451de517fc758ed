"""The names of SAML 2.0, XML Signature and XML Encryption that the demo's SAML provider speaks, no others."""

from typing import Final

ASSERTION: Final = "urn:oasis:names:tc:SAML:2.0:assertion"
PROTOCOL: Final = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA: Final = "urn:oasis:names:tc:SAML:2.0:metadata"
DSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
NS: Final = {"samlp": PROTOCOL, "saml": ASSERTION, "md": METADATA, "ds": DSIG, "xenc": XENC}

BY_REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
BY_POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

PERSISTENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
UNSPECIFIED: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"

STATUS: Final = "urn:oasis:names:tc:SAML:2.0:status:"
SUCCESS: Final = f"{STATUS}Success"
REQUESTER: Final = f"{STATUS}Requester"
RESPONDER: Final = f"{STATUS}Responder"
AUTHN_FAILED: Final = f"{STATUS}AuthnFailed"
NO_PASSIVE: Final = f"{STATUS}NoPassive"
INVALID_NAMEID_POLICY: Final = f"{STATUS}InvalidNameIDPolicy"
UNKNOWN_PRINCIPAL: Final = f"{STATUS}UnknownPrincipal"

EXC_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
AES256_GCM: Final = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
RSA_OAEP: Final = f"{XENC}rsa-oaep-mgf1p"
