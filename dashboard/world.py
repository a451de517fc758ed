"""Draws the map of the world that the pages show, from the countries of world-atlas (Natural Earth, 1:110m).

    python -m dashboard.world countries-110m.json > world.svg

Equirectangular: a place is at x = (longitude + 180) / 360 * 1000, y = (90 - latitude) / 180 * 500. No part of
serving: docs/decisions/0011 tells more. Knows no country by name.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import msgspec

WIDTH, HEIGHT = 1000, 500

Point = tuple[float, float]
Ring = list[Point]

_LEADING_ZERO = re.compile(r"\b0(?=\.)")
_COLOUR = "#8492a6"
_SVG = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
    f'<path fill="{_COLOUR}" fill-opacity=".3" fill-rule="evenodd" stroke="{_COLOUR}" stroke-opacity=".6" '
    'stroke-width=".5" stroke-linejoin="round" d="{path}"/></svg>\n'
)


class Transform(msgspec.Struct, frozen=True):
    """From whole numbers to degrees."""

    scale: tuple[float, float]
    translate: tuple[float, float]


class Polygon(msgspec.Struct, frozen=True, tag="Polygon"):
    """Rings, each a list of arcs; ``~index`` is the arc ``index`` backwards."""

    arcs: list[list[int]]


class MultiPolygon(msgspec.Struct, frozen=True, tag="MultiPolygon"):
    """Several polygons."""

    arcs: list[list[list[int]]]


class Countries(msgspec.Struct, frozen=True):
    """All shapes."""

    type: Literal["GeometryCollection"]
    geometries: list[Polygon | MultiPolygon]


class Objects(msgspec.Struct, frozen=True):
    """What is read of the file; the land as a whole is left."""

    countries: Countries


class Topology(msgspec.Struct, frozen=True):
    """A TopoJSON file (its specification, §2): each point of an arc is told by its distance to the last."""

    arcs: list[list[tuple[int, int]]]
    objects: Objects
    transform: Transform


def drawn(file: bytes) -> str:
    """The SVG for a TopoJSON ``file``. Raises msgspec.ValidationError."""
    topology = msgspec.json.decode(file, type=Topology)
    arcs = [list(_degrees(arc, topology.transform)) for arc in topology.arcs]
    rings = (_joined(indexes, arcs) for indexes in _rings(topology.objects.countries))
    return _SVG.format(path="".join(_path(piece) for ring in rings for piece in _pieces(ring)))


def _degrees(arc: list[tuple[int, int]], transform: Transform) -> Iterator[Point]:
    column = row = 0
    for across, down in arc:
        column, row = column + across, row + down
        yield (
            column * transform.scale[0] + transform.translate[0],
            row * transform.scale[1] + transform.translate[1],
        )


def _rings(countries: Countries) -> Iterator[list[int]]:
    for shape in countries.geometries:
        for polygon in [shape.arcs] if isinstance(shape, Polygon) else shape.arcs:
            yield from polygon


def _joined(indexes: list[int], arcs: list[Ring]) -> Ring:
    """The points of a ring, each once."""
    parts = (arcs[index] if index >= 0 else arcs[~index][::-1] for index in indexes)
    return [point for part in parts for point in part[:-1]]


def _pieces(ring: Ring) -> Iterator[Ring]:
    """The parts of ``ring`` on the map: where it crosses 180° it comes back at the other side."""
    whole = _unwrapped(ring)
    for turn in (-360.0, 0.0, 360.0):
        moved = [(longitude + turn, latitude) for longitude, latitude in whole]
        piece = _clipped(_clipped(moved, -180.0, lambda at: at >= -180), 180.0, lambda at: at <= 180)
        if piece:
            yield piece


def _unwrapped(ring: Ring) -> Ring:
    """The ring without leaps from one edge to the other; one that goes round a pole is led along it."""
    points = [ring[0]]
    for longitude, latitude in [*ring[1:], ring[0]]:
        leap = round((points[-1][0] - longitude) / 360) * 360
        points.append((longitude + leap, latitude))
    (first, _), (last, latitude) = points[0], points[-1]
    if first == last:
        return points[:-1]
    pole = 90.0 if latitude > 0 else -90.0
    return [*points, (last, pole), (first, pole)]


def _clipped(ring: Ring, edge: float, inside: Callable[[float], bool]) -> Ring:
    """What of ``ring`` lies on the inner side of the meridian ``edge`` (Sutherland and Hodgman, 1974)."""
    kept: Ring = []
    for (x, y), (next_x, next_y) in zip(ring, [*ring[1:], *ring[:1]], strict=True):
        if inside(x):
            kept.append((x, y))
        if inside(x) != inside(next_x):
            kept.append((edge, y + (next_y - y) * (edge - x) / (next_x - x)))
    return kept


def _path(ring: Ring) -> str:
    """One closed subpath, in tenths, each point by its distance to the last; empty where it has no area."""
    corners = [(round((x + 180) / 360 * WIDTH * 10), round((90 - y) / 180 * HEIGHT * 10)) for x, y in ring]
    steps = [
        (x - last_x, y - last_y)
        for (x, y), (last_x, last_y) in zip(corners[1:], corners, strict=False)
        if (x, y) != (last_x, last_y)
    ]
    if len(steps) < 2:
        return ""
    return f"M{_tenths(corners[0])}l{' '.join(map(_tenths, steps))}z".replace(" -", "-")


def _tenths(pair: tuple[int, int]) -> str:
    return " ".join(_LEADING_ZERO.sub("", f"{number / 10:.1f}".removesuffix(".0")) for number in pair)


if __name__ == "__main__":
    sys.stdout.write(drawn(Path(sys.argv[1]).read_bytes()))
