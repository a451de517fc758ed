"""GeoIP databases of a few networks, written where a test wants them.

write(tmp_path / "city.mmdb", {"203.0.113.0/24": nested("NO", 60.39, 5.32)})
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet

Record = dict[str, Any]


def nested(code: str, latitude: float | None = None, longitude: float | None = None) -> Record:
    """A record as MaxMind writes it; without coordinates, one of a country file."""
    record: Record = {"country": {"iso_code": code, "names": {"en": "a country"}}}
    if latitude is not None:
        record["location"] = {"latitude": latitude, "longitude": longitude, "accuracy_radius": 20}
    return record


def flat(code: str, latitude: float, longitude: float) -> Record:
    """A record of the free city files."""
    return {"city": "a city", "country_code": code, "latitude": latitude, "longitude": longitude}


def write(path: Path, networks: Mapping[str, Record], ip_version: int = 4) -> Path:
    """A database of ``networks``, put in place of ``path`` by a rename; returns the path."""
    writer = MMDBWriter(ip_version, "Test-City", ipv4_compatible=ip_version == 6)
    for network, record in networks.items():
        writer.insert_network(IPSet([network]), record)
    fresh = path.with_suffix(".new")
    writer.to_db_file(str(fresh))
    fresh.replace(path)
    return path
