"""The text by which a bulk revocation goes on, and whatever else may come in its place."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_api.problems import Code, Problem
from admin_api.revoke_next import Run, read_next, write_next
from session_store import IdSource

LAST = IdSource(lambda: 1_790_000_000, bytes).session()
GOOD: dict[str, Any] = {
    "filter": 'obj.tunnel == "wiki"',
    "reason": "left",
    "dry_run": False,
    "run": "op_" + "0" * 32,
    "before": LAST,
    "matched": 1000,
    "yours": 1,
}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=50)


def written(members: object) -> str:
    return urlsafe_b64encode(json.dumps(members).encode()).decode()


def assert_refused(text: str) -> None:
    with pytest.raises(Problem) as caught:
        read_next(text)
    assert caught.value.code is Code.BAD_NEXT


@given(TEXTS, st.booleans(), st.integers(0, 10**12), st.integers(0, 10**12))
def test_what_was_written_is_read(text: str, dry_run: bool, matched: int, yours: int) -> None:
    run = Run(
        filter=text,
        reason="é 東京",
        dry_run=dry_run,
        run="op_" + "f" * 32,
        before=LAST,
        matched=matched,
        yours=yours,
    )
    assert read_next(write_next(run)) == run


def test_the_example_of_these_tests_is_good() -> None:
    assert read_next(written(GOOD)) == Run(**GOOD)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("filter", None),
        ("filter", 1),
        ("reason", "x" * 201),
        ("reason", "a\nb"),
        ("dry_run", "false"),
        ("dry_run", 0),
        ("run", "op_"),
        ("run", "op_" + "0" * 31),
        ("run", "op_" + "0" * 33),
        ("run", "op_" + "0" * 32 + "\n"),
        ("run", "op_" + "F" * 32),
        ("run", "x\nop_" + "0" * 32),
        ("before", ""),
        ("before", LAST[:-1]),
        ("before", LAST + "0"),
        ("before", "edgusr_" + LAST[7:]),
        ("before", None),
        ("matched", -1),
        ("matched", 10**12 + 1),
        ("matched", 1.5),
        ("matched", "1"),
        ("yours", -1),
        ("yours", 10**30),
        ("extra", 1),
    ],
)
def test_a_member_with_another_value_is_refused(member: str, value: object) -> None:
    assert_refused(written({**GOOD, member: value}))


@pytest.mark.parametrize("member", ["filter", "reason", "dry_run", "run", "before"])
def test_a_member_that_is_missing_is_refused(member: str) -> None:
    assert_refused(written({name: value for name, value in GOOD.items() if name != member}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "=",
        "x",
        "null",
        written(None),
        written([]),
        written("x"),
        written(GOOD) + "\n",
        " " + written(GOOD),
        written(GOOD)[:-4],
        "é" + written(GOOD),
        urlsafe_b64encode(b"[" * 5000).decode(),
        urlsafe_b64encode(b'{"filter":' * 3000).decode(),
        urlsafe_b64encode(b'{"filter": "\\ud800"}').decode(),
        urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_another_text_is_refused(text: str) -> None:
    assert_refused(text)


@given(st.text(max_size=100) | st.binary(max_size=100).map(lambda raw: urlsafe_b64encode(raw).decode()))
def test_any_text_is_refused(text: str) -> None:
    assert_refused(text)
