"""The way out: what a login asks the provider, and what is remembered until its answer."""

import contextlib
import re
import secrets
from base64 import b64decode, b64encode
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from idp_adapters.provider import LoginBegun, LoginError, PostForm, Prompt, Redirect, RelyingParty
from idp_adapters.saml import names
from idp_adapters.saml.answering import state_of_answer
from idp_adapters.saml.authn_request import LoginTransaction, begin_login, read_transaction
from idp_adapters.saml.keys import KeyPair
from idp_adapters.saml.metadata import IdpMetadata, SamlEndpoint
from idp_adapters.saml.redirect_binding import read_signed
from idp_adapters.saml.settings import SamlSettings
from tests.support.saml_messages import (
    ACS_URL,
    IDP_ENTITY_ID,
    NOW,
    SLO_URL,
    SP_ENTITY_ID,
    Response,
    SamlIdentityProvider,
    certificate_of,
    sp_key,
    usual_key,
)

PAIR = KeyPair(sp_key(), certificate_of(sp_key()))
PARTY = RelyingParty(
    answer=ACS_URL,
    logout=SLO_URL,
    metadata=SP_ENTITY_ID,
    signed_out="https://app.example.com/.outerward/signed-out",
)
SETTINGS = SamlSettings(idp_metadata_url="https://idp.example.com/metadata")
BY_REDIRECT = SamlEndpoint(
    names.BY_REDIRECT, "https://idp.example.com/sso?tenant=1", "https://idp.example.com/sso"
)
BY_POST = SamlEndpoint(names.BY_POST, "https://idp.example.com/sso/post", "https://idp.example.com/sso/post")
IDP = IdpMetadata(
    entity_id=IDP_ENTITY_ID,
    sso=(BY_POST, BY_REDIRECT),
    slo=(),
    certificates=(certificate_of(usual_key()),),
    wants_signed_requests=False,
)
POST_ONLY = msgspec.structs.replace(IDP, sso=(BY_POST,))
UNSIGNED = msgspec.structs.replace(SETTINGS, sign_requests=False)


def begin(
    settings: SamlSettings = SETTINGS,
    idp: IdpMetadata = IDP,
    prompt: Prompt = "",
    random_bytes: Callable[[int], bytes] = secrets.token_bytes,
) -> LoginBegun:
    return begin_login(settings, idp, PARTY, SP_ENTITY_ID, PAIR, prompt, random_bytes, NOW)


def remembered(begun: LoginBegun) -> LoginTransaction:
    return read_transaction(begun.transaction, PARTY, IDP_ENTITY_ID)


def query_of(begun: LoginBegun) -> str:
    assert isinstance(begun.sending, Redirect)
    return urlsplit(begun.sending.url).query


def fields_of(begun: LoginBegun) -> dict[str, str]:
    assert isinstance(begun.sending, PostForm)
    return dict(begun.sending.fields)


def request_of(begun: LoginBegun) -> etree._Element:
    if isinstance(begun.sending, PostForm):
        return etree.fromstring(b64decode(fields_of(begun)["SAMLRequest"]))
    encoded = dict(parse_qsl(query_of(begun)))["SAMLRequest"]
    return etree.fromstring(OneLogin_Saml2_Utils.decode_base64_and_inflate(encoded))


def attributes(element: etree._Element) -> dict[str, str]:
    return {str(name): str(value) for name, value in element.attrib.items()}


def test_the_request_says_what_is_wanted_and_where_from() -> None:
    begun = begin()
    request = request_of(begun)

    assert request.tag == f"{{{names.PROTOCOL}}}AuthnRequest"
    assert attributes(request) == {
        "ID": remembered(begun).request_id,
        "Version": "2.0",
        "IssueInstant": "2027-01-15T08:00:00Z",
        "Destination": BY_REDIRECT.url,
        "AssertionConsumerServiceURL": ACS_URL,
        "ProtocolBinding": names.BY_POST,
    }
    assert request.findtext("saml:Issuer", "", names.NS) == SP_ENTITY_ID
    policy = request.find("samlp:NameIDPolicy", names.NS)
    assert policy is not None
    assert attributes(policy) == {"AllowCreate": "true", "Format": names.NAMEID_FORMATS["persistent"]}


@pytest.mark.parametrize("idp", [IDP, POST_ONLY], ids=["redirect", "post"])
@pytest.mark.parametrize("settings", [SETTINGS, UNSIGNED], ids=["signed", "unsigned"])
def test_it_fits_the_schema(idp: IdpMetadata, settings: SamlSettings) -> None:
    octets = etree.tostring(request_of(begin(settings, idp, "login")))

    assert not isinstance(OneLogin_Saml2_XML.validate_xml(octets, "saml-schema-protocol-2.0.xsd"), str)


def test_redirect_goes_before_post_and_is_signed_in_the_query() -> None:
    begun = begin()

    assert isinstance(begun.sending, Redirect)
    assert begun.sending.url.startswith("https://idp.example.com/sso?tenant=1&SAMLRequest=")
    octets, state = read_signed(query_of(begun), "SAMLRequest", [PAIR.certificate])
    assert state == begun.state
    assert b"Signature" not in octets


def test_where_only_post_is_taken_the_form_carries_an_enveloped_signature() -> None:
    begun = begin(idp=POST_ONLY)
    certificate = PAIR.certificate.public_bytes(Encoding.PEM).decode()

    assert isinstance(begun.sending, PostForm)
    assert begun.sending.url == BY_POST.url
    assert request_of(begun).get("Destination") == BY_POST.url
    assert fields_of(begun).keys() == {"SAMLRequest", "RelayState"}
    assert fields_of(begun)["RelayState"] == begun.state
    octets = b64decode(fields_of(begun)["SAMLRequest"])
    assert OneLogin_Saml2_Utils.validate_sign(octets, certificate, xpath="/samlp:AuthnRequest/ds:Signature")


@pytest.mark.parametrize(
    ("sign", "wants", "signed"),
    [(True, False, True), (False, True, True), (True, True, True), (False, False, False)],
    ids=["we-sign", "they-want", "both", "neither"],
)
def test_it_is_signed_where_either_side_wants_that(*, sign: bool, wants: bool, signed: bool) -> None:
    settings = SETTINGS if sign else UNSIGNED
    redirected = begin(settings, msgspec.structs.replace(IDP, wants_signed_requests=wants))
    posted = begin(settings, msgspec.structs.replace(POST_ONLY, wants_signed_requests=wants))

    assert ("Signature=" in query_of(redirected)) is signed
    assert (request_of(posted).find("ds:Signature", names.NS) is not None) is signed


@pytest.mark.parametrize(
    ("prompt", "configured", "forced"),
    [("", False, False), ("login", False, True), ("select_account", False, True), ("", True, True)],
    ids=["plain", "login", "select-account", "configured"],
)
def test_a_new_authentication_is_asked_for_where_it_is_needed(
    *, prompt: Prompt, configured: bool, forced: bool
) -> None:
    begun = begin(msgspec.structs.replace(SETTINGS, force_authn=configured), prompt=prompt)

    assert request_of(begun).get("ForceAuthn") == ("true" if forced else None)
    assert (remembered(begun).force_authn, remembered(begun).requested_at) == (forced, NOW)


def test_an_unspecified_nameid_is_asked_for_without_a_format() -> None:
    begun = begin(msgspec.structs.replace(SETTINGS, nameid_format="unspecified"))
    policy = request_of(begun).find("samlp:NameIDPolicy", names.NS)

    assert policy is not None
    assert attributes(policy) == {"AllowCreate": "true"}


def test_state_and_id_are_secrets_of_one_login() -> None:
    one, other = begin(), begin()

    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", one.state)
    assert re.fullmatch(r"_[A-Za-z0-9_-]{32,}", remembered(one).request_id)
    assert one.state != other.state
    assert remembered(one).request_id != remembered(other).request_id


def test_an_answer_that_lost_its_state_leads_back_by_the_id_that_it_answers() -> None:
    begun = begin()
    response = Response(request_id=remembered(begun).request_id)
    field = ("SAMLResponse", b64encode(SamlIdentityProvider().response(response)).decode())

    assert state_of_answer([field, ("RelayState", "https://evil.example.com/")]) == begun.state
    assert state_of_answer([field]) == begun.state


def test_the_state_and_the_transaction_do_not_show_themselves() -> None:
    begun = begin()

    assert begun.state not in repr(begun) + repr(begun.sending) + repr(remembered(begun))


def test_a_provider_without_addresses_is_misconfigured() -> None:
    with pytest.raises(LoginError) as caught:
        begin(idp=msgspec.structs.replace(IDP, sso=()))

    assert caught.value.reason == "provider_misconfigured"


def test_a_login_is_read_back_for_its_own_provider_and_address_only() -> None:
    begun = begin()
    elsewhere = msgspec.structs.replace(PARTY, answer=ACS_URL.replace("app", "wiki"))

    assert remembered(begun).state == begun.state
    for party, issuer, words in (
        (PARTY, "https://other.example.com", "another provider"),
        (elsewhere, IDP_ENTITY_ID, "another address"),
    ):
        with pytest.raises(LoginError, match=words) as caught:
            read_transaction(begun.transaction, party, issuer)
        assert caught.value.reason == "invalid_response"


@given(st.binary(max_size=200) | st.integers(0, 400).map(lambda cut: begin().transaction[:cut]))
def test_whatever_is_handed_back_is_read_or_refused(payload: bytes) -> None:
    with contextlib.suppress(LoginError):
        assert read_transaction(payload, PARTY, IDP_ENTITY_ID).acs_url == ACS_URL
