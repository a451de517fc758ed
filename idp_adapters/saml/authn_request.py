"""The way out: the AuthnRequest, and what must be remembered until its answer.

SAML Core §3.4.1, Profiles §4.1.4.1, Bindings §3.4 and §3.5. Pure; only the operator's configuration and the
provider's metadata build the request, nothing of it comes from a visitor.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable

import msgspec
from lxml import etree

from idp_adapters.provider import LoginBegun, LoginError, Prompt, RelyingParty
from idp_adapters.saml import names
from idp_adapters.saml.answering import request_id_of
from idp_adapters.saml.keys import KeyPair
from idp_adapters.saml.metadata import IdpMetadata, endpoint_by
from idp_adapters.saml.sending import send, written_time
from idp_adapters.saml.settings import SamlSettings

SECRET_BYTES = 32
"""The state: 256 bits, 43 characters of the 80 that a RelayState may have (Bindings §3.4.3)."""


class LoginTransaction(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag_field="type",
    tag="saml-login-1",
):
    """One login under way. Bound to the browser and taken out once by whoever keeps it.

    ``idp_entity_id`` and ``acs_url`` are those of the request, so that an answer from another provider or to
    another host finds no login here. ``requested_at`` is Unix time in seconds; where ``force_authn`` is set,
    the person must have been authenticated after it.
    """

    state: str
    request_id: str
    idp_entity_id: str
    acs_url: str
    requested_at: float
    force_authn: bool

    def __repr__(self) -> str:
        return f"LoginTransaction(idp_entity_id={self.idp_entity_id!r}, ...)"


def begin_login(
    settings: SamlSettings,
    idp: IdpMetadata,
    party: RelyingParty,
    entity_id: str,
    pair: KeyPair,
    prompt: Prompt,
    random_bytes: Callable[[int], bytes],
    now: float,
) -> LoginBegun:
    """Make the request for one login, with a state and an id of its own, at ``now`` in Unix time.

    Any ``prompt`` asks for a new authentication: SAML has no picker of accounts.
    """
    state = urlsafe_b64encode(random_bytes(SECRET_BYTES)).rstrip(b"=").decode("ascii")
    transaction = LoginTransaction(
        state=state,
        request_id=request_id_of(state),
        idp_entity_id=idp.entity_id,
        acs_url=party.answer,
        requested_at=now,
        force_authn=bool(prompt) or settings.force_authn,
    )
    endpoint = endpoint_by(idp.sso, names.BY_REDIRECT)
    if endpoint is None:
        raise LoginError("provider_misconfigured", "the provider has no address for logins")
    request = _request(transaction, endpoint.url, entity_id, settings)
    signer = pair if settings.sign_requests or idp.wants_signed_requests else None
    sending = send(request, endpoint.binding, endpoint.url, "SAMLRequest", transaction.state, signer)
    return LoginBegun(
        sending=sending, state=transaction.state, transaction=msgspec.msgpack.encode(transaction)
    )


def read_transaction(payload: bytes, party: RelyingParty, idp_entity_id: str) -> LoginTransaction:
    """Read back what ``begin_login`` gave to remember.

    Raises LoginError (*invalid_response*) when it belongs to another provider or another address of ours.
    """
    try:
        transaction = msgspec.msgpack.decode(payload, type=LoginTransaction)
    except (msgspec.DecodeError, ValueError):
        raise LoginError("invalid_response", "no login under way in this form") from None
    if transaction.idp_entity_id != idp_entity_id:
        raise LoginError("invalid_response", "the login was begun with another provider")
    if transaction.acs_url != party.answer:
        raise LoginError("invalid_response", "the answer came to another address than was asked for")
    return transaction


def _request(
    transaction: LoginTransaction, destination: str, entity_id: str, settings: SamlSettings
) -> etree._Element:
    request = etree.Element(
        f"{{{names.PROTOCOL}}}AuthnRequest",
        nsmap={"samlp": names.PROTOCOL, "saml": names.ASSERTION},
        ID=transaction.request_id,
        Version="2.0",
        IssueInstant=written_time(transaction.requested_at),
        Destination=destination,
        AssertionConsumerServiceURL=transaction.acs_url,
        ProtocolBinding=names.BY_POST,
    )
    if transaction.force_authn:
        request.set("ForceAuthn", "true")
    etree.SubElement(request, f"{{{names.ASSERTION}}}Issuer").text = entity_id
    policy = etree.SubElement(request, f"{{{names.PROTOCOL}}}NameIDPolicy", AllowCreate="true")
    if settings.nameid_format != "unspecified":
        policy.set("Format", names.NAMEID_FORMATS[settings.nameid_format])
    return request
