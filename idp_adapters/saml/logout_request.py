"""LogoutRequest, both ways: ours to end the provider's session, the provider's to end ours.

SAML Core §3.7.1, Profiles §4.4. Pure. A request that comes in is read only from octets that were verified,
and says which names end; whether there are such sessions is the store's to know.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from lxml import etree

from idp_adapters.provider import LoginError, LogoutBegun, LogoutDemand, RelyingParty, Replay
from idp_adapters.saml import names
from idp_adapters.saml.assertion import exact_name
from idp_adapters.saml.authn_request import SECRET_BYTES
from idp_adapters.saml.decryption import decrypt_assertion, undecipherable
from idp_adapters.saml.gate import read_message
from idp_adapters.saml.keys import KeyPair
from idp_adapters.saml.logout_checks import MAX_AGE_S, check_head, invalid
from idp_adapters.saml.logout_memory import LogoutReply, LogoutTransaction
from idp_adapters.saml.logout_names import all_name, index_name
from idp_adapters.saml.metadata import IdpMetadata, endpoint_by
from idp_adapters.saml.sending import new_id, send, written_time
from idp_adapters.saml.strict_xml import read_tree
from idp_adapters.saml.times import SKEW_S, check_not_over, optional_instant

MAX_INDEXES = 100
"""How many SessionIndex one request may name."""
MAX_DECRYPTED_ID = 16 * 1024
USER = "urn:oasis:names:tc:SAML:2.0:logout:user"

_SAML = f"{{{names.ASSERTION}}}"
_SAMLP = f"{{{names.PROTOCOL}}}"
_IDENTIFIERS = (f"{_SAML}NameID", f"{_SAML}EncryptedID")
_PARTS = {f"{_SAML}Issuer", f"{{{names.DSIG}}}Signature", f"{_SAMLP}Extensions", f"{_SAMLP}SessionIndex"}


def logout_request(
    name_id: str,
    name_id_format: str,
    session_index: str,
    idp: IdpMetadata,
    party: RelyingParty,
    entity_id: str,
    pair: KeyPair,
    random_bytes: Callable[[int], bytes],
    now: float,
) -> LogoutBegun | None:
    """Ask ``idp`` to end its session of ``name_id``, always signed; None where it takes no such requests.

    An empty ``name_id_format`` or ``session_index`` is left out; without an index all of that person's end.
    """
    endpoint = endpoint_by(idp.slo, names.BY_REDIRECT)
    if endpoint is None:
        return None
    state = urlsafe_b64encode(random_bytes(SECRET_BYTES)).rstrip(b"=").decode("ascii")
    transaction = LogoutTransaction(
        request_id=new_id(random_bytes), idp_entity_id=idp.entity_id, logout_url=party.logout
    )
    request = etree.Element(
        f"{_SAMLP}LogoutRequest",
        nsmap={"samlp": names.PROTOCOL, "saml": names.ASSERTION},
        ID=transaction.request_id,
        Version="2.0",
        IssueInstant=written_time(now),
        NotOnOrAfter=written_time(now + MAX_AGE_S),
        Destination=endpoint.url,
        Reason=USER,
    )
    etree.SubElement(request, f"{_SAML}Issuer").text = entity_id
    subject = etree.SubElement(request, f"{_SAML}NameID")
    subject.text = name_id
    if name_id_format:
        subject.set("Format", name_id_format)
    if session_index:
        etree.SubElement(request, f"{_SAMLP}SessionIndex").text = session_index
    sending = send(request, endpoint.binding, endpoint.url, "SAMLRequest", state, pair)
    return LogoutBegun(sending=sending, state=state, transaction=msgspec.msgpack.encode(transaction))


def read_logout_request(
    octets: bytes,
    idp: IdpMetadata,
    party: RelyingParty,
    now: float,
    *,
    binding: str,
    relay_state: str,
    entity_id: str,
    private_keys: Sequence[RSAPrivateKey] = (),
    allow_cbc: bool = False,
) -> LogoutDemand:
    """What ``idp`` demands in ``octets``, whose signature was verified; they are all that is looked at.

    ``binding`` and ``relay_state`` are for the answer, ``private_keys`` for an encrypted NameID. Raises
    LoginError: *invalid_response*, *clock_skew*, *expired*, *invalid_token*.
    """
    request = read_message(octets, "LogoutRequest")
    instant = check_head(request, idp, party, now)
    check_not_over(optional_instant(request.get("NotOnOrAfter"), "NotOnOrAfter"), now, "the logout's end")
    identifier = _name_id(request, private_keys, allow_cbc)
    if identifier.get("SPNameQualifier", entity_id) != entity_id:
        raise invalid("its NameID is for another service provider")
    name_id = exact_name(identifier)
    indexes = [exact_name(each) for each in request.findall(f"{_SAMLP}SessionIndex")]
    if len(indexes) > MAX_INDEXES:
        raise invalid(f"it names more than {MAX_INDEXES} sessions")
    message_id = request.get("ID", "")
    reply = LogoutReply(
        request_id=message_id, relay_state=relay_state, binding=binding, idp_entity_id=idp.entity_id
    )
    return LogoutDemand(
        names=tuple(dict.fromkeys(index_name(name_id, each) for each in indexes)) or (all_name(name_id),),
        replay=Replay(
            key=f"logout {len(idp.entity_id)} {idp.entity_id} {message_id}",
            until=instant + MAX_AGE_S + SKEW_S,
        ),
        reply=msgspec.msgpack.encode(reply),
    )


def _name_id(
    request: etree._Element, private_keys: Sequence[RSAPrivateKey], allow_cbc: bool
) -> etree._Element:
    """The one NameID of ``request``; whatever else stands in it than the schema has is refused."""
    rest = [child for child in request if child.tag not in _PARTS]
    if len(rest) != 1 or rest[0].tag not in _IDENTIFIERS:
        raise invalid("it names not exactly one person by a NameID, or holds more than it may")
    (identifier,) = rest
    if identifier.tag == f"{_SAML}NameID":
        return identifier
    return _decrypted(identifier, private_keys, allow_cbc)


def _decrypted(
    encrypted: etree._Element, private_keys: Sequence[RSAPrivateKey], allow_cbc: bool
) -> etree._Element:
    octets = decrypt_assertion(encrypted, private_keys, allow_cbc)
    try:
        name_id = read_tree(octets, limit=MAX_DECRYPTED_ID)
    except LoginError:
        raise undecipherable() from None
    if name_id.tag != f"{_SAML}NameID":
        raise undecipherable()
    return name_id
