"""What a filter may say, sentence by sentence: the examples that people copy."""

from dataclasses import replace

import msgspec
import pytest

from session_store.ids import edge_id, endpoint_id, route_id
from session_store.lifecycle import EndReason
from session_store.query import parse_filter
from session_store.records import (
    Activity,
    ApplicationSession,
    Block,
    Context,
    CookieHash,
    Endpoint,
    Location,
    Principal,
    User,
    UserAgent,
    UserTag,
)
from session_store.views import EndedHow, SessionView, UserView
from tests.unit.session_store.query.rows import made_at

AT_MS = 1_769_860_800_999
"""2026-01-31T12:00:00.999Z, which the API shows as 12:00:00."""

IDS = made_at(AT_MS, 7)
PRINCIPAL = Principal(
    provider="okta",
    issuer="https://id.example.com",
    subject="00u1",
    username="ada",
    name="Ada Lovelace",
    email="ada@example.com",
    email_verified=True,
)
USER = User(
    id=IDS.user(),
    tag=UserTag("tag"),
    provider_name="Okta EU",
    principal=PRINCIPAL,
    created_at=AT_MS,
    last_login=AT_MS,
)
SESSION = SessionView(
    ApplicationSession(
        id=IDS.session(),
        cookie_hash=CookieHash(b"\1" * 32),
        endpoint=Endpoint(
            id=endpoint_id("web/w"),
            public_url="https://web.example.com",
            tunnel="wiki",
            edge="web",
            path_prefix="/w",
        ),
        user_id=USER.id,
        user_tag=USER.tag,
        principal=PRINCIPAL,
        created_at=AT_MS,
        expires_at=AT_MS + 1000,
        idle_timeout_s=0,
        provider_name="Okta EU",
    ),
    Activity(
        last_active=AT_MS,
        requests=41,
        context=Context(
            ip_address="10.1.2.3",
            user_agent=UserAgent(browser_name="Chrome", os_name="Windows", device_type="Desktop"),
            location=Location(country_code="DE", latitude=52.5),
            network="lan",
        ),
        flags=("new_device",),
    ),
)
NOWHERE = replace(SESSION, activity=msgspec.structs.replace(SESSION.activity, context=Context(ip_address="")))
ENDED = replace(SESSION, ended=EndedHow(EndReason.LOGOUT, "root", AT_MS))
VIEW = UserView(USER, AT_MS, 3)
BLOCKED = UserView(
    USER,
    AT_MS,
    0,
    Block(
        user_id=USER.id,
        provider_name="Okta EU",
        principal=PRINCIPAL,
        reason="",
        by="root",
        at=AT_MS,
        until=AT_MS,
    ),
)

TRUE_OF_SESSION = {
    "country": 'obj.country_code == "DE"',
    "country by its path": 'obj.browser_session.location.country_code == "DE"',
    "single quotation marks": "obj.country_code == 'DE'",
    "value first": '"DE" == obj.country_code',
    "brackets around both": '(obj.country_code) == ("DE")',
    "one of some": 'obj.country_code in ["FR", "DE"]',
    "another": 'obj.country_code != "FR"',
    "and": 'obj.country_code == "DE" && obj.tunnel == "wiki"',
    "or": 'obj.country_code == "FR" || obj.tunnel == "wiki"',
    "and binds more than or": 'obj.tunnel == "wiki" || obj.tunnel == "a" && obj.tunnel == "b"',
    "brackets bind most": '!((obj.tunnel == "wiki" || obj.tunnel == "a") && obj.tunnel == "b")',
    "not twice": '!!(obj.tunnel == "wiki")',
    "a name begins": 'obj.name.startsWith("Ada")',
    "a name has": 'obj.name.contains("Love")',
    "case counts": '!obj.name.contains("love")',
    "an address begins": 'obj.ip_address.startsWith("10.1.")',
    "a network": 'inCidr(obj.ip_address, "10.0.0.0/8")',
    "a network by the path": 'inCidr(obj.browser_session.ip_address, "10.1.2.3/32")',
    "an address spelt as IPv6": 'obj.ip_address == "::ffff:10.1.2.3"',
    "a network spelt as IPv6": 'inCidr(obj.ip_address, "::ffff:10.0.0.0/104")',
    "the second shown": 'obj.created_at == timestamp("2026-01-31T12:00:00Z")',
    "not later than the second shown": '!(obj.created_at > timestamp("2026-01-31T12:00:00Z"))',
    "before a part of it": 'obj.created_at < timestamp("2026-01-31T12:00:00.001Z")',
    "before the smallest part of it": 'obj.created_at < timestamp("2026-01-31T12:00:00.0000001Z")',
    "another zone": 'obj.last_active == timestamp("2026-01-31T14:30:00+02:30")',
    "small letters": 'obj.last_active == timestamp("2026-01-31t12:00:00z")',
    "one of some times": 'obj.last_active in [timestamp("2026-01-31T12:00:00Z")]',
    "a number": "obj.outerward.requests >= 41 && obj.outerward.requests < 41.5",
    "a negative number": "obj.browser_session.location.latitude > -1",
    "a flag": '"new_device" in obj.outerward.flags',
    "no flag": '!("new_country" in obj.outerward.flags)',
    "the shown name of the provider": 'obj.identity_provider == "Okta EU"',
    "the configured one": 'obj.outerward.provider == "okta"',
    "an edge by name": 'obj.edge == "web"',
    "an edge by id": f'obj.edge.id == "{edge_id("web")}"',
    "a route by id": f'obj.route.id == "{route_id("web", "/w")}"',
    "a route": "obj.route != null",
    "a user": f'obj.application_user.id == "{USER.id}"',
    "an escape": 'obj.country_code == "\\x44\\u0045" && obj.tunnel == "w\\151ki"',
    "true": "true",
    "not false": "!false",
    "white space": '\n\tobj . country_code==\r\n"DE" ',
}
FALSE_OF_NOWHERE = {
    "equality": 'obj.country_code == "DE"',
    "a list": 'obj.country_code in ["DE"]',
    "a beginning": 'obj.country_code.startsWith("")',
    "less": "obj.browser_session.location.latitude < 100",
    "more": "obj.browser_session.location.latitude > -100",
    "a network": 'inCidr(obj.ip_address, "0.0.0.0/0")',
    "a missing address, which the API shows as an empty text": "obj.ip_address == null",
}
TRUE_OF_NOWHERE = {
    "null": "obj.country_code == null",
    "null in a list": 'obj.country_code in ["DE", null]',
    "the whole location": "obj.browser_session.location == null",
    "another": 'obj.country_code != "DE"',
    "the opposite of less": "!(obj.browser_session.location.latitude < 100)",
    "an empty address": 'obj.ip_address == ""',
}
TRUE_OF_BLOCKED = {
    "blocked": "obj.outerward.blocked",
    "blocked, in full": "obj.outerward.blocked == true",
    "verified": "obj.outerward.email_verified && !(obj.outerward.sessions > 0)",
    "until": 'obj.outerward.blocked_until == timestamp("2026-01-31T12:00:00Z")',
    "provider": 'obj.identity_provider == "Okta EU" && obj.identity_provider.name.startsWith("Okta")',
    "issuer": 'obj.identity_provider.url == "https://id.example.com"',
    "subject": 'obj.provider_user_id in ["00u1"]',
    "login": 'obj.last_login <= timestamp("2026-01-31T12:00:00Z")',
}


def cases(table: dict[str, str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("text", table.values(), ids=table.keys())


@cases(TRUE_OF_SESSION)
def test_a_filter_holds_for_the_session_that_it_describes(text: str) -> None:
    assert parse_filter(text, "sessions").matches(SESSION)
    assert not parse_filter(f"!({text})", "sessions").matches(SESSION)


@cases(FALSE_OF_NOWHERE)
def test_no_comparison_but_with_null_holds_for_what_is_missing(text: str) -> None:
    assert not parse_filter(text, "sessions").matches(NOWHERE)
    assert parse_filter(f"!({text})", "sessions").matches(NOWHERE)


@cases(TRUE_OF_NOWHERE)
def test_what_is_missing_is_null_and_different_from_everything_else(text: str) -> None:
    assert parse_filter(text, "sessions").matches(NOWHERE)


@cases(TRUE_OF_BLOCKED)
def test_a_filter_holds_for_the_user_whom_it_describes(text: str) -> None:
    assert parse_filter(text, "users").matches(BLOCKED)


def test_a_user_without_a_block_is_not_blocked() -> None:
    assert not parse_filter("obj.outerward.blocked", "users").matches(VIEW)
    assert parse_filter("obj.outerward.blocked_until == null", "users").matches(VIEW)


def test_an_ended_session_is_found_by_its_end_too() -> None:
    how = 'obj.ended_reason == "logout" && obj.ended_by == "root"'
    text = f'{how} && obj.ended_at > timestamp("2026-01-01T00:00:00Z")'
    assert parse_filter(text, "ended").matches(ENDED)


def test_a_session_of_an_older_version_is_found_by_the_configured_name_of_its_provider() -> None:
    older = replace(SESSION, session=msgspec.structs.replace(SESSION.session, provider_name=""))
    assert parse_filter('obj.identity_provider == "okta"', "sessions").matches(older)
