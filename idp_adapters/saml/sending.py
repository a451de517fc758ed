"""A message of ours on its way by the browser: in a query, or in a form that posts itself.

SAML Bindings §3.4 and §3.5. Pure. Knows neither what a message says nor who it is for.
"""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime

from lxml import etree

from idp_adapters.provider import PostForm, Redirect, Sending
from idp_adapters.saml import names
from idp_adapters.saml.keys import KeyPair
from idp_adapters.saml.redirect_binding import encode
from idp_adapters.saml.signing import sign

ID_BYTES = 20
"""160 bits, as Core §1.3.4 recommends."""


def send(
    message: etree._Element, binding: str, url: str, parameter: str, relay_state: str, signer: KeyPair | None
) -> Sending:
    """``message`` by ``binding`` to ``url``, signed as that binding has it unless ``signer`` is None.

    An empty ``relay_state`` is left out.
    """
    if binding == names.BY_REDIRECT:
        return Redirect(encode(url, parameter, etree.tostring(message), relay_state, signer))
    octets = etree.tostring(message, encoding="utf-8") if signer is None else sign(message, signer)
    fields = [(parameter, b64encode(octets).decode("ascii"))]
    if relay_state:
        fields.append(("RelayState", relay_state))
    return PostForm(url, tuple(fields))


def new_id(random_bytes: Callable[[int], bytes]) -> str:
    """An ID for a message, from ``random_bytes`` of a given length; it may not begin with a digit."""
    return f"_{random_bytes(ID_BYTES).hex()}"


def written_time(now: float) -> str:
    """``now``, Unix time in seconds, as our messages say it: to the second, in UTC (Core §1.3.3)."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
