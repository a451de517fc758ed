"""The HTTP-Redirect binding: a message in a query, compressed, with its signature beside it.

SAML Bindings §3.4. Pure. A message that is received is read only from octets whose signature was verified,
over the query as it came; what is compressed is never inflated beyond what a message may be.
"""

import re
import zlib
from base64 import b64encode
from collections.abc import Mapping, Sequence
from urllib.parse import quote, unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from idp_adapters.provider import LoginError
from idp_adapters.saml import names
from idp_adapters.saml.gate import MAX_MESSAGE, decode_base64
from idp_adapters.saml.keys import KeyPair
from idp_adapters.saml.signature import verify_octets

MAX_SIGNATURE = 2048
"""Octets: a signature by RSA with 16384 bits."""
DEFLATE = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
MESSAGES = ("SAMLRequest", "SAMLResponse")

_STRICT = re.compile(r"(?:[!-$&-~]++|%[0-9A-Fa-f]{2})*+")
"""Possessive, so that nothing is remembered for each character of a long message."""


def encode(url: str, parameter: str, xml: bytes, relay_state: str, pair: KeyPair | None) -> str:
    """``url`` with ``xml`` as its query's ``parameter``, signed by ``pair`` unless that is None (§3.4.4.1).

    An existing query of ``url`` stays. An empty ``relay_state`` is left out.
    """
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    deflated = compressor.compress(xml) + compressor.flush()
    query = f"{parameter}={_quoted(b64encode(deflated))}"
    if relay_state:
        query += f"&RelayState={_quoted(relay_state.encode())}"
    if pair is not None:
        query += f"&SigAlg={_quoted(names.RSA_SHA256.encode())}"
        signature = pair.private_key.sign(query.encode("ascii"), PKCS1v15(), SHA256())
        query += f"&Signature={_quoted(b64encode(signature))}"
    joint = "" if url.endswith(("?", "&")) else "&" if "?" in url else "?"
    return f"{url}{joint}{query}"


def read_signed(
    raw_query: str, parameter: str, certificates: Sequence[x509.Certificate]
) -> tuple[bytes, str]:
    """The message in ``raw_query``'s ``parameter`` and its RelayState ("" without one), signature verified.

    Raises LoginError: *invalid_response* for a query that is none of this binding or names any parameter
    twice, *weak_signature* or *invalid_token* where the signature is not one that counts.
    """
    pieces = _pieces(raw_query)
    if any(other in pieces for other in MESSAGES if other != parameter):
        raise _invalid("a request and a response at once")
    if _value(pieces, "SAMLEncoding") not in ("", DEFLATE):
        raise _invalid("an encoding other than DEFLATE")
    message = _value(pieces, parameter)
    if not message:
        raise _invalid(f"{parameter} is missing")
    relay_state = _value(pieces, "RelayState")
    _verify(pieces, parameter, certificates)
    return _inflate(decode_base64(message, MAX_MESSAGE)), relay_state


def _verify(pieces: Mapping[str, str], parameter: str, certificates: Sequence[x509.Certificate]) -> None:
    algorithm, signature = _value(pieces, "SigAlg"), _value(pieces, "Signature")
    if not algorithm or not signature:
        raise LoginError("invalid_token", "the message in the query is not signed")
    # What was signed is what was sent: another way to write the same text has another signature.
    signed = "&".join(pieces[name] for name in (parameter, "RelayState", "SigAlg") if name in pieces)
    verify_octets(signed.encode("ascii"), decode_base64(signature, MAX_SIGNATURE), algorithm, certificates)


def _pieces(raw_query: str) -> dict[str, str]:
    """Each ``name=value`` as it stands in ``raw_query``, by its name decoded."""
    pieces: dict[str, str] = {}
    for piece in filter(None, raw_query.split("&")):
        name = _decoded(piece.partition("=")[0])
        if name in pieces:
            raise _invalid(f"{name[:64]!a} is given more than once")
        pieces[name] = piece
    return pieces


def _value(pieces: Mapping[str, str], name: str) -> str:
    return _decoded(pieces.get(name, "").partition("=")[2])


def _decoded(text: str) -> str:
    if not _STRICT.fullmatch(text):
        raise _invalid("a query that is not percent-encoded as it must be")
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        raise _invalid("a query that is not UTF-8") from None


def _inflate(deflated: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        message = inflater.decompress(deflated, MAX_MESSAGE + 1)
    except zlib.error:
        raise _invalid("the message is not compressed as it must be") from None
    if len(message) > MAX_MESSAGE:
        raise _invalid(f"the message is larger than {MAX_MESSAGE} bytes")
    if not inflater.eof or inflater.unused_data:
        raise _invalid("the compressed message breaks off, or more follows it")
    return message


def _quoted(octets: bytes) -> str:
    return quote(octets, safe="")


def _invalid(detail: str) -> LoginError:
    return LoginError("invalid_response", detail)
