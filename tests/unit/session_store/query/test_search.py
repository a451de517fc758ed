"""What the search bar finds: words without case, ids with it, and everything by nothing."""

import msgspec
import pytest

from session_store.query import Search, Wanted, parse_filter
from session_store.query.lookups import Prefix, Word
from session_store.query.words import LONGEST_WORD, ip_key, word_bytes, words_of
from session_store.views import UserView
from tests.unit.session_store.query.test_filter_words import ENDED, PRINCIPAL, SESSION, USER, VIEW

FINDING = [
    "okta",
    "OKTA EU",
    "Ada",
    "ada@EXAMPLE",
    "lovelace",
    " ada love ",
    "00U1",
    USER.id,
    USER.id[:12],
    "edgusr_",
    "",
    "   ",
]


@pytest.mark.parametrize("text", FINDING)
def test_a_user_is_found_by_how_a_word_or_the_id_begins(text: str) -> None:
    assert Search(text).matches(VIEW)


@pytest.mark.parametrize("text", [*FINDING, SESSION.session.id, SESSION.session.id[:9]])
def test_a_session_is_found_by_its_user_and_its_id(text: str) -> None:
    assert Search(text).matches(SESSION)
    assert Search(text).matches(ENDED)


@pytest.mark.parametrize(
    "text", ["ovelace", "example", "EU", "edgusr_zz", "EDGUSR_", USER.id.swapcase(), "edgtok_", "wiki"]
)
def test_the_middle_of_a_word_and_an_id_of_another_case_find_nothing(text: str) -> None:
    assert not Search(text).matches(VIEW)
    assert not Search(text).matches(SESSION)


@pytest.mark.parametrize("name", ["ada", "nobody"])
@pytest.mark.parametrize("text", ["lovelace", "nobody"])
def test_a_filter_and_a_search_have_both_to_hold(name: str, text: str) -> None:
    asked = Wanted(parse_filter(f'obj.username == "{name}"', "users"), Search(text))
    assert asked.matches(VIEW) is ((name, text) == ("ada", "lovelace"))


def test_the_id_of_a_session_finds_no_user() -> None:
    assert not Search(SESSION.session.id).matches(VIEW)
    assert Search(SESSION.session.id).conjuncts("users") == ((),)


def test_a_german_name_is_found_in_capitals() -> None:
    user = msgspec.structs.replace(USER, principal=msgspec.structs.replace(PRINCIPAL, name="Otto Strauß"))
    assert Search("STRAUSS").matches(UserView(user, 0, 0))
    assert b"strauss" in words_of(user)


@pytest.mark.parametrize("kind", ["sessions", "users"])
def test_words_are_asked_of_the_users(kind: str) -> None:
    assert Search(" Ada ").conjuncts(kind) == ((Word("ada"),),)  # type: ignore[arg-type]


def test_the_words_of_ended_sessions_are_in_no_index() -> None:
    assert Search("ada").conjuncts("ended") == ()
    assert Search(USER.id).conjuncts("ended") == ((Prefix("application_user_id", USER.id),),)


def test_nothing_asks_for_nothing() -> None:
    assert Search("  ").conjuncts("sessions") == ()


def test_a_user_is_entered_under_each_word_once() -> None:
    assert sorted(words_of(USER)) == [
        b"\1okta eu",
        b"00u1",
        b"ada",
        b"ada lovelace",
        b"ada@example.com",
        b"lovelace",
    ]


def test_a_user_of_whom_nothing_is_known_is_entered_under_the_provider_and_its_id() -> None:
    nobody = msgspec.structs.replace(PRINCIPAL, username="", name=" ", email="")
    assert words_of(msgspec.structs.replace(USER, principal=nobody)) == (b"\1okta eu", b"00u1")


def test_a_user_called_as_a_provider_is_entered_under_both() -> None:
    principal = msgspec.structs.replace(PRINCIPAL, name="Okta EU", username="", email="")
    words = words_of(msgspec.structs.replace(USER, principal=principal))
    assert words == (b"\1okta eu", b"okta eu", b"00u1", b"eu")


def test_no_word_has_what_ends_one_in_the_index() -> None:
    principal = msgspec.structs.replace(PRINCIPAL, username="ada\0x")
    assert b"adax" in words_of(msgspec.structs.replace(USER, principal=principal))
    assert word_bytes("ada\0") == b"ada"


def test_a_long_word_is_entered_by_its_beginning_and_compared_whole() -> None:
    long = "x" * LONGEST_WORD
    user = msgspec.structs.replace(USER, principal=msgspec.structs.replace(PRINCIPAL, username=long + "yz"))
    assert long.encode() in words_of(user)
    assert Search(long + "y").matches(UserView(user, 0, 0))
    assert not Search(long + "z").matches(UserView(user, 0, 0))


def test_a_word_that_is_no_text_is_entered_all_the_same() -> None:
    odd = msgspec.structs.replace(PRINCIPAL, username="\ud800")
    assert b"\xed\xa0\x80" in words_of(msgspec.structs.replace(USER, principal=odd))


ADDRESSES = {
    "10.0.0.1": b"40a000001",
    "255.255.255.255": b"4ffffffff",
    "::ffff:10.0.0.1": b"40a000001",
    "2001:DB8::1": b"620010db8000000000000000000000001",
    "fe80::1%eth0": b"6fe800000000000000000000000000001",
    "": None,
    "10.0.0": None,
    "host": None,
    "10.0.0.0/8": None,
}


@pytest.mark.parametrize(("text", "key"), ADDRESSES.items(), ids=[text or "nothing" for text in ADDRESSES])
def test_an_address_is_entered_as_hex_digits_in_their_order(text: str, key: bytes | None) -> None:
    assert ip_key(text) == key
