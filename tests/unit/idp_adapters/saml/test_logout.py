"""The provider demands a logout: what it names ends, when it is signed, for us, and of this moment."""

import contextlib
from base64 import b64encode

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import etree

from idp_adapters.provider import LoginError, LogoutMessage
from idp_adapters.saml import names
from idp_adapters.saml.logout import all_name, index_name, read_message
from tests.support.saml_crypto import Encryption, encrypt
from tests.support.saml_logout import (
    IDP,
    PARTY,
    PROVIDER,
    both_ways,
    child,
    demand,
    posted,
    redirected,
    refusal,
)
from tests.support.saml_messages import (
    IDP_ENTITY_ID,
    NOW,
    SP_ENTITY_ID,
    Edit,
    Logout,
    certificate_of,
    sp_key,
    standing_alone,
)

SAML = f"{{{names.ASSERTION}}}"
SAMLP = f"{{{names.PROTOCOL}}}"
GOOD = Logout()
ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"


# What is demanded


@pytest.mark.parametrize("message", both_ways(GOOD), ids=["post", "redirect"])
def test_the_sessions_that_are_named_end(message: LogoutMessage) -> None:
    found = demand(message)

    assert found.names == (index_name("ada", "_session"),)


def test_several_sessions_are_named_once_each() -> None:
    message = posted(PROVIDER.logout(Logout(session_indexes=("b", "a", "b"))))

    assert demand(message).names == (index_name("ada", "b"), index_name("ada", "a"))


def test_without_an_index_all_of_that_person_end() -> None:
    assert demand(posted(PROVIDER.logout(Logout(session_indexes=())))).names == (all_name("ada"),)


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
@example(("a b", "c"), ("a", "b c"))
@example(("", "a"), ("a", ""))
def test_two_sessions_never_share_a_name(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (index_name(*one) == index_name(*other)) is (one == other)
    assert index_name(*one) != all_name(other[0])
    assert (all_name(one[0]) == all_name(other[0])) is (one[0] == other[0])


def test_a_message_counts_once_for_as_long_as_it_would_be_taken() -> None:
    one, other = both_ways(Logout(id="_a")), both_ways(Logout(id="_b"))
    keys = {found.key for message in (*one, *other) if (found := demand(message).replay)}
    replay = demand(one[0]).replay

    assert len(keys) == 2
    assert replay is not None
    assert refusal(one[0], replay.until).reason == "expired"


def test_an_encrypted_nameid_is_decrypted() -> None:
    def encrypted(plain: bytes) -> LogoutMessage:
        def edit(root: etree._Element) -> None:
            assertion = encrypt(plain, Encryption(certificate_of(sp_key())))
            assertion.tag = f"{SAML}EncryptedID"
            root.replace(child(root, f"{SAML}NameID"), assertion)

        return posted(PROVIDER.logout(Logout(edit=edit)))

    name_id = child(etree.fromstring(PROVIDER.logout(Logout(sign=False))), f"{SAML}NameID")
    good = encrypted(standing_alone(name_id))

    assert demand(good).names == (index_name("ada", "_session"),)
    for plain in (b"ada", b"<a/>", standing_alone(name_id).replace(b"ada", b"ada<!-- -->")):
        assert refusal(encrypted(plain)).reason == "invalid_token"
    with pytest.raises(LoginError) as caught:
        read_message(good, IDP, PARTY, NOW, entity_id=SP_ENTITY_ID)
    assert caught.value.reason == "invalid_token"


def test_extensions_and_what_else_the_schema_has_do_not_matter() -> None:
    def edit(root: etree._Element) -> None:
        extensions = etree.Element(f"{SAMLP}Extensions")
        etree.SubElement(extensions, "{urn:x}x").text = "y"
        root.insert(1, extensions)
        root.set("Reason", "urn:oasis:names:tc:SAML:2.0:logout:admin")
        child(root, f"{SAML}NameID").set("NameQualifier", IDP_ENTITY_ID)
        child(root, f"{SAML}Issuer").set("Format", ENTITY)

    for message in both_ways(Logout(edit=edit)):
        assert demand(message).names == (index_name("ada", "_session"),)


# For us, of this moment


def edited(name: str, value: str | None) -> Logout:
    def edit(root: etree._Element) -> None:
        if value is None:
            root.attrib.pop(name)
        else:
            root.set(name, value)

    return Logout(edit=edit)


@pytest.mark.parametrize(
    "options",
    [
        Logout(destination=None),
        Logout(destination=""),
        Logout(destination=f"{PARTY.logout}/evil"),
        Logout(destination=PARTY.answer),
        Logout(destination=PARTY.logout.replace("app", "wiki")),
        Logout(issuer="https://other.example.com"),
        Logout(issuer=f" {IDP_ENTITY_ID}"),
        Logout(issuer=f"{IDP_ENTITY_ID}<x/>"),
        Logout(edit=lambda root: root.remove(child(root, f"{SAML}Issuer"))),
        Logout(
            edit=lambda root: child(root, f"{SAML}Issuer").set("Format", names.NAMEID_FORMATS["persistent"])
        ),
        edited("Version", "1.1"),
        edited("Version", None),
        edited("IssueInstant", None),
        edited("IssueInstant", "now"),
        edited("IssueInstant", "2027-01-15T08:00:00+00:00"),
        edited("NotOnOrAfter", "never"),
        Logout(id="x" * 257),
    ],
    ids=[
        "no-destination",
        "empty-destination",
        "longer-destination",
        "acs",
        "another-host",
        "issuer",
        "issuer-blank",
        "issuer-element",
        "no-issuer",
        "issuer-format",
        "version",
        "no-version",
        "no-instant",
        "instant",
        "zone",
        "end",
        "long-id",
    ],
)
def test_what_is_not_for_us_is_refused(options: Logout) -> None:
    for message in both_ways(options):
        assert refusal(message).reason == "invalid_response"


def test_a_message_without_an_id_is_refused() -> None:
    assert refusal(redirected(PROVIDER.logout_query(edited("ID", None)))).reason == "invalid_response"
    assert refusal(redirected(PROVIDER.logout_query(edited("ID", "")))).reason == "invalid_response"


@pytest.mark.parametrize(
    ("now", "reason"),
    [(NOW - 301, "clock_skew"), (NOW - 300, ""), (NOW + 300, ""), (NOW + 301, "expired")],
    ids=["future", "ahead", "old", "too-old"],
)
def test_the_message_was_made_within_five_minutes(now: float, reason: str) -> None:
    for message in both_ways(GOOD):
        if reason:
            assert (refusal(message, now).reason, refusal(message, now).skew_s) == (
                reason,
                301 if reason == "clock_skew" else 0,
            )
        else:
            assert demand(message, now).names


def test_a_request_that_ran_out_is_refused() -> None:
    message = posted(PROVIDER.logout(Logout(not_on_or_after=NOW)))

    assert demand(message, NOW + 59).names
    assert refusal(message, NOW + 60).reason == "expired"


# Whom it names


@pytest.mark.parametrize(
    "name_id",
    ["", " ada", "ada\n", "a<x/>da", "a&#133;da", "ada&#8233;"],
    ids=["empty", "blank", "line-end", "element", "control", "paragraph"],
)
def test_saml_22_a_nameid_that_could_be_read_in_two_ways_is_refused(name_id: str) -> None:
    reason = "invalid_response" if "<" in name_id else "invalid_claims"
    for message in both_ways(Logout(name_id=name_id)):
        assert refusal(message).reason == reason
    for message in both_ways(Logout(session_indexes=("_session", name_id))):
        assert refusal(message).reason == reason


@pytest.mark.parametrize("name_id", ["ada<!-- -->@evil", "ada<?x y?>@evil"], ids=["comment", "instruction"])
def test_saml_22_a_comment_never_cuts_a_name_short(name_id: str) -> None:
    for message in both_ways(Logout(name_id=name_id)):
        with contextlib.suppress(LoginError):
            assert demand(message).names == (index_name("ada@evil", "_session"),)


def without_name_id(root: etree._Element) -> None:
    root.remove(child(root, f"{SAML}NameID"))


def with_two(root: etree._Element) -> None:
    etree.SubElement(root, f"{SAML}NameID").text = "eve"


def with_base_id(root: etree._Element) -> None:
    child(root, f"{SAML}NameID").tag = f"{SAML}BaseID"


def with_more(root: etree._Element) -> None:
    etree.SubElement(root, f"{SAML}Subject")


def with_many(root: etree._Element) -> None:
    for number in range(100):
        etree.SubElement(root, f"{SAMLP}SessionIndex").text = str(number)


@pytest.mark.parametrize("edit", [without_name_id, with_two, with_base_id, with_more, with_many])
def test_exactly_one_person_is_named_and_nothing_else_said(edit: Edit) -> None:
    for message in both_ways(Logout(edit=edit)):
        assert refusal(message).reason == "invalid_response"


# How it came


@pytest.mark.parametrize(
    "parameters",
    [
        [],
        [("RelayState", "x")],
        [("SAMLRequest", "x"), ("SAMLResponse", "x")],
        [("SAMLRequest", "x"), ("SAMLRequest", "x")],
        [("SAMLRequest", "x"), ("RelayState", "1"), ("RelayState", "1")],
        [("samlrequest", "x")],
        [("SAMLRequest", "!")],
        [("SAMLRequest", "")],
        [("SAMLRequest", b64encode(b"<a/>").decode())],
        [("SAMLRequest", "AAAA" * 200_000)],
    ],
    ids=["nothing", "state", "both", "twice", "state-twice", "case", "not-base64", "empty", "xml", "large"],
)
def test_a_form_that_is_no_logout_message_is_refused(parameters: list[tuple[str, str]]) -> None:
    assert refusal(LogoutMessage(channel="post", parameters=parameters)).reason == "invalid_response"


@pytest.mark.parametrize("more", ["SAMLRequest", "SAMLResponse", "RelayState"])
def test_a_good_message_with_one_field_more_is_refused(more: str) -> None:
    good = posted(PROVIDER.logout(GOOD), relay_state="x")
    fields = [*good.parameters, (more, dict(good.parameters).get(more, "x"))]

    assert demand(good).names
    assert refusal(msgspec.structs.replace(good, parameters=fields)).reason == "invalid_response"


def test_openids_channels_are_not_ours() -> None:
    message = posted(PROVIDER.logout(GOOD))

    assert refusal(msgspec.structs.replace(message, channel="back")).reason == "invalid_response"
    assert refusal(msgspec.structs.replace(message, channel="front")).reason == "invalid_response"


def test_a_long_state_is_not_carried_along() -> None:
    assert demand(posted(PROVIDER.logout(GOOD), relay_state="x" * 1024)).reply
    assert refusal(posted(PROVIDER.logout(GOOD), relay_state="x" * 1025)).reason == "invalid_response"


# Whatever comes

OCTETS = PROVIDER.logout(GOOD)


@given(st.integers(0, len(OCTETS)), st.integers(0, 60), st.binary(max_size=8))
def test_changed_octets_never_end_anothers_session(place: int, length: int, octets: bytes) -> None:
    with contextlib.suppress(LoginError):
        assert demand(posted(OCTETS[:place] + octets + OCTETS[place + length :])).names == (
            index_name("ada", "_session"),
        )
