"""The objects of the API, member by member."""

import json
from typing import Any

import msgspec
import pytest

from admin_api.access_shapes import access_shape
from admin_api.block_shapes import block_shape
from admin_api.shapes import Shapes, timestamp
from session_store import (
    Access,
    Activity,
    ApiToken,
    ApplicationSession,
    Block,
    Context,
    CookieHash,
    EndedHow,
    Endpoint,
    EndReason,
    Flag,
    IdSource,
    Location,
    Principal,
    SessionView,
    User,
    UserAgent,
    UserView,
    edge_id,
    endpoint_id,
    route_id,
    user_tag,
)

IDS = IdSource()
USER, SESSION = IDS.user(), IDS.session()
SHAPES = Shapes("https://admin.example/")
ADA = Principal(provider="corp", issuer="https://id.example", subject="42")
ENDED = ("ended_at", "ended_reason", "ended_by")
NOON_MS = 1_700_000_000_999
NOON = "2023-11-14T22:13:20Z"
WIKI = Endpoint(id=endpoint_id("wiki"), public_url="https://wiki.example", tunnel="wiki")
ROUTE = Endpoint(
    id=endpoint_id("apps/wiki"),
    public_url="https://apps.example/wiki",
    tunnel="wiki",
    edge="apps",
    path_prefix="/wiki",
)


def plain(shape: msgspec.Struct) -> dict[str, Any]:
    members: dict[str, Any] = json.loads(msgspec.json.encode(shape))
    return members


def session(
    endpoint: Endpoint = WIKI,
    context: Context | None = None,
    flags: tuple[str, ...] = (),
    ended: EndedHow | None = None,
) -> dict[str, Any]:
    record = ApplicationSession(
        id=SESSION,
        cookie_hash=CookieHash(b"c" * 32),
        endpoint=endpoint,
        user_id=USER,
        user_tag=user_tag(ADA.issuer, ADA.subject),
        principal=ADA,
        created_at=NOON_MS,
        expires_at=NOON_MS + 1000,
        idle_timeout_s=0,
    )
    seen = Activity(
        last_active=NOON_MS, requests=41, context=context or Context(ip_address="192.0.2.1"), flags=flags
    )
    return plain(SHAPES.session(SessionView(record, seen, ended)))


def user(block: Block | None = None) -> dict[str, Any]:
    record = User(
        id=USER,
        tag=user_tag(ADA.issuer, ADA.subject),
        provider_name="Example Corp",
        principal=ADA,
        created_at=NOON_MS,
        last_login=NOON_MS,
    )
    return plain(SHAPES.user(UserView(record, NOON_MS, 3, block)))


def block(until: int | None) -> Block:
    return Block(
        user_id=USER,
        provider_name="Example Corp",
        principal=ADA,
        reason="left",
        by="token:owtok_1",
        at=NOON_MS,
        until=until,
    )


@pytest.mark.parametrize(
    ("at_ms", "text"), [(0, "1970-01-01T00:00:00Z"), (999, "1970-01-01T00:00:00Z"), (NOON_MS, NOON)]
)
def test_times_are_whole_seconds_in_utc(at_ms: int, text: str) -> None:
    assert timestamp(at_ms) == text


def test_a_user_has_exactly_the_documented_members() -> None:
    assert user() == {
        "id": USER,
        "uri": f"https://admin.example/app/users/{USER}",
        "identity_provider": {"name": "Example Corp", "url": "https://id.example"},
        "provider_user_id": "42",
        "username": "",
        "email": "",
        "name": "",
        "created_at": NOON,
        "last_active": NOON,
        "last_login": NOON,
        "outerward": {"sessions": 3, "email_verified": False, "blocked": False, "blocked_until": None},
    }


def test_a_session_of_a_tunnel_has_exactly_the_documented_members() -> None:
    agent = UserAgent(raw="raw", browser_name="Chrome", browser_version="131.0.0", device_type="Desktop")
    assert session(context=Context(ip_address="2001:db8::1", user_agent=agent)) == {
        "id": SESSION,
        "uri": f"https://admin.example/app/sessions/{SESSION}",
        "public_url": "https://wiki.example",
        "browser_session": {
            "user_agent": {
                "raw": "raw",
                "browser_name": "Chrome",
                "browser_version": "131.0.0",
                "device_type": "Desktop",
                "os_name": "Other",
                "os_version": "",
            },
            "ip_address": "2001:db8::1",
            "location": None,
        },
        "application_user": {"id": USER, "uri": f"https://admin.example/app/users/{USER}"},
        "endpoint": {"id": WIKI.id, "uri": f"https://admin.example/endpoints/{WIKI.id}"},
        "edge": None,
        "route": None,
        "created_at": NOON,
        "last_active": NOON,
        "expires_at": "2023-11-14T22:13:21Z",
        "outerward": {
            "tunnel": "wiki",
            "provider": "corp",
            "user": {"name": "", "username": "", "email": ""},
            "requests": 41,
            "network": "",
            "flags": [],
            "ended_at": None,
            "ended_reason": None,
            "ended_by": None,
        },
    }


def test_a_session_that_is_over_says_when_why_and_by_whom() -> None:
    how = EndedHow(EndReason.SESSION_LIMIT, "time", NOON_MS)
    assert [session(ended=how)["outerward"][name] for name in ENDED] == [NOON, "session_limit", "time"]


def test_a_session_names_what_its_accesses_were_marked_with() -> None:
    assert session(flags=("new_device", "new_country"))["outerward"]["flags"] == ["new_device", "new_country"]


@pytest.mark.parametrize(("until", "shown"), [(None, None), (NOON_MS, NOON)], ids=["for good", "until noon"])
def test_a_user_who_is_blocked_says_until_when(until: int | None, shown: str | None) -> None:
    outerward = user(block(until))["outerward"]
    assert (outerward["blocked"], outerward["blocked_until"]) == (True, shown)


@pytest.mark.parametrize(("until", "shown"), [(None, None), (NOON_MS, NOON)], ids=["for good", "until noon"])
def test_a_block_has_exactly_the_documented_members(until: int | None, shown: str | None) -> None:
    assert plain(block_shape(block(until), SHAPES)) == {
        "user_id": USER,
        "uri": f"https://admin.example/app/users/{USER}/block",
        "identity_provider": {"name": "Example Corp", "url": "https://id.example"},
        "provider_user_id": "42",
        "username": "",
        "email": "",
        "name": "",
        "until": shown,
        "reason": "left",
        "blocked_at": NOON,
        "blocked_by": "token:owtok_1",
    }


def test_an_access_has_exactly_the_documented_members() -> None:
    access = Access(
        context=Context(ip_address="192.0.2.1", network="public", location=Location(country_code="CH")),
        first_seen=NOON_MS - 1000,
        last_seen=NOON_MS,
        requests=2,
        flags=(Flag(name="new_country", reason="CH, not seen before"),),
    )
    assert plain(access_shape(access)) == {
        "first_seen": "2023-11-14T22:13:19Z",
        "last_seen": NOON,
        "requests": 2,
        "ip_address": "192.0.2.1",
        "network": "public",
        "location": {
            "country_code": "CH",
            "latitude": None,
            "longitude": None,
            "lat_long_radius_km": None,
        },
        "user_agent": {
            "raw": "",
            "browser_name": "Other",
            "browser_version": "",
            "device_type": "Other",
            "os_name": "Other",
            "os_version": "",
        },
        "flags": [{"name": "new_country", "reason": "CH, not seen before"}],
    }


def test_a_session_of_a_route_refers_to_its_edge_and_route() -> None:
    edge, route = edge_id("apps"), route_id("apps", "/wiki")
    shown = session(ROUTE)
    assert shown["edge"] == {"id": edge, "uri": f"https://admin.example/edges/{edge}"}
    assert shown["route"] == {"id": route, "uri": f"https://admin.example/edges/{edge}/routes/{route}"}
    assert shown["endpoint"]["id"] == ROUTE.id


def test_a_place_has_all_members_even_where_little_is_known() -> None:
    place = Location(country_code="CH", latitude=46.9, longitude=7.4, radius_km=20)
    for location, shown in (
        (place, {"country_code": "CH", "latitude": 46.9, "longitude": 7.4, "lat_long_radius_km": 20}),
        (Location(), dict.fromkeys(("country_code", "latitude", "longitude", "lat_long_radius_km"))),
    ):
        context = Context(ip_address="192.0.2.1", location=location)
        assert session(context=context)["browser_session"]["location"] == shown


def test_a_token_shows_its_secret_to_its_maker_only() -> None:
    token = ApiToken(id="owtok_1", name="n", scope="read", created_at=NOON_MS)
    shown = plain(SHAPES.token(token))
    assert shown == {
        "id": "owtok_1",
        "uri": "https://admin.example/tokens/owtok_1",
        "name": "n",
        "scope": "read",
        "created_at": NOON,
        "expires_at": None,
        "last_used": None,
    }
    assert plain(SHAPES.new_token(token, "owt_secret")) == {**shown, "token": "owt_secret"}
