"""Places for what is costly: counted, given back, and divided among those who ask."""

from contextlib import ExitStack

import pytest

from admin_api.places import Places
from admin_api.problems import Code, Problem


def has_room(places: Places, actor: str) -> bool:
    try:
        with places.one(actor):
            return True
    except Problem:
        return False


def test_one_actor_has_so_many_places_and_leaves_the_others() -> None:
    places = Places(3, 2, Code.BUSY)
    with places.one("ada"), places.one("ada"):
        with pytest.raises(Problem) as refused, places.one("ada"):
            pass
        assert refused.value.code is Code.BUSY
        assert has_room(places, "grace")


def test_there_are_so_many_places_in_all() -> None:
    places = Places(3, 2, Code.BUSY)
    with places.one("ada"), places.one("ada"), places.one("grace"):
        assert not has_room(places, "grace")
        assert not has_room(places, "edsger")


def test_a_place_is_given_back_however_it_is_left() -> None:
    places = Places(1, 1, Code.BUSY)
    for _ in range(3):
        with pytest.raises(RuntimeError), places.one("ada"):
            raise RuntimeError
    assert has_room(places, "grace")


def test_who_is_refused_takes_no_place() -> None:
    places = Places(2, 1, Code.BUSY)
    with ExitStack() as held:
        held.enter_context(places.one("ada"))
        for _ in range(5):
            assert not has_room(places, "ada")
        assert has_room(places, "grace")
    assert has_room(places, "ada")


def test_nothing_is_kept_of_who_has_left() -> None:
    places = Places(1, 1, Code.BUSY)
    for number in range(5):
        assert has_room(places, f"token:{number}")
    assert not places._taken
