"""LogoutResponse, both ways: our answer to the provider's demand, the provider's to ours.

SAML Core §3.7.2, Profiles §4.4. Pure. An answer that comes in is read only from octets that were verified.
"""

from collections.abc import Callable

from lxml import etree

from idp_adapters.provider import LogoutDone, RelyingParty, Sending
from idp_adapters.saml import names
from idp_adapters.saml.gate import only_child, read_message
from idp_adapters.saml.keys import KeyPair
from idp_adapters.saml.logout_checks import check_head, invalid
from idp_adapters.saml.logout_memory import read_logout_reply, read_logout_transaction
from idp_adapters.saml.metadata import IdpMetadata, endpoint_by
from idp_adapters.saml.sending import new_id, send, written_time

_SAMLP = f"{{{names.PROTOCOL}}}"


def logout_response(
    reply: bytes,
    idp: IdpMetadata,
    party: RelyingParty,
    entity_id: str,
    pair: KeyPair,
    random_bytes: Callable[[int], bytes],
    now: float,
) -> Sending | None:
    """Answer the demand that ``reply`` is of, which was carried out, always signed.

    None where ``idp`` takes no answers. Raises LoginError (*invalid_response*) for another's ``reply``.
    """
    demand = read_logout_reply(reply)
    if demand.idp_entity_id != idp.entity_id:
        raise invalid("the demand to answer is another provider's")
    endpoint = endpoint_by(idp.slo, demand.binding)
    if endpoint is None:
        return None
    response = etree.Element(
        f"{_SAMLP}LogoutResponse",
        nsmap={"samlp": names.PROTOCOL, "saml": names.ASSERTION},
        ID=new_id(random_bytes),
        InResponseTo=demand.request_id,
        Version="2.0",
        IssueInstant=written_time(now),
        Destination=endpoint.response_url,
    )
    etree.SubElement(response, f"{{{names.ASSERTION}}}Issuer").text = entity_id
    status = etree.SubElement(response, f"{_SAMLP}Status")
    etree.SubElement(status, f"{_SAMLP}StatusCode", Value=names.SUCCESS)
    return send(response, endpoint.binding, endpoint.response_url, "SAMLResponse", demand.relay_state, pair)


def read_logout_response(
    octets: bytes, transaction: bytes, idp: IdpMetadata, party: RelyingParty, now: float
) -> LogoutDone:
    """What ``idp`` answers in ``octets``, whose signature was verified, to the logout of ``transaction``.

    Anything but plain success, a partial logout too, is not ``everywhere``. Raises LoginError:
    *invalid_response*, *clock_skew*, *expired*.
    """
    request = read_logout_transaction(transaction)
    if request.idp_entity_id != idp.entity_id or request.logout_url != party.logout:
        raise invalid("the logout was begun with another provider or from another address")
    response = read_message(octets, "LogoutResponse")
    check_head(response, idp, party, now)
    if response.get("InResponseTo") != request.request_id:
        raise invalid("it answers another request")
    status = only_child(response, f"{_SAMLP}Status")
    code = None if status is None else only_child(status, f"{_SAMLP}StatusCode")
    if code is None:
        raise invalid("it has no status")
    return LogoutDone(everywhere=code.get("Value") == names.SUCCESS and not len(code))
