"""Every security check has a test that fails without it; the table of these fits the code as it is."""

import re
from collections.abc import Iterator

import pytest

from tests.support.removals import ALL_TESTS, REMOVALS
from tests.support.removed_checks import ROOT, Copy, Edit, Removal, copied, run

_LINE = re.compile(r"\| ([^|`]+) \| (`.+`) \| `(tests/.+::test_.+)` \|")


@pytest.fixture(scope="module")
def copy() -> Iterator[Copy]:
    """A copy in which all tests that are asked pass while every check is in its place."""
    with copied() as made:
        assert made.first_failure(ALL_TESTS) == ""
        yield made


def test_there_are_many_and_each_has_a_name_of_its_own() -> None:
    assert len(REMOVALS) >= 35
    assert len({removal.check for removal in REMOVALS}) == len(REMOVALS)


def test_what_is_taken_away_stands_exactly_once() -> None:
    edits = [edit for removal in REMOVALS for edit in removal.edits]
    texts = {edit.file: (ROOT / edit.file).read_text() for edit in edits}

    assert [edit for edit in edits if texts[edit.file].count(edit.old) != 1] == []
    assert [edit for edit in edits if edit.old == edit.new] == []


def test_the_tests_that_are_asked_are_there() -> None:
    for test in ALL_TESTS:
        file, _, name = test.partition("::")
        assert not name or f"def {name}(" in (ROOT / file).read_text(), test


def test_the_page_names_these_checks_with_a_test_for_each() -> None:
    lines = (ROOT / "docs" / "removed-checks.md").read_text().splitlines()
    table = [line for line in lines if line.startswith("| ")][1:]
    told = [match.groups()[:2] for line in table if (match := _LINE.fullmatch(line))]

    assert len(told) == len(table)
    assert told == [(r.check, ", ".join(f"`{file}`" for file in r.files)) for r in REMOVALS]


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("removal", REMOVALS, ids=[removal.check for removal in REMOVALS])
def test_without_the_check_a_test_fails(removal: Removal, copy: Copy) -> None:
    assert run(removal, copy)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_what_takes_no_check_away_is_noticed_by_no_test(copy: Copy) -> None:
    words = Edit("idp_adapters/saml/times.py", "How far two clocks may be apart.", "")
    nothing = Removal("nothing", (words,), ("tests/unit/idp_adapters/saml/test_conditions.py",))

    assert run(nothing, copy) == ""
