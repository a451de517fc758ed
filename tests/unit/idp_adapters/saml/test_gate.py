"""What the gate lets through, and that nothing comes out of it but a tree or a LoginError."""

import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from idp_adapters.provider import LoginError
from idp_adapters.saml.gate import (
    ASSERTION_TAG,
    MAX_MESSAGE,
    decode_base64,
    only_child,
    read_assertion,
    read_message,
)
from idp_adapters.saml.names import PROTOCOL
from idp_adapters.saml.strict_xml import MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, MAX_NAMESPACES, read_tree
from tests.support.saml_hostile_crypto import SIGNATURES
from tests.support.saml_hostile_encryption import ENCRYPTION
from tests.support.saml_hostile_xml import ENCODINGS, LARGE, MARKUP
from tests.support.saml_messages import Logout, SamlIdentityProvider, standing_alone
from tests.support.saml_misdirected import SHAPES
from tests.support.saml_victim import Victim, adding, find

_VICTIM = Victim()


def _response(**changes: object) -> bytes:
    return _VICTIM.octets(**changes)


@pytest.mark.parametrize("sign", ["assertion", "response", "both", "neither"])
@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
def test_a_good_response_passes(sign: str, encrypted: bool) -> None:
    encryption = _VICTIM.encryption() if encrypted else None
    assert read_message(_response(sign=sign, encryption=encryption), "Response").get("ID") == "_response"


@pytest.mark.parametrize("options", [Logout(), Logout(in_response_to="_x")], ids=["request", "response"])
def test_a_good_logout_message_passes(options: Logout) -> None:
    name = "LogoutRequest" if options.in_response_to is None else "LogoutResponse"
    assert read_message(SamlIdentityProvider().logout(options), name).tag == f"{{{PROTOCOL}}}{name}"


@pytest.mark.parametrize("root", ["LogoutRequest", "LogoutResponse", "AuthnRequest", ""])
def test_a_message_of_another_kind_is_refused(root: str) -> None:
    with pytest.raises(LoginError, match="it is not a"):
        read_message(_response(), root)


def test_an_assertion_that_stands_alone_passes() -> None:
    alone = standing_alone(find(_VICTIM.tree(), "saml:Assertion"))
    assert read_assertion(alone).tag == ASSERTION_TAG


@pytest.mark.parametrize(
    "name", ["the only assertion in Extensions", "an unsigned assertion in Extensions of it"]
)
def test_an_assertion_stands_right_below_the_root(name: str) -> None:
    with pytest.raises(LoginError, match="more than one assertion, or one in"):
        read_message(SHAPES[name](_VICTIM), "Response")


def test_what_was_decrypted_must_be_an_assertion() -> None:
    with pytest.raises(LoginError, match="it is not an Assertion"):
        read_assertion(_response())


def test_an_assertion_inside_an_assertion_is_refused() -> None:
    assertion = find(_VICTIM.tree(), "saml:Assertion")
    adding("saml:Subject", '<saml:Assertion ID="_inner"/>', "after")(assertion)
    with pytest.raises(LoginError, match="more than one assertion"):
        read_assertion(etree.tostring(assertion))


@pytest.mark.parametrize("name", [*ENCODINGS])
def test_another_encoding_is_refused(name: str) -> None:
    with pytest.raises(LoginError) as caught:
        read_message(ENCODINGS[name](_VICTIM), "Response")
    assert caught.value.reason == "invalid_response"
    assert "UTF-8" in caught.value.detail


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b'<?xml version="1.0" encoding="utf-8"?>\n'])
def test_utf_8_may_be_declared(mark: bytes) -> None:
    assert read_message(mark + _response(), "Response") is not None


def test_nothing_stands_before_the_root() -> None:
    with pytest.raises(LoginError, match="not XML in UTF-8"):
        read_message(b" " + _response(), "Response")


_LEFT_TO_THE_SIGNATURE = {
    "XInclude",
    "element in a NameID, injected",
    "element in a NameID, signed",
    "a blank changed in a NameID",
}


@pytest.mark.parametrize("name", [name for name in MARKUP if name not in _LEFT_TO_THE_SIGNATURE])
def test_markup_that_means_more_than_elements_is_refused(name: str) -> None:
    with pytest.raises(LoginError):
        read_message(MARKUP[name](_VICTIM), "Response")


@pytest.mark.parametrize("name", [*LARGE])
def test_what_is_too_large_is_refused_at_once(name: str) -> None:
    octets = LARGE[name](_VICTIM)
    began = time.perf_counter()
    with pytest.raises(LoginError):
        read_message(octets, "Response")
    assert time.perf_counter() - began < 0.5


def test_a_message_of_the_largest_size_passes() -> None:
    octets = _response()
    assert read_message(octets + b" " * (MAX_MESSAGE - len(octets)), "Response") is not None


_LIMITS: dict[str, tuple[Callable[[int], bytes], int]] = {
    "elements": (lambda n: b"<a>" + b"<b/>" * (n - 1) + b"</a>", MAX_ELEMENTS),
    "depth": (lambda n: b"<a>" * n + b"</a>" * n, MAX_DEPTH),
    "attributes": (
        lambda n: b"<a " + b" ".join(b'a%d="1"' % i for i in range(n)) + b"/>",
        MAX_ATTRIBUTES,
    ),
    "attributes in all": (
        lambda n: b"<a>" + b'<b a="1" b="2" c="3" d="4"/>' * (n // 4) + b'<b z="1"/>' * (n % 4) + b"</a>",
        2 * MAX_ELEMENTS,
    ),
    "namespaces": (
        lambda n: b"<a " + b" ".join(b'xmlns:a%d="urn:a"' % i for i in range(n)) + b"/>",
        MAX_NAMESPACES,
    ),
}


@pytest.mark.parametrize("name", [*_LIMITS])
def test_each_limit_lets_that_many_through_and_no_more(name: str) -> None:
    make, limit = _LIMITS[name]
    assert read_tree(make(limit), limit=MAX_MESSAGE) is not None
    with pytest.raises(LoginError):
        read_tree(make(limit + 1), limit=MAX_MESSAGE)


def test_tags_are_counted_before_they_are_parsed() -> None:
    octets = b"<a>" + b"<![CDATA[]]>" * (2 * MAX_ELEMENTS) + b"</a>"
    with pytest.raises(LoginError, match="more than"):
        read_tree(octets, limit=MAX_MESSAGE)


def test_the_whole_text_around_cdata_is_read() -> None:
    assert read_tree(b"<a>x<![CDATA[y]]>z</a>", limit=100).text == "xyz"


@pytest.mark.parametrize("octets", [b"<a><!--x--><b/></a>", b"<!--x--><a><b/></a>", b"<a> <!--x--> <b/></a>"])
def test_comments_between_elements_can_be_allowed(octets: bytes) -> None:
    assert read_tree(octets, limit=100, comments=True).tag == "a"
    with pytest.raises(LoginError):
        read_tree(octets, limit=100)


@pytest.mark.parametrize("octets", [b"<a>x<!--y-->z</a>", b"<a><!--y-->z</a>", b"<a>x<b/><!--y--></a>"])
def test_a_comment_beside_text_is_never_allowed(octets: bytes) -> None:
    with pytest.raises(LoginError, match="beside text"):
        read_tree(octets, limit=100, comments=True)


@pytest.mark.parametrize("name", ["ID", "Id", "id", "xml:id", "iD"])
def test_two_elements_with_one_id_are_refused_however_it_is_spelled(name: str) -> None:
    with pytest.raises(LoginError, match="one ID"):
        read_tree(f'<a ID="x"><b {name}="x"/></a>'.encode(), limit=100)


_METHODS = {
    "RSA with SHA-1": "weak_signature",
    "RSA with MD5": "weak_signature",
    "digest SHA-1": "weak_signature",
    "digest MD5": "weak_signature",
}
_FOR_LATER = {
    "unsigned",
    "the assertion's signature removed",
    "the Response's signature removed",
    "signed by a stranger, own certificate in KeyInfo",
    "the Response signed by a stranger",
    "signed by a stranger, own KeyValue",
    "signed by a stranger, the provider's certificate in KeyInfo",
    "changed after it was signed",
    "changed under the Response's signature",
    "the Response's signature by a stranger over a signed assertion",
    "the assertion's signature by a stranger in a signed Response",
    "RSA 1024",
    "an empty SignatureValue",
    "an empty DigestValue",
    "no canonical form",
}


@pytest.mark.parametrize("name", [name for name in SIGNATURES if name not in _FOR_LATER])
def test_a_signature_of_another_shape_is_refused_before_it_is_looked_at(name: str) -> None:
    with pytest.raises(LoginError) as caught:
        read_message(SIGNATURES[name](_VICTIM), "Response")
    unread = "invalid_response" if "RetrievalMethod" in name else "invalid_token"
    assert caught.value.reason == _METHODS.get(name, unread)


_REFERRING = [name for name in ENCRYPTION if "CipherReference" in name or name.startswith("RetrievalMethod")]


@pytest.mark.parametrize("name", [*_REFERRING, "a DataReference to elsewhere"])
def test_encryption_that_refers_elsewhere_is_refused_before_it_is_decrypted(name: str) -> None:
    with pytest.raises(LoginError) as caught:
        read_message(ENCRYPTION[name](_VICTIM), "Response")
    assert caught.value.reason == "invalid_response"


_NEVER = ["ds:Object", "ds:Manifest", "ds:RetrievalMethod", "xenc:CipherReference", "xenc:Transforms"]


@pytest.mark.parametrize(
    "name", [*_NEVER, "xenc:KeyReference", "xenc:CarriedKeyName", "xenc:AgreementMethod"]
)
def test_what_makes_a_library_fetch_is_refused_wherever_it_stands(name: str) -> None:
    root = _VICTIM.tree()
    adding("//saml:AttributeStatement", f"<{name}/>")(root)
    with pytest.raises(LoginError, match=name.partition(":")[2]):
        read_message(etree.tostring(root), "Response")


@pytest.mark.parametrize(
    "kind", ["Response", "LogoutRequest", "LogoutResponse", "AuthnRequest", "AttributeQuery"]
)
def test_a_message_inside_a_message_is_refused(kind: str) -> None:
    root = _VICTIM.tree()
    adding("saml:Issuer", f'<samlp:Extensions><samlp:{kind} ID="_x"/></samlp:Extensions>', "after")(root)
    with pytest.raises(LoginError, match="message inside"):
        read_message(etree.tostring(root), "Response")


@given(st.binary(max_size=200))
def test_base64_is_read_as_it_was_written(octets: bytes) -> None:
    text = b64encode(octets).decode()
    assert decode_base64(text, 300) == octets
    assert decode_base64("\r\n".join(text[i : i + 76] for i in range(0, len(text), 76)), 400) == octets


@pytest.mark.parametrize(
    "text",
    [
        "YQ",
        "YQ=",
        "Y===",
        "YWI_",
        "YWI-",
        "YQ==YQ==",
        "YQ==\0",
        "ÿ",
        "YQ==\v",
        "=",
        "a",
        "Y Q = = ,",
        "YQ==\xa0",
    ],
)
def test_what_is_not_base64_is_refused(text: str) -> None:
    with pytest.raises(LoginError, match="base64"):
        decode_base64(text, 100)


def test_base64_is_measured_before_it_is_decoded() -> None:
    assert len(decode_base64("AAAA" * 25, 100)) == 75
    with pytest.raises(LoginError, match="longer than 100"):
        decode_base64("AAAA" * 25 + " ", 100)


def test_one_child_is_found_and_two_are_refused() -> None:
    root = etree.fromstring("<a><b/><c/><c/></a>")
    assert only_child(root, "b") is root[0]
    assert only_child(root, "d") is None
    with pytest.raises(LoginError, match="several c"):
        only_child(root, "c")


@given(st.binary(max_size=500) | st.text(alphabet="<>/!?&;=\"' abx[]-:\n", max_size=200).map(str.encode))
def test_no_octets_raise_anything_but_a_login_error(octets: bytes) -> None:
    with suppress(LoginError):
        read_message(octets, "Response")
    with suppress(LoginError):
        read_tree(octets, limit=1000, comments=True)
