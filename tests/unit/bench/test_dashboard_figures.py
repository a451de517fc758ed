"""What the bench of the dashboard tells, and the small population for its pictures."""

import pytest

from bench.dashboard import Loaded, Moving, told
from bench.pictures import LOOKS, tunnels
from bench.population import newest

FILES = {
    "/dashboard/users": 1500,
    "/dashboard/static/a/main.js": 40_000,
    "/dashboard/static/a/world.svg": 24_000,
}


@pytest.mark.parametrize("count", [0, 3])
def test_a_few_sessions_are_of_as_many_logins_oldest_first(count: int) -> None:
    found = newest(count)

    assert [len(login.visits) for login in found] == [1] * count
    ago = [login.ago_ms for login in found]
    assert ago == sorted(ago, reverse=True)


def test_the_map_is_told_apart_and_a_file_of_two_pages_counts_once() -> None:
    pages = [Loaded("users", 100.0, 300.0, FILES), Loaded("user", 120.0, 200.0, FILES)]

    text = told(1000, pages, Moving(2.0, 0.1, [16.0] * 99 + [90.0], [60.0], 12, 8))

    assert "| users | 100            | 300       | 41.5" in text
    assert "40.0 KB gzipped, and the map 24.0 KB" in text
    assert "12 rows came and 8 went" in text
    assert "5.0% of a core for scripts; 50 frames a second" in text
    assert "99 of 100 within 90 ms; 1 tasks over 50 ms" in text


def test_each_look_has_its_own_picture_and_the_tunnels_are_configuration() -> None:
    assert len({look.path("3", "users") for look in LOOKS}) == 4
    assert tunnels().count("[[tunnel]]") == 6
    assert tunnels().count("[[edge_route]]") == 3
