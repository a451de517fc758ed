"""What a filter may not say: each mistake has words of its own, and the place where it is made."""

import pytest

from session_store.query import FilterError, Kind, parse_filter

MISTAKES: dict[str, tuple[str, int, str]] = {
    "nothing": ("", 0, "the end of the filter"),
    "unfinished": ("obj.name ==", 11, "the end of the filter"),
    "a misspelt field": (
        "obj.contry_code == 'DE'",
        0,
        "There is no field obj.contry_code. Did you mean obj.country_code?",
    ),
    "a field without obj": (
        "true && country_code == 'DE'",
        8,
        "A field begins with obj. Did you mean obj.country_code?",
    ),
    "a field of another object": (
        "session.name == 'x'",
        0,
        "There is no field session.name. A field begins with obj.",
    ),
    "the object itself": ("obj == 'x'", 0, "There is no field obj."),
    "one equals sign": ("obj.name = 'x'", 9, 'Write "=="'),
    "one ampersand": ("true & true", 5, '"&&"'),
    "one bar": ("true | true", 5, '"||"'),
    "a word as in other languages": ("true and true", 5, "The filter goes on with and"),
    "a text that goes on for ever": ("obj.name == 'x", 12, "no closing quotation mark"),
    "a text over two lines": ("obj.name == 'x\ny'", 12, "no closing quotation mark"),
    "an unknown escape": ("obj.name == '\\q'", 13, "There is no escape"),
    "half a surrogate pair": ("obj.name == '\\ud83d'", 13, "is no character"),
    "beyond Unicode": ("obj.name == '\\U00110000'", 13, "is no character"),
    "a character of no language": ("obj.name == §", 12, "This cannot be read: §"),
    "a bracket too few": ("(obj.name == 'x'", 16, 'should be ")"'),
    "a bracket too many": ("obj.name == 'x')", 15, "The filter goes on with )"),
    "a list that is not closed": ("obj.name in ['x'", 16, 'should be "]"'),
    "three compared": ("obj.name == 'x' == true", 16, "Compare two things at a time"),
    "not without brackets": ("!obj.name == 'x'", 10, "Put brackets around"),
    "two fields": ("obj.name == obj.username", 9, "not with another field"),
    "two values": ("'x' == 'y'", 4, "Compare a field with a value"),
    "a value alone": ("'x'", 0, "A value alone says nothing"),
    "a field alone": ("obj.name", 0, "name is a text; compare it"),
    "a time alone": ("timestamp('2026-01-31T12:00:00Z')", 0, "A time alone says nothing"),
    "a time as text": (
        "obj.created_at > '2026-01-31T12:00:00Z'",
        17,
        "created_at is a time; compare it with a value like timestamp(",
    ),
    "a text as time": ("obj.name == timestamp('2026-01-31T12:00:00Z')", 12, "name is a text"),
    "a number as text": ("obj.outerward.requests == '1'", 26, "outerward.requests is a number"),
    "a text as number": ("obj.name == 1", 12, "name is a text"),
    "truth as number": ("obj.outerward.requests == true", 26, "outerward.requests is a number"),
    "an order of texts": ("obj.name < 'x'", 9, "name is a text, which has no order"),
    "an order of addresses": ("obj.ip_address < '10.0.0.1'", 15, "an IP address, which has no order"),
    "less than null": ("obj.created_at < null", 17, "Nothing is less or more than null"),
    "no such day": ("obj.created_at < timestamp('2026-02-30T00:00:00Z')", 27, "This is no time"),
    "no zone": ("obj.created_at < timestamp('2026-02-03T00:00:00')", 27, "This is no time"),
    "no such zone": ("obj.created_at < timestamp('2026-02-03T00:00:00+24:00')", 27, "This is no time"),
    "no such second": ("obj.created_at < timestamp('2026-02-03T00:00:60Z')", 27, "This is no time"),
    "a time of a number": ("obj.created_at < timestamp(1)", 27, "Here should be a text"),
    "no address": ("obj.ip_address == '10.0.0.256'", 18, "This is no IP address"),
    "no network": ("inCidr(obj.ip_address, '10.0.0.0/33')", 23, "This is no network"),
    "a network with bits beyond its mask": (
        "inCidr(obj.ip_address, '10.0.0.1/8')",
        23,
        "no bit set beyond the mask",
    ),
    "a network of names": ("inCidr(obj.name, '10.0.0.0/8')", 7, "inCidr looks at an address"),
    "a network too few": ("inCidr(obj.ip_address)", 0, "inCidr takes 2 arguments, not 1"),
    "a network as a method": ("obj.ip_address.inCidr('10.0.0.0/8')", 0, "write inCidr(obj.ip_address, …)"),
    "a method as a function": ("startsWith(obj.name, 'x')", 0, "write obj.name.startsWith(…)"),
    "an unknown function": (
        "obj.name.endsWith('x')",
        0,
        "There is no function endsWith. There are startsWith",
    ),
    "contains of a short list of fields": ("obj.tunnel.contains('x')", 0, "name, email and username only"),
    "the beginning of a number": ("obj.outerward.requests.startsWith('1')", 0, "a number, and no text"),
    "the beginning of two": ("obj.name.startsWith('x', 'y')", 0, "startsWith takes 1 argument, not 2"),
    "the beginning null": ("obj.name.startsWith(null)", 20, "Here should be a text"),
    "in no list": ("obj.country_code in 'DE'", 20, "a list after it"),
    "in a field that is none": ("'DE' in obj.country_code", 8, "a text, and no list"),
    "a field in a list": ("obj.name in [obj.email]", 13, "name is a text"),
    "a list of lists": ("obj.name in [['x']]", 13, "name is a text"),
    "flags compared": ("obj.outerward.flags == 'new_device'", 23, 'write "text" in obj.outerward.flags'),
    "a location compared": (
        "obj.browser_session.location == 'DE'",
        32,
        "an object; compare it with a value like null",
    ),
    "a dot without a name": ("obj.name. == 'x'", 10, "After a dot comes a name"),
    "a field of users": ("obj.provider_user_id == 'x'", 0, "There is no field obj.provider_user_id"),
}


def refusal(text: str, kind: Kind = "sessions") -> FilterError:
    with pytest.raises(FilterError) as refused:
        parse_filter(text, kind)
    return refused.value


@pytest.mark.parametrize(("text", "position", "words"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_told_in_words_with_its_place(text: str, position: int, words: str) -> None:
    error = refusal(text)
    assert words in error.message
    assert error.position == position


def test_no_order_of_truth() -> None:
    assert "true or false, which has no order" in refusal("obj.outerward.blocked < true", "users").message


def test_truth_is_compared_with_truth_alone() -> None:
    assert "true or false; compare it with" in refusal("obj.outerward.blocked == 'true'", "users").message


@pytest.mark.parametrize("kind", ["sessions", "users"])
def test_only_ended_sessions_have_ended(kind: Kind) -> None:
    assert "There is no field obj.ended_by" in refusal('obj.ended_by == "root"', kind).message


def test_a_filter_may_be_2000_characters_long_and_not_longer() -> None:
    text = "true" + " " * 1996
    assert parse_filter(text, "sessions").is_exact
    assert refusal(text + " ").position == 2000


def test_a_list_may_have_100_values_and_not_more() -> None:
    values = ", ".join(["'DE'"] * 100)
    parse_filter(f"obj.country_code in [{values}]", "sessions")
    assert "at most 100 values" in refusal(f"obj.country_code in [{values}, 'FR']").message


def test_brackets_may_stand_32_deep_and_not_deeper() -> None:
    parse_filter("(" * 32 + "true" + ")" * 32, "sessions")
    error = refusal("(" * 33 + "true" + ")" * 33)
    assert ("32 deep" in error.message, error.position) == (True, 32)


def test_a_thousand_opposites_are_one() -> None:
    assert refusal("!" * 1000 + "obj.name").position == 1000
    parse_filter("!" * 1001 + "true", "sessions")


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1000,
        "obj." + "x" * 1000,
        "'\\q" + "x" * 1000,
        "§" * 1000,
        "true " + "x" * 1000,
        f"obj.{'x' * 1000}()",
    ],
    ids=["name", "field", "escape", "signs", "rest", "function"],
)
def test_an_error_repeats_no_more_than_40_characters(text: str) -> None:
    assert "x" * 41 not in refusal(text).message
    assert "§" * 41 not in refusal(text).message


@pytest.mark.parametrize(
    "place", ["\0", "\x1b", "\u202e", "\ud800"], ids=["nul", "escape", "turned", "surrogate"]
)
def test_an_error_repeats_nothing_that_cannot_be_printed(place: str) -> None:
    assert refusal(f"obj.name == {place}x").message.isprintable()
