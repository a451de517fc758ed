"""The whole decision about a logout message: from how it came to what it demands or answers.

SAML Bindings §3.4 and §3.5, Profiles §4.4. Pure. A signature is always required: on the query as it came, or
on the root of the posted message; nothing is read but what it covers.
"""

from collections import Counter
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from idp_adapters.provider import (
    LoginError,
    LogoutDemand,
    LogoutDone,
    LogoutMessage,
    Parameters,
    RelyingParty,
)
from idp_adapters.saml import gate, names
from idp_adapters.saml.logout_checks import check_head, invalid
from idp_adapters.saml.logout_names import all_name, index_name
from idp_adapters.saml.logout_request import logout_request, read_logout_request
from idp_adapters.saml.logout_response import logout_response, read_logout_response
from idp_adapters.saml.metadata import IdpMetadata
from idp_adapters.saml.redirect_binding import read_signed
from idp_adapters.saml.signature import verified_octets

__all__ = [
    "all_name",
    "index_name",
    "logout_request",
    "logout_response",
    "read_logout_request",
    "read_logout_response",
    "read_message",
]

MAX_RELAY_STATE = 1024
"""Characters that are given back to a provider; the specification allows it 80 bytes (Bindings §3.4.3)."""
_ROOTS = {"SAMLRequest": "LogoutRequest", "SAMLResponse": "LogoutResponse"}


def read_message(
    message: LogoutMessage,
    idp: IdpMetadata,
    party: RelyingParty,
    now: float,
    *,
    entity_id: str,
    private_keys: Sequence[RSAPrivateKey] = (),
    allow_cbc: bool = False,
) -> LogoutDemand | LogoutDone:
    """Verify ``message`` of ``idp`` to us, ``entity_id`` at ``party.logout``, at ``now`` in Unix time.

    Raises LoginError: *invalid_response* where it is none or not for us, *invalid_token* and *weak_signature*
    where its signature does not count, *clock_skew*, *expired*, *unsolicited* for an answer to nothing.
    """
    parameter = _parameter(message.parameters)
    if message.channel == "redirect":
        binding = names.BY_REDIRECT
        octets, relay_state = read_signed(message.raw_query, parameter, idp.certificates)
    elif message.channel == "post":
        binding = names.BY_POST
        octets, relay_state = _posted(message.parameters, parameter, idp, party, now)
    else:
        raise invalid("it came by another way than SAML has")
    if len(relay_state) > MAX_RELAY_STATE:
        raise invalid(f"its RelayState is longer than {MAX_RELAY_STATE} characters")
    if parameter == "SAMLRequest":
        return read_logout_request(
            octets,
            idp,
            party,
            now,
            binding=binding,
            relay_state=relay_state,
            entity_id=entity_id,
            private_keys=private_keys,
            allow_cbc=allow_cbc,
        )
    if message.transaction is None:
        raise LoginError("unsolicited", "logout message: an answer to no logout of ours")
    return read_logout_response(octets, message.transaction, idp, party, now)


def _parameter(parameters: Parameters) -> str:
    times = Counter(name for name, _ in parameters)
    doubled = [name for name in (*_ROOTS, "RelayState") if times[name] > 1]
    if doubled:
        raise invalid(f"given more than once: {', '.join(doubled)}")
    given = [name for name in _ROOTS if times[name]]
    if len(given) != 1:
        raise invalid("neither a request nor an answer, or both")
    return given[0]


def _posted(
    parameters: Parameters, parameter: str, idp: IdpMetadata, party: RelyingParty, now: float
) -> tuple[bytes, str]:
    """The octets that the signature of the posted message covers, and its RelayState.

    What it says of itself is looked at before as well: that costs little, and a signature much.
    """
    values = dict(parameters)
    root = gate.read_message(gate.decode_base64(values[parameter], gate.MAX_ENCODED), _ROOTS[parameter])
    check_head(root, idp, party, now)
    return verified_octets(root, idp.certificates), values.get("RelayState", "")
