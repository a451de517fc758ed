"""Our own logout messages as the provider reads them, and its answers as we do."""

import contextlib
import re
import secrets
import time
from base64 import b64decode
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from onelogin.saml2.logout_request import OneLogin_Saml2_Logout_Request
from onelogin.saml2.logout_response import OneLogin_Saml2_Logout_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from idp_adapters.provider import (
    LoginError,
    LogoutBegun,
    LogoutDone,
    LogoutMessage,
    PostForm,
    Redirect,
    Sending,
)
from idp_adapters.saml import names
from idp_adapters.saml.logout import logout_request, logout_response, read_message
from idp_adapters.saml.logout_memory import LogoutReply, read_logout_transaction
from idp_adapters.saml.metadata import IdpMetadata
from idp_adapters.saml.redirect_binding import read_signed
from tests.support.saml_logout import (
    BY_POST,
    BY_REDIRECT,
    IDP,
    PAIR,
    PARTY,
    PROVIDER,
    both_ways,
    demand,
    posted,
    read,
    redirected,
    refusal,
)
from tests.support.saml_messages import IDP_ENTITY_ID, NOW, SP_ENTITY_ID, Edit, Logout

PERSISTENT = names.NAMEID_FORMATS["persistent"]
POST_ONLY = msgspec.structs.replace(IDP, slo=(BY_POST,))
PEM = PAIR.certificate.public_bytes(Encoding.PEM).decode()
PARTIAL = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
RESPONDER = "urn:oasis:names:tc:SAML:2.0:status:Responder"


def begun(
    idp: IdpMetadata = IDP,
    name_id_format: str = PERSISTENT,
    session_index: str = "_session",
    now: float = NOW,
) -> LogoutBegun:
    found = logout_request(
        "ada", name_id_format, session_index, idp, PARTY, SP_ENTITY_ID, PAIR, secrets.token_bytes, now
    )
    assert found is not None
    return found


def octets_of(sending: Sending, name: str) -> bytes:
    if isinstance(sending, PostForm):
        return b64decode(dict(sending.fields)[name])
    encoded = parse_qs(urlsplit(sending.url).query)[name][0]
    octets: bytes = OneLogin_Saml2_Utils.decode_base64_and_inflate(encoded)
    return octets


def answer(reply: bytes, idp: IdpMetadata = IDP) -> Sending:
    found = logout_response(reply, idp, PARTY, SP_ENTITY_ID, PAIR, secrets.token_bytes, NOW)
    assert found is not None
    return found


def reply_to(binding: str, relay_state: str = "theirs") -> bytes:
    return msgspec.msgpack.encode(
        LogoutReply(
            request_id="_logout", idp_entity_id=IDP_ENTITY_ID, binding=binding, relay_state=relay_state
        )
    )


def is_signed(sending: Sending, name: str, element: str) -> bool:
    if isinstance(sending, Redirect):
        return bool(read_signed(urlsplit(sending.url).query, name, [PAIR.certificate]))
    path = f"/samlp:{element}/ds:Signature"
    return OneLogin_Saml2_Utils.validate_sign(octets_of(sending, name), PEM, xpath=path) is True


def other_side() -> OneLogin_Saml2_Settings:
    """python3-saml as the provider that our messages come to."""
    return OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {
                "entityId": IDP_ENTITY_ID,
                "assertionConsumerService": {"url": "https://idp.example.com/acs"},
            },
            "idp": {
                "entityId": SP_ENTITY_ID,
                "singleSignOnService": {"url": "https://app.example.com/"},
                "x509cert": PEM,
            },
        }
    )


AT_THEIRS = {"https": "on", "http_host": "idp.example.com", "script_name": "/slo", "get_data": {}}


# Ours to the provider


@pytest.mark.parametrize(
    ("idp", "kind", "url"),
    [(IDP, Redirect, BY_REDIRECT.url), (POST_ONLY, PostForm, BY_POST.url)],
    ids=["redirect", "post"],
)
def test_our_request_is_signed_and_sent_where_the_provider_takes_it(
    idp: IdpMetadata, kind: type[Sending], url: str
) -> None:
    out = begun(idp)

    assert isinstance(out.sending, kind)
    assert out.sending.url.partition("?")[0] == url
    assert is_signed(out.sending, "SAMLRequest", "LogoutRequest")
    assert etree.fromstring(octets_of(out.sending, "SAMLRequest")).get("Destination") == url


def test_python3_saml_reads_our_request_as_it_is_meant() -> None:
    octets = octets_of(begun(now=time.time()).sending, "SAMLRequest")
    request = OneLogin_Saml2_Logout_Request(other_side(), OneLogin_Saml2_Utils.b64encode(octets))

    assert request.is_valid(AT_THEIRS), request.get_error()
    assert request.get_nameid_data(octets) == {"Value": "ada", "Format": PERSISTENT}
    assert request.get_session_indexes(octets) == ["_session"]
    assert request.get_issuer(octets) == SP_ENTITY_ID


def test_what_is_not_known_of_the_session_is_left_out() -> None:
    octets = octets_of(begun(name_id_format="", session_index="").sending, "SAMLRequest")

    assert OneLogin_Saml2_Logout_Request.get_nameid_data(octets) == {"Value": "ada"}
    assert OneLogin_Saml2_Logout_Request.get_session_indexes(octets) == []
    assert not isinstance(OneLogin_Saml2_XML.validate_xml(octets, "saml-schema-protocol-2.0.xsd"), str)


def test_state_and_id_are_those_of_one_logout() -> None:
    one, other = begun(), begun(POST_ONLY)

    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", one.state)
    assert isinstance(other.sending, PostForm)
    assert dict(other.sending.fields)["RelayState"] == other.state
    assert isinstance(one.sending, Redirect)
    assert parse_qs(urlsplit(one.sending.url).query)["RelayState"] == [one.state]
    for out in (one, other):
        sent = etree.fromstring(octets_of(out.sending, "SAMLRequest"))
        assert read_logout_transaction(out.transaction).request_id == sent.get("ID")
    assert one.state != other.state
    assert one.transaction != other.transaction


def test_a_provider_that_takes_no_logouts_is_not_asked() -> None:
    none = msgspec.structs.replace(IDP, slo=())
    random = secrets.token_bytes

    assert logout_request("ada", "", "", none, PARTY, SP_ENTITY_ID, PAIR, random, NOW) is None
    reply = reply_to(names.BY_POST)
    assert logout_response(reply, none, PARTY, SP_ENTITY_ID, PAIR, random, NOW) is None


# Ours to the provider's demand


@pytest.mark.parametrize(
    ("binding", "kind", "url"),
    [
        (names.BY_REDIRECT, Redirect, BY_REDIRECT.response_url),
        (names.BY_POST, PostForm, BY_POST.response_url),
    ],
    ids=["redirect", "post"],
)
def test_our_answer_goes_back_as_the_demand_came_to_the_address_for_answers(
    binding: str, kind: type[Sending], url: str
) -> None:
    sending = answer(reply_to(binding))

    assert isinstance(sending, kind)
    assert sending.url.partition("?")[0] == url
    assert is_signed(sending, "SAMLResponse", "LogoutResponse")
    assert etree.fromstring(octets_of(sending, "SAMLResponse")).get("Destination") == url


@pytest.mark.parametrize("message", both_ways(Logout()), ids=["post", "redirect"])
def test_python3_saml_reads_our_answer_to_its_demand(message: LogoutMessage) -> None:
    octets = octets_of(answer(demand(message).reply), "SAMLResponse")
    response = OneLogin_Saml2_Logout_Response(other_side(), OneLogin_Saml2_Utils.b64encode(octets))

    assert response.is_valid({**AT_THEIRS, "script_name": ""}, "_logout"), response.get_error()
    assert (response.get_status(), response.get_issuer()) == (names.SUCCESS, SP_ENTITY_ID)


def test_where_the_demands_binding_is_not_taken_the_other_is_used() -> None:
    assert isinstance(answer(reply_to(names.BY_REDIRECT), POST_ONLY), PostForm)


@pytest.mark.parametrize("state", ["theirs", "", "a&b=ü<>\"'"], ids=["plain", "none", "odd"])
def test_the_providers_state_goes_back_as_it_came(state: str) -> None:
    form = answer(reply_to(names.BY_POST, state))
    redirect = answer(reply_to(names.BY_REDIRECT, state))

    assert isinstance(form, PostForm)
    assert dict(form.fields).get("RelayState", "") == state
    assert isinstance(redirect, Redirect)
    assert parse_qs(urlsplit(redirect.url).query).get("RelayState", [""]) == [state]


def test_the_state_of_a_demand_is_kept_for_its_answer() -> None:
    by_post = demand(posted(PROVIDER.logout(), relay_state="theirs"))
    by_redirect = demand(redirected(PROVIDER.logout_query(relay_state="theirs")))

    assert by_post.reply == reply_to(names.BY_POST)
    assert by_redirect.reply == reply_to(names.BY_REDIRECT)


def test_a_demand_of_another_provider_is_not_answered_here() -> None:
    other = msgspec.structs.replace(IDP, entity_id="https://other.example.com")
    for reply, idp in ((reply_to(names.BY_POST), other), (b"", IDP), (begun().transaction, IDP)):
        with pytest.raises(LoginError) as caught:
            answer(reply, idp)
        assert caught.value.reason == "invalid_response"


# The provider's to ours


def answering(out: LogoutBegun, status: str = names.SUCCESS, second: str = "") -> Logout:
    request_id = read_logout_transaction(out.transaction).request_id
    return Logout(in_response_to=request_id, status=status, second_status=second)


@pytest.mark.parametrize(
    ("status", "second", "everywhere"),
    [
        (names.SUCCESS, "", True),
        (names.SUCCESS, PARTIAL, False),
        (RESPONDER, PARTIAL, False),
        (RESPONDER, "", False),
        ("urn:oasis:names:tc:SAML:2.0:status:Requester", "", False),
    ],
    ids=["success", "partial-success", "partial", "responder", "requester"],
)
def test_only_plain_success_ended_the_session_everywhere(
    status: str, second: str, *, everywhere: bool
) -> None:
    out = begun()
    for message in both_ways(answering(out, status, second), out.transaction):
        assert read(message) == LogoutDone(everywhere=everywhere)


def test_an_answer_that_nobody_asked_for_is_unsolicited() -> None:
    for message in both_ways(answering(begun())):
        assert refusal(message).reason == "unsolicited"


def test_an_answer_to_another_logout_is_refused() -> None:
    out = begun()
    for message in both_ways(answering(begun()), out.transaction):
        assert refusal(message).reason == "invalid_response"
    for message in both_ways(answering(out), b"\x80"):
        assert refusal(message).reason == "invalid_response"


def test_an_unsigned_answer_ends_nothing() -> None:
    out = begun()
    unsigned = Logout(**{**vars(answering(out)), "sign": False})

    for message in both_ways(unsigned, out.transaction):
        assert refusal(message).reason == "invalid_token"


def test_an_answer_is_for_the_address_and_provider_that_were_asked() -> None:
    out = begun()
    options = answering(out)
    elsewhere = msgspec.structs.replace(PARTY, logout=PARTY.logout.replace("app", "wiki"))
    other = msgspec.structs.replace(IDP, entity_id="https://other.example.com")
    to_elsewhere = Logout(**{**vars(options), "destination": elsewhere.logout})
    from_other = Logout(**{**vars(options), "issuer": other.entity_id})

    for message in both_ways(to_elsewhere, out.transaction):
        assert refusal(message).reason == "invalid_response"
        with pytest.raises(LoginError, match="another address"):
            read_message(message, IDP, elsewhere, NOW, entity_id=SP_ENTITY_ID)
    for message in both_ways(from_other, out.transaction):
        with pytest.raises(LoginError, match="another provider"):
            read_message(message, other, PARTY, NOW, entity_id=SP_ENTITY_ID)


@pytest.mark.parametrize(("now", "reason"), [(NOW - 301, "clock_skew"), (NOW + 301, "expired")])
def test_an_answer_is_of_this_moment(now: float, reason: str) -> None:
    out = begun()
    for message in both_ways(answering(out), out.transaction):
        assert refusal(message, now).reason == reason


def without_status(root: etree._Element) -> None:
    root.remove(root[-1])


def with_two_statuses(root: etree._Element) -> None:
    etree.SubElement(root, root[-1].tag)


def with_an_empty_status(root: etree._Element) -> None:
    root[-1].remove(root[-1][0])


@pytest.mark.parametrize("edit", [without_status, with_two_statuses, with_an_empty_status])
def test_an_answer_without_one_status_is_refused(edit: Edit) -> None:
    out = begun()
    options = Logout(**{**vars(answering(out)), "edit": edit})

    for message in both_ways(options, out.transaction):
        assert refusal(message).reason == "invalid_response"


@given(st.binary(max_size=200) | st.integers(0, 200).map(lambda cut: begun().transaction[:cut]))
def test_whatever_is_handed_back_is_read_or_refused(payload: bytes) -> None:
    with contextlib.suppress(LoginError):
        assert read_logout_transaction(payload).idp_entity_id == IDP_ENTITY_ID
    with contextlib.suppress(LoginError):
        assert answer(payload)
