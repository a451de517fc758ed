"""What a filter asks of the indexes: never less than it says, and where it can, all of it."""

from ipaddress import ip_network

import pytest

from session_store.query import Kind, parse_filter
from session_store.query.lookups import Equals, Networks, Prefix, TimeRange, Union

NOON = 1_769_860_800_000
DE, FR, WIKI, GIT = (
    Equals("country_code", "DE"),
    Equals("country_code", "FR"),
    Equals("tunnel", "wiki"),
    Equals("tunnel", "git"),
)


def at(second: str) -> str:
    return f'timestamp("2026-01-31T12:00:{second}Z")'


ASKED: dict[str, tuple[str, tuple[Union, ...], bool]] = {
    "one value": ('obj.country_code == "DE"', ((DE,),), True),
    "some values": ('obj.country_code in ["DE", "FR", "DE"]', ((DE, FR),), True),
    "no value": ("obj.country_code in []", ((),), True),
    "either": ('obj.country_code == "DE" || obj.tunnel == "wiki"', ((DE, WIKI),), True),
    "both": ('obj.country_code == "DE" && obj.tunnel == "wiki"', ((DE,), (WIKI,)), True),
    "the opposite of neither": (
        '!(obj.country_code != "DE" || obj.tunnel != "wiki")',
        ((DE,), (WIKI,)),
        True,
    ),
    "the opposite of both": ('!(obj.country_code != "DE" && obj.tunnel != "wiki")', ((DE, WIKI),), True),
    "either of both": (
        'obj.country_code == "DE" && obj.tunnel == "wiki" || obj.country_code == "FR" && obj.tunnel == "git"',
        ((DE, FR), (DE, GIT), (WIKI, FR), (WIKI, GIT)),
        True,
    ),
    "one with what no index knows": ('obj.country_code == "DE" && obj.name.contains("a")', ((DE,),), False),
    "either with what no index knows": ('obj.country_code == "DE" || obj.name.contains("a")', (), False),
    "another": ('obj.country_code != "DE"', (), False),
    "no country": ("obj.country_code == null", (), False),
    "no edge": ("obj.edge == null", ((Equals("edge", None),),), True),
    "no edge or one": ('obj.edge in [null, "web"]', ((Equals("edge", None), Equals("edge", "web")),), True),
    "an empty text, which no index has": ('obj.country_code == ""', (), False),
    "a beginning": ('obj.identity_provider.startsWith("Go")', ((Prefix("identity_provider", "Go"),),), True),
    "an empty beginning": ('obj.identity_provider.startsWith("")', (), False),
    "whole octets": (
        'obj.ip_address.startsWith("10.20.")',
        ((Networks((ip_network("10.20.0.0/16"),)),),),
        True,
    ),
    "a part of an octet": ('obj.ip_address.startsWith("10.20")', (), False),
    "no octet": ('obj.ip_address.startsWith("10.256.")', (), False),
    "a network": (
        'inCidr(obj.ip_address, "2001:db8::/32")',
        ((Networks((ip_network("2001:db8::/32"),)),),),
        True,
    ),
    "an address": ('obj.ip_address == "10.0.0.1"', ((Equals("ip_address", "10.0.0.1"),),), True),
    "no address": ('obj.ip_address == ""', (), False),
    "a second": (
        f"obj.last_active == {at('00')}",
        ((TimeRange("last_active", NOON, NOON + 1000),),),
        True,
    ),
    "between two seconds": (f"obj.last_active == {at('00.5')}", ((),), True),
    "from a second on": (f"obj.last_active >= {at('00')}", ((TimeRange("last_active", NOON, None),),), True),
    "after a second": (
        f"obj.last_active > {at('00')}",
        ((TimeRange("last_active", NOON + 1000, None),),),
        True,
    ),
    "before a second": (f"obj.last_active < {at('00')}", ((TimeRange("last_active", None, NOON),),), True),
    "up to a second": (
        f"obj.last_active <= {at('00')}",
        ((TimeRange("last_active", None, NOON + 1000),),),
        True,
    ),
    "before a part of it": (
        f"obj.last_active < {at('00.001')}",
        ((TimeRange("last_active", None, NOON + 1000),),),
        True,
    ),
    "a range": (
        f"obj.last_active >= {at('00')} && {at('05')} > obj.last_active",
        ((TimeRange("last_active", NOON, NOON + 5000),),),
        True,
    ),
    "the narrower of ranges": (
        f"obj.last_active >= {at('00')} && obj.last_active > {at('01')} && obj.last_active < {at('05')}",
        ((TimeRange("last_active", NOON + 2000, NOON + 5000),),),
        True,
    ),
    "a time of no index": (f"obj.expires_at > {at('00')}", (), False),
    "everything": ("true", (), True),
    "nothing": ("false", ((),), True),
    "nothing or something": ('false || obj.country_code == "DE"', ((DE,),), True),
    "something unless everything": ('true && obj.country_code == "DE"', ((DE,),), True),
}


@pytest.mark.parametrize(("text", "conjuncts", "is_exact"), ASKED.values(), ids=ASKED.keys())
def test_a_filter_asks_the_indexes(text: str, conjuncts: tuple[Union, ...], is_exact: bool) -> None:
    found = parse_filter(text, "sessions")
    assert set(found.conjuncts) == set(conjuncts)
    assert found.is_exact is is_exact


def test_many_choices_are_looked_up_by_the_first_of_each() -> None:
    both = 'obj.country_code == "DE" && obj.tunnel == "wiki"'
    found = parse_filter(" || ".join([both] * 4), "sessions")
    assert (found.conjuncts, found.is_exact) == (((DE,),), False)


@pytest.mark.parametrize("name", ["email", "username", "name", "provider_user_id", "identity_provider"])
def test_the_words_of_users_are_asked_and_say_too_much(name: str) -> None:
    found = parse_filter(f'obj.{name} == "Ada"', "users")
    assert (found.conjuncts, found.is_exact) == (((Equals(name, "Ada"),),), False)


@pytest.mark.parametrize("name", ["country_code", "ip_address", "tunnel", "identity_provider"])
def test_no_index_knows_more_of_ended_sessions_than_whose_and_when(name: str) -> None:
    assert parse_filter(f'obj.{name} == "10.0.0.1"', "ended").conjuncts == ()


@pytest.mark.parametrize("kind", ["sessions", "ended"])
def test_the_user_of_a_session_is_asked_by_either_name(kind: Kind) -> None:
    for name in ("application_user_id", "application_user.id"):
        assert parse_filter(f'obj.{name} == "x"', kind).conjuncts == ((Equals("application_user_id", "x"),),)
