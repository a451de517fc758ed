"""How to register with a provider and what to paste: the text of ``idp guide``, and our own addresses."""

from outerward.guides.addresses import (
    callback_of,
    dashboard_origin_of,
    edge_port_of,
    origins_of,
    scopes_of,
    to_register,
)
from outerward.guides.kinds import ALIASES, GUIDES, Guide
from outerward.guides.text import Told, block, guide_text, secret_variable

__all__ = [
    "ALIASES",
    "GUIDES",
    "Guide",
    "Told",
    "block",
    "callback_of",
    "dashboard_origin_of",
    "edge_port_of",
    "guide_text",
    "origins_of",
    "scopes_of",
    "secret_variable",
    "to_register",
]
