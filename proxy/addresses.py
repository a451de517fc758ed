"""Our own addresses on every protected host: the reserved prefix, its aliases, and links to them.

Everything here is a path; the origin in front of it comes from the configuration, never from a request.
"""

from typing import Final
from urllib.parse import quote

from idp_adapters import ProtocolName
from proxy.problems import Link

LOGIN_PATH: Final = "/.outerward/login"
LOGOUT_PATH: Final = "/.outerward/logout"
SIGNED_OUT_PATH: Final = "/.outerward/signed-out"
SESSIONS_PATH: Final = "/.outerward/sessions"
JWKS_PATH: Final = "/.outerward/jwks.json"
SIGNED_OUT_PARTLY: Final = f"{SIGNED_OUT_PATH}?partly"

ALIASES: Final = {"/ngrok/login": LOGIN_PATH, "/ngrok/logout": LOGOUT_PATH}
"""Addresses of the system that users come from, and what they mean here."""


def callback_path(provider: str) -> str:
    """Where ``provider`` sends the browser back to; a distinct one for each (RFC 9700 §4.4.2.2)."""
    return "/.outerward/callback/" + quote(provider, safe="")


def saml_path(provider: str, what: str) -> str:
    """Where SAML speaks with ``provider``: its ``metadata``, ``acs``, ``slo`` or ``finish``."""
    return f"/.outerward/saml/{quote(provider, safe='')}/{what}"


def finish_path(provider: str, protocol: ProtocolName) -> str:
    """Where a browser comes with its cookie once its answer was verified."""
    return saml_path(provider, "finish") if protocol == "saml" else callback_path(provider) + "/finish"


def backchannel_logout_path(provider: str) -> str:
    """Where ``provider`` itself tells of the end of its sessions (OpenID Back-Channel Logout 1.0)."""
    return "/.outerward/backchannel-logout/" + quote(provider, safe="")


def frontchannel_logout_path(provider: str) -> str:
    """Where ``provider`` lets a browser's frame tell of it (OpenID Front-Channel Logout 1.0)."""
    return "/.outerward/frontchannel-logout/" + quote(provider, safe="")


def login_path(return_path: str) -> str:
    """Where a login begins that comes back to ``return_path``."""
    return f"{LOGIN_PATH}?redirect_path={quote(return_path, safe='/')}"


def logout_path(return_path: str | None) -> str:
    """Where a session ends; ``return_path`` None means the page that says so."""
    return (
        LOGOUT_PATH if return_path is None else f"{LOGOUT_PATH}?redirect_path={quote(return_path, safe='/')}"
    )


def sign_in(return_path: str, origin: str = "") -> Link:
    """To the provider, which may let the visitor through without asking; ``origin`` is another host's."""
    return Link("Sign in", origin + login_path(return_path))


def sign_in_with(provider: str, label: str, return_path: str, *, anew: bool, other: bool) -> Link:
    """To one of several providers; ``anew`` and ``other`` as the visitor asked before choosing."""
    account = "&account=other" if other else ""
    href = f"{login_path(return_path)}{account}&provider={quote(provider, safe='')}"
    return Link(f"Sign in with {label}", href, post=anew or other)


def sign_in_again(return_path: str) -> Link:
    """To the provider, which is asked to authenticate anew."""
    return Link("Sign in again", login_path(return_path), post=True)


def switch_account(return_path: str = "/") -> Link:
    """Out of this session, and to the provider's choice of accounts."""
    return Link("Sign in as someone else", login_path(return_path) + "&account=other", post=True)
