"""Messages whose signature is the weapon: weak, foreign, or a program for the verifier to run."""

from base64 import b64encode

from lxml import etree

from idp_adapters.saml.names import DSIG, ENVELOPED, EXC_C14N, XENC
from tests.support.saml_crypto import (
    HMAC_SHA1,
    HMAC_SHA256,
    MD5,
    MORE,
    RSA_MD5,
    RSA_SHA1,
    SHA1,
    XSLT,
    Signing,
    sign,
)
from tests.support.saml_messages import (
    SamlIdentityProvider,
    certificate_of,
    foreign_key,
    in_base64,
    weak_key,
)
from tests.support.saml_victim import (
    Attack,
    Victim,
    adding,
    find,
    removing,
    repeating,
    setting,
    tampered,
    writing,
)

_XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
_C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_REFERENCE = "//ds:Reference"


def transform(algorithm: str, inner: str = "") -> str:
    """One Transform."""
    return f'<ds:Transform Algorithm="{algorithm}">{inner}</ds:Transform>'


def slow_stylesheet(depth: int = 20) -> str:
    """A stylesheet whose time doubles with each level of ``depth``."""
    call = '<xsl:call-template name="t"><xsl:with-param name="n" select="$n - 1"/></xsl:call-template>'
    return f"""<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0">
<xsl:template match="/"><xsl:call-template name="t"><xsl:with-param name="n" select="{depth}"/>
</xsl:call-template></xsl:template><xsl:template name="t"><xsl:param name="n"/>
<xsl:if test="$n &gt; 0">{call}{call}</xsl:if></xsl:template></xsl:stylesheet>"""


def reference(uri: str | None, transforms: str = "") -> str:
    """A second Reference, with some digest."""
    value = b64encode(bytes(32)).decode()
    attribute = "" if uri is None else f' URI="{uri}"'
    return f"""<ds:Reference{attribute}>{f"<ds:Transforms>{transforms}</ds:Transforms>" if transforms else ""}
<ds:DigestMethod Algorithm="{XENC}sha256"/><ds:DigestValue>{value}</ds:DigestValue></ds:Reference>"""


GOOD = transform(ENVELOPED) + transform(EXC_C14N)
SLOW = transform(XSLT, slow_stylesheet())

TRANSFORMS: dict[str, str] = {
    "XSLT": transform(ENVELOPED) + SLOW + transform(EXC_C14N),
    "XSLT first": SLOW + GOOD,
    "XSLT alone": SLOW,
    "XSLT after the good ones": GOOD + SLOW,
    "XPath": transform(ENVELOPED) + transform(_XPATH, "<ds:XPath>not(self::saml:Subject)</ds:XPath>"),
    "XPath after the good ones": GOOD + transform(_XPATH, "<ds:XPath>true()</ds:XPath>"),
    "XPath filter": GOOD + transform("http://www.w3.org/2002/06/xmldsig-filter2"),
    "base64": GOOD + transform(f"{DSIG}base64"),
    "inclusive canonicalisation": transform(ENVELOPED) + transform(_C14N),
    "canonicalisation with comments": transform(ENVELOPED) + transform(f"{EXC_C14N}WithComments"),
    "no enveloped transform": transform(EXC_C14N),
    "no canonicalisation": transform(ENVELOPED),
    "canonicalised twice": GOOD + transform(EXC_C14N),
    "canonicalised instead of enveloped": transform(EXC_C14N) * 2,
    "in the wrong order": transform(EXC_C14N) + transform(ENVELOPED),
    "parameters of the enveloped transform": transform(ENVELOPED, "<ds:XPath>1</ds:XPath>")
    + transform(EXC_C14N),
}


def _signed(how: Signing, **changes: object) -> Attack:
    """Signed by the provider itself, in a way that is not accepted."""
    return lambda victim: victim.octets(signing=how, **changes)


def _strange(how: Signing, **changes: object) -> Attack:
    """Signed by any key: what it makes a verifier do happens before it knows whose key."""
    return lambda victim: victim.signed_by_stranger(how, **changes)


def _references_to(kind: str, scheme: str) -> dict[str, Attack]:
    def with_url(**fields: str) -> Attack:
        def attack(victim: Victim) -> bytes:
            url = victim.file_url if scheme == "file" else victim.http_url
            filled = {name: value.replace("URL", url) for name, value in fields.items()}
            return victim.signed_by_stranger(Signing(**filled))  # type: ignore[arg-type]

        return attack

    other = reference("URL")
    manifest = f'<ds:Object><ds:Manifest Id="_m">{other}</ds:Manifest></ds:Object>'
    to_manifest = f'<ds:Reference URI="#_m" Type="{DSIG}Manifest">' + reference("#_m").partition(">")[2]
    retrieval = '<ds:KeyInfo><ds:RetrievalMethod URI="URL"/></ds:KeyInfo>'
    return {
        f"{kind} Reference, the only one": with_url(uri="URL"),
        f"{kind} Reference, the second": with_url(references=other),
        f"{kind} Reference, the first": with_url(first_references=other),
        f"{kind} Reference in a Manifest": with_url(objects=manifest),
        f"{kind} Reference in a Manifest that is referred to": with_url(
            objects=manifest, references=to_manifest
        ),
        f"{kind} RetrievalMethod": with_url(key_info=retrieval),
    }


def _own_key_value(victim: Victim) -> bytes:
    numbers = foreign_key().public_key().public_numbers()
    modulus, exponent = (
        b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode()
        for number in (numbers.n, numbers.e)
    )
    value = f"<ds:Modulus>{modulus}</ds:Modulus><ds:Exponent>{exponent}</ds:Exponent>"
    value = f"<ds:KeyValue><ds:RSAKeyValue>{value}</ds:RSAKeyValue></ds:KeyValue>"
    info = f"<ds:KeyInfo>{value}</ds:KeyInfo>"
    return victim.signed_by_stranger(Signing(key_info=info))


def _with_genuine_certificate(victim: Victim) -> bytes:
    data = f"<ds:X509Certificate>{in_base64(victim.idp.certificate)}</ds:X509Certificate>"
    info = f"<ds:KeyInfo><ds:X509Data>{data}</ds:X509Data></ds:KeyInfo>"
    return victim.signed_by_stranger(Signing(key_info=info))


def _by_certificate_as_secret(algorithm: str) -> Attack:
    """HMAC with what everybody knows as its secret."""

    def attack(victim: Victim) -> bytes:
        secret = in_base64(victim.idp.certificate).encode()
        return victim.octets(signing=Signing(algorithm=algorithm, secret=secret))

    return attack


def _by_weak_key(victim: Victim) -> bytes:
    return SamlIdentityProvider(victim.idp.entity_id, key=weak_key()).response(victim.response)


def _signed_twice(victim: Victim) -> bytes:
    root = victim.tree()
    sign(find(root, "saml:Assertion"), foreign_key(), certificate_of(foreign_key()))
    return etree.tostring(root)


def _signed_elsewhere(victim: Victim) -> bytes:
    """The provider's signature moved from the assertion to where a search for any finds it."""
    root = victim.tree()
    signature = find(root, "//ds:Signature")
    find(root, "//saml:Subject").append(signature)
    return etree.tostring(root)


def _turned_after(victim: Victim, sign_what: str) -> bytes:
    root = victim.tree(sign=sign_what)
    victim.turned(find(root, "saml:Assertion"), identifier=None)
    return etree.tostring(root)


def _one_of_two_broken(level: str) -> Attack:
    """Both levels are signed, and one of the two signatures is not the provider's."""

    def attack(victim: Victim) -> bytes:
        root = victim.tree(sign="assertion" if level == "Response" else "neither")
        signed = root if level == "Response" else find(root, "saml:Assertion")
        sign(signed, foreign_key())
        if level == "assertion":
            sign(root, victim.idp.key)
        return etree.tostring(root)

    return attack


SIGNATURES: dict[str, Attack] = {
    "unsigned": lambda victim: victim.octets(sign="neither"),
    "the assertion's signature removed": tampered(removing("//ds:Signature")),
    "the Response's signature removed": tampered(removing("//ds:Signature"), sign="response"),
    "signed by a stranger, own certificate in KeyInfo": lambda victim: victim.signed_by_stranger(),
    "the Response signed by a stranger": lambda victim: victim.signed_by_stranger(sign="response"),
    "signed by a stranger, own KeyValue": _own_key_value,
    "signed by a stranger, the provider's certificate in KeyInfo": _with_genuine_certificate,
    "changed after it was signed": lambda victim: _turned_after(victim, "assertion"),
    "changed under the Response's signature": lambda victim: _turned_after(victim, "response"),
    "the Response's signature by a stranger over a signed assertion": _one_of_two_broken("Response"),
    "the assertion's signature by a stranger in a signed Response": _one_of_two_broken("assertion"),
    "RSA with SHA-1": _signed(Signing(algorithm=RSA_SHA1)),
    "RSA with MD5": _signed(Signing(algorithm=RSA_MD5)),
    "digest SHA-1": _signed(Signing(digest=SHA1)),
    "digest MD5": _signed(Signing(digest=MD5)),
    "RSA 1024": _by_weak_key,
    "HMAC-SHA256 by the certificate": _by_certificate_as_secret(HMAC_SHA256),
    "HMAC-SHA1 by the certificate": _by_certificate_as_secret(HMAC_SHA1),
    "a method that is not known": tampered(setting("//ds:SignatureMethod", Algorithm=f"{MORE}rsa-sha3-256")),
    "no method": tampered(setting("//ds:SignatureMethod", Algorithm=None)),
    "two Signatures on the assertion": tampered(repeating("//ds:Signature")),
    "two Signatures on the Response": tampered(repeating("//ds:Signature"), sign="response"),
    "two Signatures, one a stranger's": _signed_twice,
    "the Signature inside the Subject": _signed_elsewhere,
    "two References": tampered(repeating(_REFERENCE)),
    "a second Reference, signed by the provider": _signed(Signing(references=reference("#_assertion", GOOD))),
    "Reference to the whole document": _signed(Signing(uri="")),
    "Reference without URI": tampered(setting(_REFERENCE, URI=None)),
    "Reference by XPointer": _signed(Signing(uri="#xpointer(id('_assertion'))")),
    "Reference to the whole by XPointer": _signed(Signing(uri="#xpointer(/)")),
    "Reference to the other level": _signed(Signing(uri="#_response")),
    "Reference with a Type": tampered(setting(_REFERENCE, Type=f"{DSIG}Manifest")),
    "an Object in the Signature": _signed(Signing(objects="<ds:Object>x</ds:Object>")),
    "SignatureProperties": _signed(Signing(objects="<ds:Object><ds:SignatureProperties/></ds:Object>")),
    "two SignedInfo": tampered(repeating("//ds:SignedInfo")),
    "two KeyInfo": tampered(repeating("//ds:KeyInfo")),
    "an empty SignatureValue": tampered(writing("//ds:SignatureValue", "")),
    "an empty DigestValue": tampered(writing("//ds:DigestValue", "")),
    "SignedInfo canonicalised inclusively": _signed(
        Signing(canonicalization=f'<ds:CanonicalizationMethod Algorithm="{_C14N}"/>')
    ),
    "SignedInfo canonicalised by XSLT": _strange(
        Signing(
            canonicalization=f'<ds:CanonicalizationMethod Algorithm="{XSLT}">{slow_stylesheet()}'
            "</ds:CanonicalizationMethod>"
        )
    ),
    "a truncated HMAC": tampered(
        lambda root: (
            setting("//ds:SignatureMethod", Algorithm=HMAC_SHA256)(root),
            adding("//ds:SignatureMethod", "<ds:HMACOutputLength>0</ds:HMACOutputLength>")(root),
        )[0]
    ),
    "a parameter of the method": tampered(
        adding("//ds:SignatureMethod", "<ds:HMACOutputLength>0</ds:HMACOutputLength>")
    ),
    "a parameter of the digest": tampered(adding("//ds:DigestMethod", "<ds:XPath>1</ds:XPath>")),
    "a parameter of the canonicalisation": tampered(
        adding("//ds:CanonicalizationMethod", "<ds:XPath>1</ds:XPath>")
    ),
    "two lists of prefixes": tampered(
        adding("(//ds:Transform)[2]", f'<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="xs"/>'),
        signing=Signing(prefixes=["xs"]),
    ),
    "a thousand prefixes": _signed(Signing(prefixes=[f"p{n}" for n in range(1000)])),
    "no canonical form": tampered(adding("//saml:Subject", '<a:b xmlns:a="../relative"/>')),
    **{f"transforms: {name}": _signed(Signing(transforms=text)) for name, text in TRANSFORMS.items()},
    **{
        f"transforms by a stranger: {name}": _strange(Signing(transforms=text))
        for name, text in TRANSFORMS.items()
    },
    **_references_to("file:", "file"),
    **_references_to("http:", "http"),
}
