"""What was verified is all that is read: here the verification gives back other octets than were sent."""

from typing import Literal

import pytest
from lxml import etree

from idp_adapters.saml import response, second_opinion
from tests.support.saml_crypto import Encryption
from tests.support.saml_messages import Response, SamlIdentityProvider, certificate_of, expected, sp_key

_IDP = SamlIdentityProvider()


def _given_back(element: etree._Element, _: object) -> bytes:
    """What would have been covered: of the same kind as ``element``, unsigned, with another name."""
    octets = _IDP.response(Response(name_id="covered", sign="neither"))
    if element.tag.endswith("Response"):
        return octets
    assertion = etree.fromstring(octets).find("{*}Assertion")
    assert assertion is not None
    return etree.tostring(assertion)


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_nothing_is_read_but_the_octets_that_verification_gave_back(
    monkeypatch: pytest.MonkeyPatch,
    sign: Literal["assertion", "response", "both"],
    *,
    encrypted: bool,
) -> None:
    monkeypatch.setattr(response, "verified_octets", _given_back)
    monkeypatch.setattr(second_opinion, "agree", lambda *_: None)
    encryption = Encryption(certificate_of(sp_key())) if encrypted else None
    octets = _IDP.response(Response(name_id="sent", sign=sign, encryption=encryption))

    assert response.verify_response(octets, expected(_IDP)).name_id == "covered"
