"""The fields that a filter can name, kind by kind: what each is called, what type it has, and how it is read.

Every member of the API's objects that is not an address of something has its JSON path; those that are
wanted often have a short name too (admin API part 2, "filter"). Times are read in whole seconds, as the API
shows them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Literal

from session_store.ids import edge_id, route_id
from session_store.query.words import provider_of
from session_store.records import Endpoint, Location, Milliseconds
from session_store.views import SessionView, UserView

Kind = Literal["sessions", "users", "ended"]
"""Which list: live sessions, users, or sessions that are over."""

Value = str | int | float | bool | tuple[str, ...] | None


class Type(Enum):
    """What a field holds, in the words of an error message."""

    TEXT = "a text"
    TIME = "a time"
    NUMBER = "a number"
    TRUTH = "true or false"
    ADDRESS = "an IP address"
    TEXTS = "a list of texts"
    OBJECT = "an object"


@dataclass(frozen=True, slots=True)
class Field:
    """One field; ``name`` is its shortest, which lookups use.

    ``indexed``: an index knows it; ``exact``: and finds no row that does not hold. ``contains``: a part of
    its text may be asked for.
    """

    name: str
    type: Type
    read: Callable[[Any], Value]
    indexed: bool = False
    exact: bool = False
    contains: bool = False


def _seconds(at: Milliseconds) -> Milliseconds:
    """As the API shows it."""
    return at // 1000 * 1000


def _route_id(endpoint: Endpoint) -> str | None:
    return None if endpoint.edge is None else route_id(endpoint.edge, endpoint.path_prefix or "")


ENDPOINT_TEXTS: Mapping[str, Callable[[Endpoint], str | None]] = {
    "tunnel": lambda endpoint: endpoint.tunnel,
    "edge": lambda endpoint: endpoint.edge,
    "public_url": lambda endpoint: endpoint.public_url,
    "endpoint.id": lambda endpoint: endpoint.id,
    "edge.id": lambda endpoint: None if endpoint.edge is None else edge_id(endpoint.edge),
    "route": _route_id,
}
"""The fields that only the endpoint decides, and what it says."""


def _of_endpoint(name: str) -> Field:
    read = ENDPOINT_TEXTS[name]
    return Field(name, Type.TEXT, lambda view: read(view.session.endpoint), indexed=True, exact=True)


def _location(view: SessionView) -> Location:
    return view.activity.context.location or Location()


_SESSION_FIELDS = {
    "id": Field("id", Type.TEXT, lambda view: view.session.id, indexed=True, exact=True),
    "identity_provider": Field(
        "identity_provider", Type.TEXT, lambda view: provider_of(view.session), indexed=True, exact=True
    ),
    "application_user_id": Field(
        "application_user_id", Type.TEXT, lambda view: view.session.user_id, indexed=True, exact=True
    ),
    "ip_address": Field(
        "ip_address", Type.ADDRESS, lambda view: view.activity.context.ip_address, indexed=True, exact=True
    ),
    "country_code": Field(
        "country_code", Type.TEXT, lambda view: _location(view).country_code, indexed=True, exact=True
    ),
    "last_active": Field(
        "last_active", Type.TIME, lambda view: _seconds(view.activity.last_active), indexed=True, exact=True
    ),
    "created_at": Field(
        "created_at", Type.TIME, lambda view: _seconds(view.session.created_at), indexed=True
    ),
    "expires_at": Field("expires_at", Type.TIME, lambda view: _seconds(view.session.expires_at)),
    "name": Field("name", Type.TEXT, lambda view: view.session.principal.name, contains=True),
    "email": Field("email", Type.TEXT, lambda view: view.session.principal.email, contains=True),
    "username": Field("username", Type.TEXT, lambda view: view.session.principal.username, contains=True),
    "browser_name": Field("browser_name", Type.TEXT, lambda v: v.activity.context.user_agent.browser_name),
    "os_name": Field("os_name", Type.TEXT, lambda view: view.activity.context.user_agent.os_name),
    "device_type": Field("device_type", Type.TEXT, lambda view: view.activity.context.user_agent.device_type),
    "browser_session.user_agent.raw": Field(
        "raw", Type.TEXT, lambda view: view.activity.context.user_agent.raw
    ),
    "browser_session.user_agent.browser_version": Field(
        "browser_version", Type.TEXT, lambda view: view.activity.context.user_agent.browser_version
    ),
    "browser_session.user_agent.os_version": Field(
        "os_version", Type.TEXT, lambda view: view.activity.context.user_agent.os_version
    ),
    "browser_session.location": Field(
        "location", Type.OBJECT, lambda view: None if view.activity.context.location is None else True
    ),
    "browser_session.location.latitude": Field(
        "latitude", Type.NUMBER, lambda view: _location(view).latitude
    ),
    "browser_session.location.longitude": Field(
        "longitude", Type.NUMBER, lambda view: _location(view).longitude
    ),
    "browser_session.location.lat_long_radius_km": Field(
        "lat_long_radius_km", Type.NUMBER, lambda view: _location(view).radius_km
    ),
    "outerward.provider": Field("provider", Type.TEXT, lambda view: view.session.principal.provider),
    "outerward.requests": Field("requests", Type.NUMBER, lambda view: view.activity.requests),
    "outerward.network": Field("network", Type.TEXT, lambda view: view.activity.context.network),
    "outerward.flags": Field("flags", Type.TEXTS, lambda view: view.activity.flags),
    **{name: _of_endpoint(name) for name in ENDPOINT_TEXTS},
}
_LONG_SESSION_NAMES = {
    "application_user.id": "application_user_id",
    "browser_session.ip_address": "ip_address",
    "browser_session.location.country_code": "country_code",
    "browser_session.user_agent.browser_name": "browser_name",
    "browser_session.user_agent.os_name": "os_name",
    "browser_session.user_agent.device_type": "device_type",
    "outerward.tunnel": "tunnel",
    "outerward.user.name": "name",
    "outerward.user.username": "username",
    "outerward.user.email": "email",
    "route.id": "route",
}
_ENDED_FIELDS = {
    "ended_at": Field("ended_at", Type.TIME, lambda view: _seconds(view.ended.at), indexed=True, exact=True),
    "ended_reason": Field("ended_reason", Type.TEXT, lambda view: view.ended.reason.value),
    "ended_by": Field("ended_by", Type.TEXT, lambda view: view.ended.by),
}
_LONG_ENDED_NAMES = {f"outerward.{name}": name for name in _ENDED_FIELDS}
_OF_ENDED = frozenset({"id", "application_user_id", "created_at"})
"""What the indexes of ended sessions know, of that which those of live ones do."""


def _blocked_until(view: UserView) -> Milliseconds | None:
    until = view.block.until if view.block is not None else None
    return None if until is None else _seconds(until)


def _of_user(name: str, read: Callable[[Any], Value], *, contains: bool = False) -> Field:
    """A text that the index of words knows, where it stands with other texts and without case."""
    return Field(name, Type.TEXT, read, indexed=True, contains=contains)


_USER_FIELDS = {
    "id": Field("id", Type.TEXT, lambda view: view.user.id, indexed=True, exact=True),
    "identity_provider": _of_user("identity_provider", lambda view: view.user.provider_name),
    "identity_provider.url": Field("url", Type.TEXT, lambda view: view.user.principal.issuer),
    "provider_user_id": _of_user("provider_user_id", lambda view: view.user.principal.subject),
    "username": _of_user("username", lambda view: view.user.principal.username, contains=True),
    "email": _of_user("email", lambda view: view.user.principal.email, contains=True),
    "name": _of_user("name", lambda view: view.user.principal.name, contains=True),
    "created_at": Field("created_at", Type.TIME, lambda view: _seconds(view.user.created_at), indexed=True),
    "last_active": Field(
        "last_active", Type.TIME, lambda view: _seconds(view.last_active), indexed=True, exact=True
    ),
    "last_login": Field("last_login", Type.TIME, lambda view: _seconds(view.user.last_login)),
    "outerward.sessions": Field("sessions", Type.NUMBER, lambda view: view.sessions),
    "outerward.blocked": Field("blocked", Type.TRUTH, lambda view: view.block is not None),
    "outerward.blocked_until": Field("blocked_until", Type.TIME, _blocked_until),
    "outerward.email_verified": Field(
        "email_verified", Type.TRUTH, lambda view: view.user.principal.email_verified
    ),
}
_LONG_USER_NAMES = {"identity_provider.name": "identity_provider"}


def _with_long_names(fields: dict[str, Field], names: dict[str, str]) -> dict[str, Field]:
    return fields | {long: fields[short] for long, short in names.items()}


def _only_indexed(fields: dict[str, Field], names: frozenset[str]) -> dict[str, Field]:
    return {
        called: field if field.name in names else replace(field, indexed=False, exact=False)
        for called, field in fields.items()
    }


_SESSIONS = _with_long_names(_SESSION_FIELDS, _LONG_SESSION_NAMES)
FIELDS: Mapping[Kind, Mapping[str, Field]] = {
    "sessions": _SESSIONS,
    "users": _with_long_names(_USER_FIELDS, _LONG_USER_NAMES),
    "ended": _only_indexed(_SESSIONS, _OF_ENDED) | _with_long_names(_ENDED_FIELDS, _LONG_ENDED_NAMES),
}
"""Each kind's fields by every name that a filter may use, without ``obj.``."""

INDEXED: Mapping[Kind, tuple[str, ...]] = {
    "sessions": (
        "application_user_id",
        "identity_provider",
        "tunnel",
        "edge",
        "ip_address",
        "country_code",
        "last_active",
        "created_at",
    ),
    "users": (
        "identity_provider",
        "provider_user_id",
        "username",
        "email",
        "name",
        "last_active",
        "created_at",
    ),
    "ended": ("application_user_id", "ended_at", "created_at"),
}
"""The fields that make a list quick to read, as an answer to a list that was not names them."""
