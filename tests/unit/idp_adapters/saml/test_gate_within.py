"""What the gate refuses in what was decrypted, and in messages that are no Response."""

import pytest
from lxml import etree

from idp_adapters.provider import LoginError
from idp_adapters.saml import response
from idp_adapters.saml.gate import read_assertion, read_message
from idp_adapters.saml.names import DSIG, DSIG11, PROTOCOL
from tests.support.saml_attacks import ATTACKS
from tests.support.saml_messages import expected
from tests.support.saml_victim import Victim

VICTIM = Victim()
WITHIN = [name for name in ATTACKS if "inner signature" in name and "stranger" not in name]


def test_the_catalogue_has_attacks_within() -> None:
    assert WITHIN


@pytest.mark.parametrize("name", WITHIN)
def test_saml_40_what_was_decrypted_goes_through_the_gate_before_it_is_verified(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified: list[object] = []
    monkeypatch.setattr(response, "verified_octets", lambda element, _: verified.append(element))
    with pytest.raises(LoginError):
        response.verify_response(ATTACKS[name](VICTIM), expected(VICTIM.idp))
    assert verified == []


def test_no_assertion_stands_in_a_message_about_a_logout() -> None:
    message = VICTIM.idp.logout_tree(VICTIM.logout)
    assertion = VICTIM.tree().find("{*}Assertion")
    assert assertion is not None
    message.append(assertion)
    with pytest.raises(LoginError, match="invalid_response"):
        read_message(etree.tostring(message), "LogoutRequest")


@pytest.mark.parametrize("name", ["KeyInfoReference", "DEREncodedKeyValue"])
def test_a_key_that_lies_elsewhere_is_never_referred_to(name: str) -> None:
    root = VICTIM.tree()
    info = root.find(f".//{{{DSIG}}}KeyInfo")
    assert info is not None
    etree.SubElement(info, f"{{{DSIG11}}}{name}", URI="file:///etc/hostname")
    with pytest.raises(LoginError, match=name):
        read_message(etree.tostring(root), "Response")


def test_a_message_alone_is_no_assertion() -> None:
    with pytest.raises(LoginError, match="not an Assertion"):
        read_assertion(f'<r xmlns="{PROTOCOL}"/>'.encode())
