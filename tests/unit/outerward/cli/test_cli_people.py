import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import pytest

from outerward.cli import people
from outerward.cli.client import AdminClient, Row
from outerward.cli.people import People, person
from outerward.cli.refusals import Refused
from session_store.query.syntax import LONGEST_FILTER


class Answers:
    """A client that knows users by path, and what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.users: dict[str, Row] = {"/app/users/edgusr_1": {"id": "edgusr_1", "email": "ada@example.com"}}
        self.refuses_with = 404

    def rows(self, path: str, member: str, limit: int, query: Mapping[str, str]) -> Iterator[Row]:
        assert (path, member) == ("/app/users", "application_users")
        named = json.loads(query["filter"].removeprefix("obj.id in "))
        assert limit == len(named)
        assert len(query["filter"]) <= LONGEST_FILTER
        self.asked.append(query["filter"])
        yield from (user for each, user in self.users.items() if each.rpartition("/")[2] in named)

    def get(self, path: str, _kind: Any, _what: str) -> Row:
        self.asked.append(path)
        if path not in self.users:
            raise Refused("no", self.refuses_with, {})
        return self.users[path]


@pytest.fixture
def answers() -> Answers:
    return Answers()


def known(answers: Answers) -> People:
    return People(cast("AdminClient", answers))


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ({"email": "a@b", "username": "u", "name": "n"}, "a@b"),
        ({"email": "", "username": "u", "name": "n"}, "u"),
        ({"email": "", "username": "", "name": "n"}, "n"),
        ({"provider_user_id": "7", "id": "edgusr_1"}, "7"),
        ({"email": 3, "id": "edgusr_1"}, "edgusr_1"),
        ({"email": "a\x1b[2J"}, "a\\x1b[2J"),
        ({}, "-"),
    ],
    ids=str,
)
def test_a_person_is_called_by_the_first_name_there_is(user: Row, name: str) -> None:
    assert person(user) == name


def test_a_user_is_asked_for_once(answers: Answers) -> None:
    asking = known(answers)
    assert [asking.name("edgusr_1") for _ in range(3)] == ["ada@example.com"] * 3
    assert answers.asked == ["/app/users/edgusr_1"]


def test_a_user_who_is_gone_is_called_by_the_id(answers: Answers) -> None:
    assert known(answers).name("edgusr_2") == "edgusr_2"


def test_any_other_refusal_is_told(answers: Answers) -> None:
    answers.refuses_with = 401
    with pytest.raises(Refused):
        known(answers).name("edgusr_2")


def test_only_so_many_users_are_asked_for(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "MOST_ASKED", 2)
    asking = known(answers)
    assert [asking.name(f"edgusr_{n}") for n in (3, 4, 1, 3)] == [
        "edgusr_3",
        "edgusr_4",
        "edgusr_1",
        "edgusr_3",
    ]
    assert len(answers.asked) == 2


@pytest.mark.parametrize("user_id", [None, "", 3, {}], ids=repr)
def test_nobody_is_a_dash(answers: Answers, user_id: object) -> None:
    assert known(answers).name(user_id) == "-"


def test_what_cannot_be_an_id_is_not_put_into_a_path(answers: Answers) -> None:
    assert known(answers).name("../tokens\n") == "../tokens\\n"
    assert answers.asked == []


def ids(count: int) -> list[str]:
    return [f"edgusr_{number:027d}" for number in range(count)]


def listed(user_ids: list[str]) -> Iterator[Row]:
    return ({"of": {"id": user_id}} for user_id in user_ids)


def test_the_users_of_a_table_are_asked_for_many_at_a_time_and_each_once(answers: Answers) -> None:
    many = ids(120)
    answers.users = {f"/app/users/{each}": {"id": each, "email": f"{each}@x"} for each in many[:-1]}
    asking = known(answers)
    shown = list(asking.ahead(listed(many + many), ("of", "id")))
    assert [row["of"]["id"] for row in shown] == many + many
    assert [asking.name(each) for each in many] == [*(f"{each}@x" for each in many[:-1]), many[-1]]
    assert len(answers.asked) == 3


def test_rows_that_name_nobody_ask_nothing(answers: Answers) -> None:
    odd: list[Row] = [{}, {"of": None}, {"of": {"id": ""}}, {"of": {"id": 'x" || "'}}, {"of": {"id": 3}}]
    assert list(known(answers).ahead(odd, ("of", "id"))) == odd
    assert answers.asked == []
