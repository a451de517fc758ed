"""What holds of every logout message that comes in, request and answer alike: from whom, to whom, and when.

SAML Core §3.2, Profiles §4.4. Pure. Judges elements that were read from verified octets, and nothing else.
"""

from lxml import etree

from idp_adapters.provider import LoginError, RelyingParty
from idp_adapters.saml import names
from idp_adapters.saml.assertion import text_of
from idp_adapters.saml.gate import only_child
from idp_adapters.saml.metadata import IdpMetadata
from idp_adapters.saml.times import read_instant

MAX_AGE_S = 300
"""How far the IssueInstant may be from now, either way."""
ENTITY = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
MAX_ID = 256
_ISSUER = f"{{{names.ASSERTION}}}Issuer"


def check_head(message: etree._Element, idp: IdpMetadata, party: RelyingParty, now: float) -> float:
    """Refuse ``message`` unless ``idp`` made it for ``party.logout`` at about ``now``.

    Returns its IssueInstant in Unix time. Raises LoginError: *invalid_response*, *clock_skew* for one from
    the future, *expired* for one that is too old.
    """
    if message.get("Version") != "2.0":
        raise invalid("its Version is not 2.0")
    if not 0 < len(message.get("ID", "")) <= MAX_ID:
        raise invalid("it has no ID, or one that cannot be")
    if message.get("Destination") != party.logout:
        raise invalid(f"its Destination is {message.get('Destination', '')[:100]!a}, not {party.logout}")
    issuer = only_child(message, _ISSUER)
    if issuer is None or text_of(issuer) != idp.entity_id or issuer.get("Format", ENTITY) != ENTITY:
        raise invalid("its Issuer is not the provider that is configured")
    return _fresh_instant(message, now)


def _fresh_instant(message: etree._Element, now: float) -> float:
    instant = read_instant(message.get("IssueInstant"), "logout message: its IssueInstant")
    ahead = instant - now
    if ahead > MAX_AGE_S:
        detail = f"logout message: its IssueInstant is {ahead:.0f} s ahead of our clock"
        raise LoginError("clock_skew", detail, skew_s=ahead)
    if -ahead > MAX_AGE_S:
        raise LoginError("expired", f"logout message: it is {-ahead:.0f} s old ({MAX_AGE_S} s are allowed)")
    return instant


def invalid(detail: str) -> LoginError:
    """A logout message that is not one for us."""
    return LoginError("invalid_response", f"logout message: {detail}")
