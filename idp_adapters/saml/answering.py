"""Which login an answer says that it answers, before anything of it is verified.

Pure, and believed by nobody: it only finds the login that the answer is then compared with, byte for byte.
"""

import re

from idp_adapters.provider import LoginError, Parameters
from idp_adapters.saml.gate import MAX_ENCODED, decode_base64

_STATE = re.compile(r"[A-Za-z0-9_-]{43}")
_ANSWERED = re.compile(rb"""\bInResponseTo\s{0,9}=\s{0,9}["']_([A-Za-z0-9_-]{43})["']""")


def request_id_of(state: str) -> str:
    """The ID of the request with this ``state``: an ID may not begin with a digit (XML Schema, NCName)."""
    return f"_{state}"


def state_of_answer(parameters: Parameters) -> str:
    """The state in the RelayState, or else in the ID of the request that is answered; "" where neither is.

    Providers lose a RelayState, or put an address of their own in its place; as an address it is never read.
    """
    values = dict(parameters)
    relay_state = values.get("RelayState", "")
    if _STATE.fullmatch(relay_state):
        return relay_state
    try:
        answered = _ANSWERED.search(decode_base64(values.get("SAMLResponse", ""), MAX_ENCODED))
    except LoginError:
        return ""
    return answered[1].decode("ascii") if answered else ""
