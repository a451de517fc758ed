"""Whether the octets of a document may be looked at, and that whatever comes is read or refused in words."""

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from idp_adapters.provider import LoginError
from idp_adapters.saml.settings import SamlSettings
from tests.support.saml_messages import IDP_ENTITY_ID, in_base64
from tests.support.saml_metadata import (
    CERTIFICATE,
    SSO,
    URL,
    Entity,
    federation,
    key,
    read,
    refusal,
)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{}",
        b"<a>",
        b"\xff\xfe<\x00a\x00/\x00>\x00",
        f"<!DOCTYPE a [<!ENTITY b 'c'>]>{Entity().xml()}".encode(),
        f'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x">{Entity().xml()}'.encode(),
        Entity().xml().encode("utf-16"),
        f'<?xml version="1.0" encoding="utf-7"?>{Entity().xml()}'.encode(),
        f"<?x y?>{Entity().xml()}".encode(),
        Entity(services=f"<?x y?>{SSO}").xml().encode(),
        Entity(attributes=' ID="a"', role_attributes=' ID="a"').xml().encode(),
        b"<a>" * 100 + b"</a>" * 100,
        b" " * (10 * 1024 * 1024 + 1),
        b"<a>" + b"<!---->" * 10_001 + b"</a>",
    ],
    ids=[
        "empty",
        "json",
        "broken",
        "utf-16-mark",
        "entity",
        "dtd",
        "utf-16",
        "utf-7",
        "instruction-before",
        "instruction",
        "one-id-twice",
        "deep",
        "large",
        "comments",
    ],
)
def test_saml_27_octets_that_are_no_plain_xml_are_refused(document: bytes) -> None:
    assert "XML: " in refusal(document)


def test_a_comment_never_cuts_a_key_or_an_address_short() -> None:
    text = in_base64(CERTIFICATE)

    assert "comment" in refusal(Entity(keys=[key(f"{text[:40]}<!-- -->{text[40:]}")]))


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_whatever_octets_come_they_are_refused_in_words(document: bytes) -> None:
    assert refusal(document)


BASE = federation(Entity(attributes=' validUntil="2027-02-01T00:00:00Z" cacheDuration="PT1H"').xml()).encode()
TREE_NAMES = [str(each.tag) for each in etree.fromstring(BASE).iter()]


@given(
    st.integers(0, len(BASE)), st.integers(0, 40), st.binary(max_size=6) | st.sampled_from([b"<!--", b"]]>"])
)
def test_changed_octets_are_read_or_refused(place: int, length: int, octets: bytes) -> None:
    with contextlib.suppress(LoginError):
        read(BASE[:place] + octets + BASE[place + length :])


@given(
    st.integers(0, len(TREE_NAMES) - 1),
    st.sampled_from(TREE_NAMES),
    st.dictionaries(
        st.sampled_from(["entityID", "use", "Location", "Binding", "validUntil", "cacheDuration", "ID"]),
        st.text("aP1T:/. é&\n", max_size=8),
        max_size=3,
    ),
    st.text("aZ+/= é", max_size=9),
)
def test_changed_elements_are_read_or_refused(
    place: int, tag: str, attributes: dict[str, str], text: str
) -> None:
    root = etree.fromstring(BASE)
    changed = list(root.iter())[place]
    changed.tag = tag
    changed.text = text
    for name, value in attributes.items():
        changed.set(name, value)
    with contextlib.suppress(LoginError):
        read(etree.tostring(root))


def test_a_document_of_a_federation_is_read_in_time() -> None:
    many = [Entity(f"https://{number}.example.com").xml() for number in range(700)]
    document = federation(Entity().xml(), *many, "<!-- -->" * 9_000)
    started = time.perf_counter()

    assert read(document, SamlSettings(idp_metadata_url=URL, idp_entity_id=IDP_ENTITY_ID))
    assert time.perf_counter() - started < 5
