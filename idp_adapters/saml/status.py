"""What a provider says when it did not do what it was asked for (SAML Core §3.2.2)."""

from typing import Final

from lxml import etree

from idp_adapters.provider import LoginError
from idp_adapters.saml.assertion import child_of
from idp_adapters.saml.gate import only_child
from idp_adapters.saml.names import PROTOCOL, SUCCESS

_STATUS: Final = "urn:oasis:names:tc:SAML:2.0:status:"
_DENIED: Final = frozenset(
    f"{_STATUS}{name}" for name in ("AuthnFailed", "RequestDenied", "NoPassive", "UnknownPrincipal")
)
"""Where the person or the provider's rules said no, not its software."""


def check_status(message: etree._Element) -> None:
    """Raise LoginError unless ``message`` tells of success: *denied*, or *provider_error* with the codes."""
    codes = status_codes(message)
    if codes[0] != SUCCESS:
        detail = ", ".join(code.removeprefix(_STATUS)[:60] for code in codes)
        raise LoginError("denied" if _DENIED.intersection(codes) else "provider_error", f"status {detail!a}")


def status_codes(message: etree._Element) -> list[str]:
    """The status code of ``message`` and the one below it, if any. Raises LoginError (*invalid_response*)."""
    outer = child_of(child_of(message, "Status", PROTOCOL), "StatusCode", PROTOCOL)
    inner = only_child(outer, f"{{{PROTOCOL}}}StatusCode")
    return [code.get("Value", "") for code in (outer, inner) if code is not None]
