"""The map: places where they belong, rings that cross 180° or go round a pole, and small numbers."""

import json
import re
from pathlib import Path

import pytest

from dashboard.world import drawn

WORLD = Path(__file__).parents[3] / "dashboard" / "static" / "world.svg"


def topology(*arcs: list[list[int]], rings: list[list[int]] | None = None) -> bytes:
    """A file of whole degrees with one country."""
    shape = {"type": "Polygon", "arcs": rings or [[index] for index in range(len(arcs))]}
    many = {"type": "MultiPolygon", "arcs": []}
    return json.dumps(
        {
            "type": "Topology",
            "arcs": arcs,
            "objects": {"countries": {"type": "GeometryCollection", "geometries": [shape, many]}},
            "transform": {"scale": [1, 1], "translate": [0, 0]},
        }
    ).encode()


def path_of(svg: str) -> str:
    (path,) = re.findall(r' d="([^"]*)"', svg)
    return str(path)


def subpaths(svg: str) -> list[list[tuple[float, float]]]:
    """The corners of each subpath, whose steps are added up."""
    found = []
    for text in re.findall(r"M([^z]*)z", path_of(svg)):
        numbers = [float(number) for number in re.findall(r"-?\d*\.?\d+", text)]
        x, y = 0.0, 0.0
        corners = []
        for across, down in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = round(x + across, 1), round(y + down, 1)
            corners.append((x, y))
        found.append(corners)
    return found


def test_a_place_is_where_its_coordinates_say() -> None:
    # The meridian of Greenwich at the equator, then 36° east, then 18° north.
    svg = drawn(topology([[0, 0], [36, 0], [0, 18], [-36, -18]]))

    assert subpaths(svg) == [[(500.0, 250.0), (600.0, 250.0), (600.0, 200.0)]]


def test_a_ring_is_put_together_from_arcs_in_either_direction() -> None:
    east, back = [[0, 0], [36, 0]], [[0, 0], [0, 18], [36, -18]]
    svg = drawn(topology(east, back, rings=[[0, -2]]))

    assert subpaths(svg) == [[(500.0, 250.0), (600.0, 250.0), (500.0, 200.0)]]


def test_what_crosses_the_date_line_is_at_both_edges_and_not_drawn_across() -> None:
    svg = drawn(topology([[162, 0], [-324, 0], [0, 18], [324, 0], [0, -18]]))

    edges = [(min(x for x, _ in corners), max(x for x, _ in corners)) for corners in subpaths(svg)]
    assert sorted(edges) == [(0.0, 50.0), (950.0, 1000.0)]


def test_a_ring_round_the_pole_reaches_down_to_it() -> None:
    svg = drawn(topology([[-180, -72], [120, 0], [120, 0], [120, 0]]))

    assert max(y for corners in subpaths(svg) for _, y in corners) == 500.0


def test_what_is_too_small_to_be_seen_is_left_out() -> None:
    assert path_of(drawn(topology([[0, 0], [0, 0], [0, 0]]))) == ""


def test_the_map_in_use_is_one_path_without_style_and_stays_small() -> None:
    svg = WORLD.read_text()

    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 500"><path fill=')
    assert (svg.count("<path"), svg.count("style"), svg.count("<")) == (1, 0, 3)
    assert len(svg) < 80_000
    corners = [corner for subpath in subpaths(svg) for corner in subpath]
    assert len(corners) > 5000
    assert all(-0.05 <= x <= 1000.05 and -0.05 <= y <= 500.05 for x, y in corners)


@pytest.mark.parametrize(
    ("place", "country_box"),
    [
        ("Berlin", (537.2, 104.1)),
        ("Sydney", (920.0, 344.1)),
        ("Brasília", (366.9, 293.9)),
    ],
)
def test_a_city_lies_on_land(place: str, country_box: tuple[float, float]) -> None:
    assert any(holds(subpath, country_box) for subpath in subpaths(WORLD.read_text())), place


def test_the_middle_of_an_ocean_does_not() -> None:
    # 0° N 30° W, and 0° N 140° W.
    for sea in ((416.7, 250.0), (111.1, 250.0)):
        assert not any(holds(subpath, sea) for subpath in subpaths(WORLD.read_text()))


def holds(corners: list[tuple[float, float]], place: tuple[float, float]) -> bool:
    """Whether a polygon holds a place, by the crossings of a ray."""
    x, y = place
    inside = False
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside
