"""What the demo's SAML provider reads and refuses: signatures first, then whom, where and when."""

import base64
import tracemalloc
import zlib
from collections.abc import Callable
from functools import cache
from urllib.parse import quote, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from outerward.demo.saml_metadata import Application, OwnAddresses, own_metadata, read_application
from outerward.demo.saml_names import ASSERTION, BY_REDIRECT, PERSISTENT, PROTOCOL, RSA_SHA256, SUCCESS
from outerward.demo.saml_requests import read_login, read_logout, read_logout_answer
from outerward.demo.saml_xml import (
    MAX_MESSAGE,
    KeyPair,
    SamlError,
    new_key_pair,
    parse,
    read_posted,
    read_redirected,
    redirect_url,
    sign,
)

NOW = 1_800_000_000.0
ADDRESS = "http://localhost:1/saml/sso"
ACS_URL = "http://wiki.localhost:2/acs"
ENTITY = "http://wiki.localhost:2/metadata"


@cache
def pair_of(name: str) -> KeyPair:
    return new_key_pair(name, NOW)


def pair() -> KeyPair:
    return pair_of("application")


@cache
def application() -> Application:
    certificate = pair().certificate
    return Application(ENTITY, ACS_URL, "http://wiki.localhost:2/slo", certificate, certificate)


def message(kind: str, more: str = "", inside: str = "", /, **changes: str | None) -> etree._Element:
    """A good message; an attribute that is None is left out, ``issuer`` is the Issuer."""
    issuer = changes.pop("issuer", ENTITY)
    attributes = {"ID": "_1", "Version": "2.0", "IssueInstant": "2027-01-15T08:00:00Z"}
    values: dict[str, str | None] = {**attributes, "Destination": ADDRESS, **changes}
    written = " ".join(f'{name}="{value}"' for name, value in values.items() if value is not None)
    return etree.fromstring(
        f'<p:{kind} xmlns:p="{PROTOCOL}" xmlns:a="{ASSERTION}" {written} {more}>'
        f"<a:Issuer>{issuer}</a:Issuer>{inside}</p:{kind}>"
    )


def test_a_good_login_is_read_whole() -> None:
    policy = f'<p:NameIDPolicy Format="{PERSISTENT}"/>'
    root = message("AuthnRequest", 'ForceAuthn="true" IsPassive="1"', policy)
    login = read_login(root, "state", application(), ADDRESS, NOW)
    assert (login.id, login.relay_state, login.nameid_format) == ("_1", "state", PERSISTENT)
    assert login.force_authn
    assert login.is_passive


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"Version": "1.1"}, "no AuthnRequest"),
        ({"ID": None}, "no AuthnRequest"),
        ({"issuer": "http://other/metadata"}, "No application"),
        ({"Destination": "http://localhost:1/saml/slo"}, "another address"),
        ({"Destination": None}, "another address"),
        ({"IssueInstant": "2027-01-15T07:54:59Z"}, "too old"),
        ({"IssueInstant": "2027-01-15T08:05:01Z"}, "from the future"),
        ({"IssueInstant": "2027-01-15T08:00:00"}, "cannot be read"),
        ({"IssueInstant": None}, "cannot be read"),
        ({"AssertionConsumerServiceURL": "http://evil.example/acs"}, "address for answers"),
        ({"ProtocolBinding": BY_REDIRECT}, "by POST only"),
    ],
    ids=[
        "version",
        "no id",
        "issuer",
        "destination",
        "no destination",
        "old",
        "future",
        "no zone",
        "no time",
        "acs",
        "binding",
    ],
)
def test_a_login_for_elsewhere_or_another_time_is_refused(
    changes: dict[str, str | None], sentence: str
) -> None:
    with pytest.raises(SamlError, match=sentence):
        read_login(message("AuthnRequest", "", "", **changes), "", application(), ADDRESS, NOW)


def test_one_kind_of_message_is_not_taken_for_another() -> None:
    for kind, read in (("LogoutRequest", read_login), ("AuthnRequest", read_logout)):
        with pytest.raises(SamlError, match="The message is no"):
            read(message(kind), "", application(), ADDRESS, NOW)


def test_a_logout_names_a_person_and_sessions_until_it_is_over() -> None:
    inside = "<a:NameID>demo-1</a:NameID><p:SessionIndex>x</p:SessionIndex><p:SessionIndex>y</p:SessionIndex>"
    wanted = read_logout(message("LogoutRequest", "", inside), "state", application(), ADDRESS, NOW)
    assert (wanted.name_id, wanted.session_ids) == ("demo-1", frozenset({"x", "y"}))
    over = message("LogoutRequest", 'NotOnOrAfter="2027-01-15T07:54:00Z"', inside)
    with pytest.raises(SamlError, match="too old"):
        read_logout(over, "", application(), ADDRESS, NOW)


@pytest.mark.parametrize(
    ("status", "well"),
    [
        (f'<p:Status><p:StatusCode Value="{SUCCESS}"/></p:Status>', True),
        (
            f'<p:Status><p:StatusCode Value="{SUCCESS}"><p:StatusCode Value="x"/></p:StatusCode></p:Status>',
            False,
        ),
        ('<p:Status><p:StatusCode Value="x"/></p:Status>', False),
        ("", False),
    ],
    ids=["success", "partly", "failed", "none"],
)
def test_only_plain_success_is_a_logout_everywhere(status: str, well: bool) -> None:
    root = message("LogoutResponse", 'InResponseTo="_9"', status)
    assert read_logout_answer(root, application(), ADDRESS, NOW) == ("_9", well)


def posted(root: etree._Element) -> str:
    return base64.b64encode(etree.tostring(root)).decode()


def signed(name: str = "application") -> etree._Element:
    root = message("AuthnRequest")
    sign(root, pair_of(name))
    return root


def test_a_signed_message_is_read_by_either_binding() -> None:
    assert read_posted(posted(signed()), pair().certificate).get("ID") == "_1"
    url = redirect_url(f"{ADDRESS}?x=1", "SAMLRequest", message("AuthnRequest"), "a state&", pair())
    root, relay_state = read_redirected(urlsplit(url).query, "SAMLRequest", pair().certificate)
    assert (root.get("ID"), relay_state) == ("_1", "a state&")


def _inside_another() -> etree._Element:
    """A forged request around the signed one."""
    outer = message("AuthnRequest", ID="_2")
    inner = signed()
    signature = inner[1]
    outer.append(inner)
    outer.insert(1, signature)
    return outer


def _same_id() -> etree._Element:
    root = signed()
    root.append(message("AuthnRequest"))
    return root


def _deeper() -> etree._Element:
    root = signed()
    root[0].append(root[1])
    return root


def _changed() -> etree._Element:
    root = signed()
    root.set("ForceAuthn", "true")
    return root


@pytest.mark.parametrize(
    "root",
    [
        pytest.param(lambda: message("AuthnRequest"), id="unsigned"),
        pytest.param(lambda: signed("somebody else"), id="another key"),
        pytest.param(_changed, id="changed"),
        pytest.param(_inside_another, id="wrapped"),
        pytest.param(_same_id, id="same id twice"),
        pytest.param(_deeper, id="signature deeper"),
    ],
)
def test_a_posted_message_that_the_application_did_not_sign_whole_is_refused(
    root: Callable[[], etree._Element],
) -> None:
    with pytest.raises(SamlError, match="sign"):
        read_posted(posted(root()), pair().certificate)


def test_a_weaker_method_is_refused() -> None:
    octets = etree.tostring(signed()).replace(b"2001/04/xmldsig-more#rsa-sha256", b"2000/09/xmldsig#rsa-sha1")
    with pytest.raises(SamlError, match="not signed as it must be"):
        read_posted(base64.b64encode(octets).decode(), pair().certificate)


@pytest.mark.parametrize(
    "octets",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"<a><!-- c --></a>",
        b"<a><![CDATA[c]]></a>",
        "<a/>".encode("utf-16"),
        b"<a>",
        b"",
        b"<a>" + b" " * MAX_MESSAGE + b"</a>",
    ],
    ids=["dtd", "comment", "cdata", "utf-16", "open", "empty", "large"],
)
def test_xml_that_could_be_read_in_two_ways_is_not_read(octets: bytes) -> None:
    with pytest.raises(SamlError):
        parse(octets)


def test_what_would_grow_without_end_is_not_inflated() -> None:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bomb = deflater.compress(b"<a>" + b" " * 30_000_000 + b"</a>") + deflater.flush()
    algorithm = quote(RSA_SHA256, safe="")
    query = f"SAMLRequest={quote(base64.b64encode(bomb).decode(), safe='')}&SigAlg={algorithm}"
    signature = pair().private_key.sign(query.encode(), PKCS1v15(), SHA256())
    query += f"&Signature={quote(base64.b64encode(signature).decode(), safe='')}"
    tracemalloc.start()
    with pytest.raises(SamlError, match="too large"):
        read_redirected(query, "SAMLRequest", pair().certificate)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 3_000_000


@given(st.text(max_size=200))
def test_a_query_of_any_kind_is_refused_in_words(raw_query: str) -> None:
    with pytest.raises(SamlError):
        read_redirected(raw_query, "SAMLRequest", pair().certificate)


@given(st.binary(max_size=200))
def test_a_posted_message_of_any_kind_is_refused_in_words(octets: bytes) -> None:
    for text in (octets.decode("latin-1"), base64.b64encode(octets).decode()):
        with pytest.raises(SamlError):
            read_posted(text, pair().certificate)


def test_metadata_of_another_entity_or_of_no_service_provider_are_refused() -> None:
    own = OwnAddresses("http://localhost:1")
    document = own_metadata(own, pair().certificate)
    for entity_id in (own.entity_id, ENTITY):
        with pytest.raises(SamlError, match="not its own"):
            read_application(document, entity_id)
