"""Ids as they are typed, and what is said of those that cannot be meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outerward.cli.named import SESSION, TOKEN, USER, Kind, misnamed, object_path
from outerward.errors import OuterwardError
from session_store import ids


def test_the_prefixes_are_those_of_the_store() -> None:
    assert [kind.prefix for kind in (SESSION, USER, TOKEN)] == [
        ids.SESSION_PREFIX,
        ids.USER_PREFIX,
        ids.TOKEN_PREFIX,
    ]


def test_an_id_of_the_kind_is_a_path() -> None:
    assert object_path(USER, "edgusr_1") == "/app/users/edgusr_1"
    assert object_path(TOKEN, "owtok_1") == "/tokens/owtok_1"


_SEARCH = "find it by `outerward sessions ls -q"


@pytest.mark.parametrize(
    ("kind", "wanted", "told"),
    [
        (USER, "a@b.c", "a@b.c is no user's id; find it by `outerward users ls -q a@b.c`"),
        (USER, "Ada L", "Ada L is no user's id; find it by `outerward users ls -q 'Ada L'`"),
        (USER, "edgses_1", "edgses_1 is a session's id; here a user's is wanted"),
        (SESSION, "edgusr_1", "edgusr_1 is a user's id; here a session's is wanted"),
        (SESSION, "owtok_1", "owtok_1 is a token's id; here a session's is wanted"),
        (SESSION, "", f"nothing is no session's id; {_SEARCH} …`"),
        (SESSION, "x\n", f"x\\n is no session's id; {_SEARCH} …`"),
        (SESSION, "edgses_../x", f"edgses_../x is no session's id; {_SEARCH} edgses_../x`"),
        (TOKEN, "ci", "ci is no token's id; find it by `outerward tokens ls`"),
    ],
    ids=["mail", "name", "session-for-user", "user-for-session", "token", "empty", "control", "path", "list"],
)
def test_what_cannot_be_meant_says_what_it_is_or_how_to_find_the_id(
    kind: Kind, wanted: str, told: str
) -> None:
    assert misnamed(kind, wanted) == told
    with pytest.raises(OuterwardError) as refused:
        object_path(kind, wanted)
    assert str(refused.value) == told


@given(st.text(max_size=300), st.sampled_from([SESSION, USER, TOKEN]))
def test_any_text_is_one_segment_of_a_path_or_one_printable_line(wanted: str, kind: Kind) -> None:
    told = misnamed(kind, wanted)
    assert told.isprintable()
    if not told:
        assert wanted.isascii()
        assert wanted.replace("_", "").isalnum()
