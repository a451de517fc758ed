"""Rows to filter, drawn from few values so that conditions meet them, and what the API would show of each."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from session_store.ids import IdSource, edge_id, endpoint_id, route_id
from session_store.lifecycle import EndReason
from session_store.records import (
    Activity,
    ApplicationSession,
    Block,
    Context,
    CookieHash,
    Endpoint,
    Location,
    Milliseconds,
    Principal,
    User,
    UserAgent,
    UserTag,
    user_tag,
)
from session_store.views import EndedHow, SessionView, UserView

NOW_MS = 1_800_000_000_000
NAMES = ["", "Ada Lovelace", "ada", "Grace  Hopper", "Strauß", 'the "quoted" \\ name', "zoë"]
PROVIDERS = ["Google", "Okta", "Okta EU", "corp"]
COUNTRIES = ["DE", "DK", "FR"]
ADDRESSES = ["10.0.0.1", "10.0.255.7", "10.1.2.3", "192.0.2.7", "2001:db8::1", "2001:db8:0:1::2", ""]
BROWSERS = ["Chrome", "Mobile Safari", "Other"]
TUNNELS = ["wiki", "wiki-test", "git"]
EDGES = ["web", None]
FLAGS = [(), ("new_device",), ("new_device", "new_country")]

times_ms = st.integers(NOW_MS - 6000, NOW_MS) | st.integers(NOW_MS - 40 * 86_400_000, NOW_MS)


def make_endpoint(tunnel: str, edge: str | None) -> Endpoint:
    name = tunnel if edge is None else f"{edge}/{tunnel}"
    return Endpoint(
        id=endpoint_id(name),
        public_url=f"https://{edge or tunnel}.example.com",
        tunnel=tunnel,
        edge=edge,
        path_prefix=None if edge is None else f"/{tunnel}",
    )


ENDPOINTS = [make_endpoint(tunnel, edge) for tunnel in TUNNELS for edge in EDGES]

principals = st.builds(
    Principal,
    provider=st.sampled_from(["corp", "okta"]),
    issuer=st.just("https://id.example.com"),
    subject=st.sampled_from(["1", "2", "Ada"]),
    username=st.sampled_from(NAMES),
    name=st.sampled_from(NAMES),
    email=st.sampled_from(["", "ada@example.com", "Grace@Example.COM"]),
    email_verified=st.booleans(),
)
locations = st.none() | st.builds(
    Location,
    country_code=st.none() | st.sampled_from(COUNTRIES),
    latitude=st.none() | st.sampled_from([0.0, 51.5, -12.25]),
    longitude=st.none() | st.sampled_from([0.0, 7.5]),
    radius_km=st.none() | st.sampled_from([0, 5, 100]),
)
contexts = st.builds(
    Context,
    ip_address=st.sampled_from(ADDRESSES),
    user_agent=st.builds(
        UserAgent,
        raw=st.sampled_from(["", "Mozilla/5.0"]),
        browser_name=st.sampled_from(BROWSERS),
        browser_version=st.sampled_from(["", "131.0.0"]),
        device_type=st.sampled_from(["Desktop", "Mobile"]),
        os_name=st.sampled_from(["Windows", "Mac OS X"]),
        os_version=st.sampled_from(["", "10"]),
    ),
    location=locations,
    network=st.sampled_from(["", "public", "lan"]),
)


def made_at(created_at: Milliseconds, number: int) -> IdSource:
    """A source whose next id is of this time, and different for each number."""
    return IdSource(now_s=lambda: created_at / 1000, random_bytes=lambda count: number.to_bytes(count, "big"))


@st.composite
def sessions(draw: st.DrawFn) -> SessionView:
    principal = draw(principals)
    created = draw(times_ms)
    return SessionView(
        ApplicationSession(
            id=made_at(created, draw(st.integers(0, 1 << 64))).session(),
            cookie_hash=CookieHash(b"\1" * 32),
            endpoint=draw(st.sampled_from(ENDPOINTS)),
            user_id=made_at(NOW_MS, draw(st.integers(0, 5))).user(),
            user_tag=user_tag(principal.issuer, principal.subject),
            principal=principal,
            created_at=created,
            expires_at=draw(times_ms) + 86_400_000,
            idle_timeout_s=0,
            provider_name=draw(st.sampled_from([*PROVIDERS, ""])),
        ),
        Activity(
            last_active=max(created, draw(times_ms)),
            requests=draw(st.sampled_from([0, 1, 10, 4000])),
            context=draw(contexts),
            flags=draw(st.sampled_from(FLAGS)),
        ),
    )


@st.composite
def ended_sessions(draw: st.DrawFn) -> SessionView:
    view = draw(sessions())
    how = EndedHow(
        draw(st.sampled_from([EndReason.LOGOUT, EndReason.IDLE])),
        draw(st.sampled_from(["time", "root"])),
        max(view.activity.last_active, draw(times_ms)),
    )
    return SessionView(view.session, view.activity, how)


@st.composite
def users(draw: st.DrawFn) -> UserView:
    principal, provider = draw(principals), draw(st.sampled_from(PROVIDERS))
    created = draw(times_ms)
    login = max(created, draw(times_ms))
    user = User(
        id=made_at(created, draw(st.integers(0, 1 << 64))).user(),
        tag=UserTag("tag"),
        provider_name=provider,
        principal=principal,
        created_at=created,
        last_login=login,
    )
    until = draw(st.none() | times_ms)
    block = Block(
        user_id=user.id,
        provider_name=provider,
        principal=principal,
        reason="",
        by="root",
        at=NOW_MS,
        until=until,
    )
    return UserView(
        user,
        max(login, draw(times_ms)),
        draw(st.sampled_from([0, 1, 3])),
        block if draw(st.booleans()) else None,
    )


def shown_time(at_ms: Milliseconds) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def session_object(view: SessionView) -> dict[str, Any]:
    """The session as the API shows it, as far as a filter may ask for it."""
    session, activity = view.session, view.activity
    agent, place, endpoint = activity.context.user_agent, activity.context.location, session.endpoint
    edge = endpoint.edge
    shown: dict[str, Any] = {
        "id": session.id,
        "public_url": endpoint.public_url,
        "browser_session": {
            "user_agent": {name: getattr(agent, name) for name in agent.__struct_fields__},
            "ip_address": activity.context.ip_address,
            "location": None
            if place is None
            else {
                "country_code": place.country_code,
                "latitude": place.latitude,
                "longitude": place.longitude,
                "lat_long_radius_km": place.radius_km,
            },
        },
        "application_user": {"id": session.user_id},
        "endpoint": {"id": endpoint.id},
        "edge": None if edge is None else {"id": edge_id(edge)},
        "route": None if edge is None else {"id": route_id(edge, endpoint.path_prefix or "")},
        "created_at": shown_time(session.created_at),
        "last_active": shown_time(activity.last_active),
        "expires_at": shown_time(session.expires_at),
        "outerward": {
            "tunnel": endpoint.tunnel,
            "provider": session.principal.provider,
            "requests": activity.requests,
            "network": activity.context.network,
            "flags": list(activity.flags),
        },
        "identity_provider": session.provider_name or session.principal.provider,
        "ip_address": activity.context.ip_address,
        "country_code": place.country_code if place else None,
        "browser_name": agent.browser_name,
        "os_name": agent.os_name,
        "device_type": agent.device_type,
        "tunnel": endpoint.tunnel,
        "application_user_id": session.user_id,
        "email": session.principal.email,
        "name": session.principal.name,
        "username": session.principal.username,
        # The short name: the edge's own, beside the object of the same name, which is told apart by its id.
        "edge name": edge,
    }
    if view.ended is not None:
        shown |= {
            "ended_at": shown_time(view.ended.at),
            "ended_reason": view.ended.reason.value,
            "ended_by": view.ended.by,
        }
    return shown


def user_object(view: UserView) -> dict[str, Any]:
    """The user as the API shows one, as far as a filter may ask for it."""
    user, principal = view.user, view.user.principal
    until = view.block.until if view.block else None
    return {
        "id": user.id,
        "identity_provider": {"name": user.provider_name, "url": principal.issuer},
        "provider_user_id": principal.subject,
        "username": principal.username,
        "email": principal.email,
        "name": principal.name,
        "created_at": shown_time(user.created_at),
        "last_active": shown_time(view.last_active),
        "last_login": shown_time(user.last_login),
        "outerward": {
            "sessions": view.sessions,
            "blocked": view.block is not None,
            "blocked_until": None if until is None else shown_time(until),
            "email_verified": principal.email_verified,
        },
    }
