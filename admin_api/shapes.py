"""The objects of the API, member by member, and how they are made from the store's records.

Member names are the contract (a client reads each of them), so every member is always there and only what the
contract allows is null. Knows no HTTP beyond the addresses of things.
"""

from datetime import UTC, datetime

import msgspec

from session_store import (
    ApiToken,
    Context,
    Endpoint,
    Location,
    SessionView,
    UserAgent,
    UserView,
    edge_id,
    route_id,
)


class Ref(msgspec.Struct, frozen=True, kw_only=True):
    """A pointer to another object."""

    id: str
    uri: str


class IdentityProvider(msgspec.Struct, frozen=True, kw_only=True):
    """Where a user signs in: the display name, and the issuer."""

    name: str
    url: str


class OwnUser(msgspec.Struct, frozen=True, kw_only=True):
    """What a user has beyond the compatible members; ``sessions`` counts live application sessions."""

    sessions: int
    email_verified: bool
    blocked: bool
    blocked_until: str | None


class ApplicationUser(msgspec.Struct, frozen=True, kw_only=True):
    """One person at one identity provider."""

    id: str
    uri: str
    identity_provider: IdentityProvider
    provider_user_id: str
    username: str
    email: str
    name: str
    created_at: str
    last_active: str
    last_login: str
    outerward: OwnUser


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an address is; degrees and kilometres."""

    country_code: str | None
    latitude: float | None
    longitude: float | None
    lat_long_radius_km: int | None


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A browser as it describes itself."""

    raw: str
    browser_name: str
    browser_version: str
    device_type: str
    os_name: str
    os_version: str


class Browser(msgspec.Struct, frozen=True, kw_only=True):
    """From where and with what the latest request came."""

    user_agent: Device
    ip_address: str
    location: Place | None


class SessionUser(msgspec.Struct, frozen=True, kw_only=True):
    """What people call the user of a session; "" where it is not known."""

    name: str
    username: str
    email: str


class OwnSession(msgspec.Struct, frozen=True, kw_only=True):
    """What a session has beyond the compatible members; ``network`` is its address's kind.

    ``flags`` names what any of its accesses was marked with. ``ended_…`` are null as long as it is live.
    """

    tunnel: str
    provider: str
    user: SessionUser
    requests: int
    network: str
    flags: tuple[str, ...]
    ended_at: str | None
    ended_reason: str | None
    ended_by: str | None


class ApplicationSession(msgspec.Struct, frozen=True, kw_only=True):
    """One browser session at one endpoint."""

    id: str
    uri: str
    public_url: str
    browser_session: Browser
    application_user: Ref
    endpoint: Ref
    edge: Ref | None
    route: Ref | None
    created_at: str
    last_active: str
    expires_at: str
    outerward: OwnSession


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """An API token without its secret; one without ``expires_at`` holds until it is deleted.

    ``last_used`` is to the minute, null where it never was.
    """

    id: str
    uri: str
    name: str
    scope: str
    created_at: str
    expires_at: str | None
    last_used: str | None


class NewToken(Token, frozen=True, kw_only=True):
    """A token as its creator sees it, once: ``token`` is the secret."""

    token: str


class TokenList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of tokens."""

    tokens: list[Token]
    uri: str
    next_page_uri: str | None


def timestamp(at_ms: int) -> str:
    """RFC 3339 in UTC, whole seconds."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_or_null(at_ms: int | None) -> str | None:
    """``timestamp``, where there is a time."""
    return None if at_ms is None else timestamp(at_ms)


class Shapes:
    """Makes the objects; their addresses begin with the configured public URL."""

    def __init__(self, public_url: str) -> None:
        self._root = public_url.rstrip("/")

    def uri(self, *segments: str) -> str:
        """The absolute address of what is at ``segments``."""
        return "/".join((self._root, *segments))

    def user(self, view: UserView) -> ApplicationUser:
        """The user in ``view``."""
        user, principal = view.user, view.user.principal
        return ApplicationUser(
            id=user.id,
            uri=self.uri("app", "users", user.id),
            identity_provider=IdentityProvider(name=user.provider_name, url=principal.issuer),
            provider_user_id=principal.subject,
            username=principal.username,
            email=principal.email,
            name=principal.name,
            created_at=timestamp(user.created_at),
            last_active=timestamp(view.last_active),
            last_login=timestamp(user.last_login),
            outerward=OwnUser(
                sessions=view.sessions,
                email_verified=principal.email_verified,
                blocked=view.block is not None,
                blocked_until=time_or_null(view.block.until if view.block is not None else None),
            ),
        )

    def session(self, view: SessionView) -> ApplicationSession:
        """The application session in ``view``."""
        session, activity, endpoint = view.session, view.activity, view.session.endpoint
        edge, route = self.edge_and_route(endpoint)
        return ApplicationSession(
            id=session.id,
            uri=self.uri("app", "sessions", session.id),
            public_url=endpoint.public_url,
            browser_session=_browser(activity.context),
            application_user=Ref(id=session.user_id, uri=self.uri("app", "users", session.user_id)),
            endpoint=self.endpoint_ref(endpoint),
            edge=edge,
            route=route,
            created_at=timestamp(session.created_at),
            last_active=timestamp(activity.last_active),
            expires_at=timestamp(session.expires_at),
            outerward=_own_session(view),
        )

    def endpoint_ref(self, endpoint: Endpoint) -> Ref:
        """Where ``endpoint`` is."""
        return Ref(id=endpoint.id, uri=self.uri("endpoints", endpoint.id))

    def edge_and_route(self, endpoint: Endpoint) -> tuple[Ref | None, Ref | None]:
        """The edge and the route that ``endpoint`` is, where it is one."""
        if endpoint.edge is None:
            return None, None
        edge, route = edge_id(endpoint.edge), route_id(endpoint.edge, endpoint.path_prefix or "")
        return (
            Ref(id=edge, uri=self.uri("edges", edge)),
            Ref(id=route, uri=self.uri("edges", edge, "routes", route)),
        )

    def token(self, token: ApiToken, last_used: int | None = None) -> Token:
        """``token`` without its secret; ``last_used`` in Unix ms."""
        return Token(
            id=token.id,
            uri=self.uri("tokens", token.id),
            name=token.name,
            scope=token.scope,
            created_at=timestamp(token.created_at),
            expires_at=time_or_null(token.expires_at),
            last_used=time_or_null(last_used),
        )

    def new_token(self, token: ApiToken, secret: str) -> NewToken:
        """``token`` with its secret, for the one answer that shows it."""
        return NewToken(**msgspec.structs.asdict(self.token(token)), token=secret)


def _own_session(view: SessionView) -> OwnSession:
    activity, ended = view.activity, view.ended
    principal = view.session.principal
    return OwnSession(
        tunnel=view.session.endpoint.tunnel,
        provider=principal.provider,
        user=SessionUser(name=principal.name, username=principal.username, email=principal.email),
        requests=activity.requests,
        network=activity.context.network,
        flags=activity.flags,
        ended_at=None if ended is None else timestamp(ended.at),
        ended_reason=None if ended is None else ended.reason.value,
        ended_by=None if ended is None else ended.by,
    )


def _browser(context: Context) -> Browser:
    return Browser(
        user_agent=device_shape(context.user_agent),
        ip_address=context.ip_address,
        location=place_shape(context.location),
    )


def device_shape(agent: UserAgent) -> Device:
    """The browser ``agent``."""
    return Device(
        raw=agent.raw,
        browser_name=agent.browser_name,
        browser_version=agent.browser_version,
        device_type=agent.device_type,
        os_name=agent.os_name,
        os_version=agent.os_version,
    )


def place_shape(location: Location | None) -> Place | None:
    """Where ``location`` is, as far as that is known."""
    if location is None:
        return None
    return Place(
        country_code=location.country_code,
        latitude=location.latitude,
        longitude=location.longitude,
        lat_long_radius_km=location.radius_km,
    )
