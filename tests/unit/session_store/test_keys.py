"""Keys: their slots, that no two meet, and that the document tells them all."""

import inspect
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from session_store import CookieHash, SessionId, TokenId, UserId, endpoint_id, keys, user_tag
from session_store.records import name_tag

ROOT = Path(__file__).parents[3]
SCRIPTS = sorted((ROOT / "session_store" / "scripts").glob("*.lua"))
HASHES = st.binary(min_size=32, max_size=32).map(CookieHash)
NAMES = st.text(max_size=20)


def keys_of_a_browser_session(cookie_hash: CookieHash, name: str) -> list[bytes]:
    endpoint = endpoint_id(name)
    return [
        keys.browser(cookie_hash),
        keys.application(cookie_hash, endpoint),
        keys.applications(cookie_hash) + endpoint.encode(),
        keys.memory(cookie_hash),
        keys.refresh_turn(cookie_hash),
        keys.endpoints(cookie_hash),
        keys.activity(cookie_hash, endpoint),
        keys.activities(cookie_hash) + endpoint.encode(),
        keys.history(cookie_hash, endpoint),
        keys.histories(cookie_hash) + endpoint.encode(),
    ]


@given(HASHES, NAMES, NAMES)
def test_all_keys_of_a_browser_session_share_a_slot(cookie_hash: CookieHash, one: str, two: str) -> None:
    found = keys_of_a_browser_session(cookie_hash, one) + keys_of_a_browser_session(cookie_hash, two)
    assert len({key_slot(key) for key in found}) == 1


@given(NAMES, NAMES)
def test_all_keys_of_a_user_share_a_slot(issuer: str, subject: str) -> None:
    tag = user_tag(issuer, subject)
    found = [
        keys.user(tag),
        keys.generation(tag),
        keys.last_active(tag),
        keys.user_browsers(tag),
        keys.user_applications(tag),
        keys.user_order(tag),
        keys.known(tag),
        keys.block(tag),
    ]
    assert len({key_slot(key) for key in found}) == 1


@given(NAMES, NAMES)
def test_all_keys_of_a_name_share_a_slot(issuer: str, name: str) -> None:
    tag = name_tag(issuer, name)
    assert key_slot(keys.named_browsers(tag)) == key_slot(keys.named_end(tag))


@given(HASHES)
def test_a_cookie_hash_is_read_back_from_its_tag(cookie_hash: CookieHash) -> None:
    tag = keys.tag(cookie_hash)
    assert keys.cookie_hash_of(tag) == cookie_hash
    assert re.fullmatch(rb"[A-Za-z0-9_-]{43}", tag)


@given(HASHES, NAMES)
def test_what_a_script_makes_from_a_prefix_is_the_key(cookie_hash: CookieHash, name: str) -> None:
    endpoint = endpoint_id(name)
    assert keys.applications(cookie_hash) + endpoint.encode() == keys.application(cookie_hash, endpoint)
    assert keys.activities(cookie_hash) + endpoint.encode() == keys.activity(cookie_hash, endpoint)
    assert keys.histories(cookie_hash) + endpoint.encode() == keys.history(cookie_hash, endpoint)


def kinds() -> dict[str, str]:
    """Each function that makes a key, with what tells the key's kind, and each constant whole."""
    cookie_hash, tag = CookieHash(b"h" * 32), user_tag("issuer", "subject")
    made = {
        "browser": keys.browser(cookie_hash),
        "application": keys.application(cookie_hash, endpoint_id("app")),
        "memory": keys.memory(cookie_hash),
        "refresh_turn": keys.refresh_turn(cookie_hash),
        "endpoints": keys.endpoints(cookie_hash),
        "activity": keys.activity(cookie_hash, endpoint_id("app")),
        "history": keys.history(cookie_hash, endpoint_id("app")),
        "user": keys.user(tag),
        "generation": keys.generation(tag),
        "last_active": keys.last_active(tag),
        "user_browsers": keys.user_browsers(tag),
        "user_applications": keys.user_applications(tag),
        "user_order": keys.user_order(tag),
        "known": keys.known(tag),
        "block": keys.block(tag),
        "named_browsers": keys.named_browsers(name_tag("issuer", "name")),
        "named_end": keys.named_end(name_tag("issuer", "name")),
        "user_tag_of": keys.user_tag_of(UserId("edgusr_x")),
        "session_place": keys.session_place(SessionId("edgses_x")),
        "login": keys.login("state"),
        "failures": keys.failures("192.0.2.1"),
        "used": keys.used("assertion"),
        "settled": keys.settled("name"),
        "dashboard_session": keys.dashboard_session(cookie_hash),
        "dashboard_link": keys.dashboard_link(b"hash"),
        "token": keys.token(b"hash"),
        "token_hash_of": keys.token_hash_of(TokenId("owtok_x")),
        "token_use": keys.token_use(TokenId("owtok_x")),
        "ended_session": keys.ended_session(SessionId("edgses_x")),
        "bulk_users": keys.bulk_users("run"),
        "webhook": keys.webhook("name"),
    }
    constants = {
        name: value.decode()
        for name, value in vars(keys).items()
        if isinstance(value, bytes) and value.startswith(b"ow:") and value != keys.ENDED
    }
    return constants | {name: ":".join(key.decode().split(":")[:2]) for name, key in made.items()}


def test_no_two_kinds_of_key_can_meet() -> None:
    found = kinds()
    assert len(set(found.values())) == len(found) > 50
    open_ended = tuple(f"{kind}:" for name, kind in found.items() if name.islower())
    assert not [kind for kind in found.values() if kind.startswith(open_ended)]


def test_no_function_that_makes_a_key_is_forgotten_here() -> None:
    made = {
        name
        for name, function in inspect.getmembers(keys, inspect.isroutine)
        if "Slot: " in (function.__doc__ or "") and "no key itself" not in (function.__doc__ or "")
    }
    assert made == {name for name in kinds() if name.islower()}


def test_a_key_that_callers_choose_cannot_leave_its_kind() -> None:
    for chosen in ("", "}:{", "a:b", "\x00", "x\r\nGET"):
        assert keys.login(chosen).startswith(b"ow:p:")
        assert keys.failures(chosen).startswith(b"ow:f:")
        assert keys.settled(chosen).startswith(b"ow:v:")
        assert re.fullmatch(rb"ow:q:[A-Za-z0-9_-]{22}", keys.used(chosen))


@given(st.text(st.characters(exclude_categories=())), st.text(st.characters(exclude_categories=())))
def test_any_two_texts_are_used_apart(one: str, two: str) -> None:
    assert (keys.used(one) == keys.used(two)) == (one == two)


def test_every_key_tells_its_slot_and_who_reads_it_on_the_hot_path() -> None:
    for name, function in inspect.getmembers(keys, inspect.isfunction):
        if function.__module__ == keys.__name__ and name not in {"tag", "cookie_hash_of"}:
            assert "Slot: " in (function.__doc__ or ""), name


def test_the_document_lists_every_kind_of_key_and_no_other() -> None:
    document = (ROOT / "docs" / "decisions" / "keys.md").read_text("utf-8")
    cells = re.findall(r"^\| (`ow:[^|]+) \|", document, re.MULTILINE)
    listed = [kind for cell in cells for kind in re.findall(r"`(ow:[a-z:]*[a-z])", cell)]
    assert sorted(listed) == sorted(kinds().values())


def test_every_script_says_its_slot_and_its_guarantees_first() -> None:
    assert len(SCRIPTS) > 8
    for script in SCRIPTS:
        head = re.match(r"(?:--.*\n)+", script.read_text("utf-8"))
        assert head, script.name
        for word in ("Slot:", "Guarantees:", "KEYS:", "ARGV:"):
            assert word in head[0], f"{script.name}: {word}"
