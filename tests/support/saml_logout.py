"""Logout messages as they reach the edge, by either binding, and the two parties of them."""

from base64 import b64encode
from urllib.parse import parse_qsl

import pytest
from lxml import etree

from idp_adapters.provider import LoginError, LogoutDemand, LogoutDone, LogoutMessage, RelyingParty
from idp_adapters.saml import names
from idp_adapters.saml.keys import KeyPair
from idp_adapters.saml.logout import read_message
from idp_adapters.saml.metadata import IdpMetadata, SamlEndpoint
from tests.support.saml_messages import (
    ACS_URL,
    IDP_ENTITY_ID,
    NOW,
    SLO_URL,
    SP_ENTITY_ID,
    Logout,
    SamlIdentityProvider,
    certificate_of,
    foreign_key,
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
BY_REDIRECT = SamlEndpoint(
    names.BY_REDIRECT, "https://idp.example.com/slo", "https://idp.example.com/slo/answer"
)
BY_POST = SamlEndpoint(names.BY_POST, "https://idp.example.com/slo/post", "https://idp.example.com/slo/post")
IDP = IdpMetadata(
    entity_id=IDP_ENTITY_ID,
    sso=(),
    slo=(BY_POST, BY_REDIRECT),
    certificates=(certificate_of(foreign_key()), certificate_of(usual_key())),
    wants_signed_requests=False,
)
"""A provider in the middle of a rollover: the second certificate is the one that signs."""

PROVIDER = SamlIdentityProvider()


def posted(
    octets: bytes, name: str = "SAMLRequest", relay_state: str | None = None, transaction: bytes | None = None
) -> LogoutMessage:
    """A form with ``octets`` in its field ``name``."""
    fields = [(name, b64encode(octets).decode())]
    if relay_state is not None:
        fields.append(("RelayState", relay_state))
    return LogoutMessage(channel="post", parameters=fields, transaction=transaction)


def redirected(query: str, transaction: bytes | None = None) -> LogoutMessage:
    """A GET with ``query``."""
    parameters = parse_qsl(query, keep_blank_values=True)
    return LogoutMessage(channel="redirect", parameters=parameters, raw_query=query, transaction=transaction)


def both_ways(options: Logout, transaction: bytes | None = None) -> list[LogoutMessage]:
    """One message by POST and by Redirect, each signed as its binding has it unless ``options`` say not."""
    name = "SAMLRequest" if options.in_response_to is None else "SAMLResponse"
    return [
        posted(PROVIDER.logout(options), name, transaction=transaction),
        redirected(PROVIDER.logout_query(options), transaction),
    ]


def child(root: etree._Element, tag: str) -> etree._Element:
    """The child of ``root`` that is called ``tag``."""
    found = root.find(tag)
    assert found is not None
    return found


def read(message: LogoutMessage, now: float = NOW) -> LogoutDemand | LogoutDone:
    """What the edge makes of ``message``."""
    return read_message(message, IDP, PARTY, now, entity_id=SP_ENTITY_ID, private_keys=[sp_key()])


def demand(message: LogoutMessage, now: float = NOW) -> LogoutDemand:
    """The demand in ``message``."""
    found = read(message, now)
    assert isinstance(found, LogoutDemand)
    return found


def refusal(message: LogoutMessage, now: float = NOW) -> LoginError:
    """How ``message`` is refused."""
    with pytest.raises(LoginError) as caught:
        read(message, now)
    return caught.value
