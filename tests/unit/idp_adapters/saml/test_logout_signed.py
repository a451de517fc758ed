"""Who signed a logout message: the provider, by the binding it came by, over what is read."""

import pytest
from lxml import etree

from idp_adapters.provider import LogoutMessage
from idp_adapters.saml import names
from tests.support.saml_crypto import Signing
from tests.support.saml_logout import (
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
    Logout,
    Response,
    SamlIdentityProvider,
    redirect_query,
    sp_key,
)

SAML = f"{{{names.ASSERTION}}}"
SAMLP = f"{{{names.PROTOCOL}}}"
GOOD = Logout()
FOREIGN = SamlIdentityProvider(key=sp_key())


@pytest.mark.parametrize("message", both_ways(Logout(sign=False)), ids=["post", "redirect"])
def test_saml_34_an_unsigned_logout_request_ends_nothing(message: LogoutMessage) -> None:
    assert refusal(message).reason == "invalid_token"


@pytest.mark.parametrize(
    "message",
    [posted(FOREIGN.logout(GOOD)), redirected(FOREIGN.logout_query(GOOD))],
    ids=["post", "redirect"],
)
def test_saml_11_a_key_that_the_message_brings_along_does_not_count(message: LogoutMessage) -> None:
    assert refusal(message).reason == "invalid_token"


def test_each_binding_wants_its_own_signature() -> None:
    in_query = redirect_query("SAMLRequest", PROVIDER.logout(GOOD), None, None)
    plain = posted(PROVIDER.logout(Logout(sign=False)))
    beside = [pair for pair in redirected(PROVIDER.logout_query(GOOD)).parameters if pair[0] != "SAMLRequest"]
    in_form = LogoutMessage(channel="post", parameters=[*plain.parameters, *beside])

    assert refusal(redirected(in_query)).reason == "invalid_token"
    assert refusal(in_form).reason == "invalid_token"


def test_what_was_verified_is_read_from_the_query_and_not_from_the_parameters() -> None:
    other = redirected(PROVIDER.logout_query(Logout(name_id="eve"))).parameters
    message = LogoutMessage(channel="redirect", parameters=other, raw_query=PROVIDER.logout_query(GOOD))

    assert demand(message).names == demand(posted(PROVIDER.logout(GOOD))).names


@pytest.mark.parametrize("old", [b">ada<", b'"_logout"', b">_session<", PARTY.logout.encode()])
def test_what_was_changed_after_signing_is_refused(old: bytes) -> None:
    octets = PROVIDER.logout(GOOD)
    changed = octets.replace(old, old[:2] + b"x" + old[2:], 1)

    assert changed != octets
    assert refusal(posted(changed)).reason in ("invalid_token", "invalid_response")


def test_saml_25_weak_methods_are_called_by_their_name() -> None:
    sha1 = Signing(algorithm=f"{names.DSIG}rsa-sha1")

    assert refusal(posted(PROVIDER.logout(Logout(signing=sha1)))).reason == "weak_signature"
    query = PROVIDER.logout_query(GOOD, algorithm=f"{names.DSIG}rsa-sha1")
    assert refusal(redirected(query)).reason == "weak_signature"


def captured_assertion() -> etree._Element:
    return child(PROVIDER.response_tree(Response(sign="assertion")), f"{SAML}Assertion")


def test_saml_06_a_captured_signed_assertion_makes_no_logout_request() -> None:
    assertion = captured_assertion()
    signature = child(assertion, f"{{{names.DSIG}}}Signature")
    wrapped, carried, hidden, moved = (PROVIDER.logout_tree(Logout(sign=False)) for _ in range(4))
    wrapped.append(captured_assertion())
    etree.SubElement(carried, f"{SAMLP}Extensions").append(captured_assertion())
    etree.SubElement(etree.SubElement(hidden, f"{SAMLP}Extensions"), "x").append(captured_assertion())
    moved.insert(1, signature)
    moved.append(assertion)

    for forged in (wrapped, carried, hidden, moved):
        error = refusal(posted(etree.tostring(forged)))
        assert error.reason in ("invalid_token", "invalid_response")


def test_a_signed_request_wrapped_into_anothers_is_not_the_one_that_counts() -> None:
    signed = PROVIDER.logout_tree(GOOD)
    evil = PROVIDER.logout_tree(Logout(id="_evil", name_id="eve", sign=False))
    extensions = etree.Element(f"{SAMLP}Extensions")
    extensions.append(signed)
    evil.insert(1, extensions)
    assert refusal(posted(etree.tostring(evil))).reason == "invalid_response"

    moved = PROVIDER.logout_tree(Logout(id="_evil", name_id="eve", sign=False))
    moved.insert(1, child(PROVIDER.logout_tree(GOOD), f"{{{names.DSIG}}}Signature"))
    assert refusal(posted(etree.tostring(moved))).reason == "invalid_token"


def test_another_kind_of_signed_message_is_no_logout() -> None:
    response = PROVIDER.response(Response(sign="both"))

    assert refusal(posted(response)).reason == "invalid_response"
    assert refusal(posted(PROVIDER.logout(Logout(in_response_to="_1")))).reason == "invalid_response"
