"""Access tokens in records: opened under their own cookie, and nowhere else."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from session_store import CookieHash
from session_store.access_tokens import AccessTokens
from session_store.sealing import Sealer
from tests.unit.session_store.test_older_records import APPLICATION_SESSION, HASH

SEALER = Sealer(["a secret"])
TOKENS = AccessTokens(SEALER)
OTHER = CookieHash(b"\x02" * 32)


def opened(sealed: bytes, cookie_hash: CookieHash = HASH, tokens: AccessTokens = TOKENS) -> str | None:
    session = msgspec.structs.replace(APPLICATION_SESSION, cookie_hash=cookie_hash, access_token=sealed)
    return tokens.opened(session)


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=3000))
def test_a_token_is_read_back_under_its_cookie_alone(token: str) -> None:
    sealed = TOKENS.sealed(token, HASH)
    assert opened(sealed) == token
    assert opened(sealed, OTHER) is None


def test_a_sealed_token_shows_nothing_of_it() -> None:
    assert b"opaque-token" not in TOKENS.sealed("opaque-token", HASH)


def test_no_token_is_none() -> None:
    assert TOKENS.sealed("", HASH) == b""
    assert opened(b"") is None


def test_what_was_sealed_for_a_key_of_the_store_is_no_token_and_the_reverse() -> None:
    assert opened(SEALER.seal(b"a refresh token", b"ow:m:{%b}" % HASH)) is None
    assert SEALER.open(TOKENS.sealed("token", HASH), b"ow:m:{%b}" % HASH) is None


def test_a_token_under_a_secret_that_nobody_has_any_more_is_none() -> None:
    assert opened(AccessTokens(Sealer(["an older secret"])).sealed("token", HASH)) is None


def test_a_token_survives_a_new_secret_that_keeps_the_first() -> None:
    rotated = AccessTokens(Sealer(["a newer secret", "a secret"]))
    assert opened(TOKENS.sealed("token", HASH), tokens=rotated) == "token"
