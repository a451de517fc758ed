"""Where an address is: GeoIP databases for public ones, a name for the network of each.

City and Country files, nested (MaxMind) or flat, several at once: what one does not know the next may. A
file is copied before it is mapped, so that nobody can cut it short under a reader, and a damaged one never
replaces a good one. Knows no request.
"""

import ipaddress
import math
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import maxminddb
import structlog

from session_store import Location

Network = Literal["", "public", "loopback", "lan", "link_local", "cgnat", "reserved"]

_CGNAT = ipaddress.ip_network("100.64.0.0/10")
_LAN = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
_SAMPLES = 512
_STEP_V4 = 8_388_593
_FIRST_V6 = 0x2000 << 112
_STEP_V6 = (1 << 125) // _SAMPLES + 1

log = structlog.get_logger("proxy.place")


def network_of(address: str) -> Network:
    """What kind of network ``address`` belongs to (RFC 6890, RFC 6598); "" for what is no address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if parsed.is_loopback:
        return "loopback"
    if parsed.is_link_local:
        return "link_local"
    if any(parsed in network for network in _LAN):
        return "lan"
    if parsed in _CGNAT:
        return "cgnat"
    return "public" if parsed.is_global and not parsed.is_multicast else "reserved"


@dataclass(frozen=True, slots=True)
class _Stamp:
    """Tells one state of a file from another."""

    inode: int
    size: int
    changed_ns: int


class Places:
    """Look-ups in the databases at ``paths``; ``refresh`` opens what has changed."""

    def __init__(self, paths: Sequence[Path] = ()) -> None:
        self._paths = tuple(paths)
        self._readers: dict[Path, maxminddb.Reader] = {}
        self._stamps: dict[Path, _Stamp | None] = {}

    def find(self, address: str) -> Location | None:
        """Where ``address`` is; None where no database knows it."""
        readers = self._readers
        found = Location()
        for path in self._paths:
            record = _record(readers[path], address) if path in readers else None
            if record is not None:
                found = _filled(found, _location(record))
        return None if found == Location() else found

    def refresh(self) -> bool:
        """Open the files that are new or have changed; whether any was.

        A missing or damaged file leaves what was there. May run in a thread of its own, one at a time.
        """
        opened = False
        for path in self._paths:
            stamp = _stamp_of(path)
            if path not in self._stamps or stamp != self._stamps[path]:
                self._stamps[path] = stamp
                opened = self._open(path) or opened
        return opened

    def close(self) -> None:
        """Give the files back."""
        readers, self._readers = self._readers, {}
        for reader in readers.values():
            reader.close()

    def _open(self, path: Path) -> bool:
        try:
            reader = _open_copy(path)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            kept = path in self._readers
            log.warning("geoip_not_read", file=str(path), error=str(error), last_one_kept=kept)
            return False
        # The old one is left to the collector: a look-up in another thread may hold it.
        self._readers = {**self._readers, path: reader}
        log.info("geoip_read", file=str(path), kind=reader.metadata().database_type)
        return True


def _stamp_of(path: Path) -> _Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return _Stamp(status.st_ino, status.st_size, status.st_mtime_ns)


def _open_copy(path: Path) -> maxminddb.Reader:
    """Open a private copy, and try it: every address of a sample can be looked up.

    Raises OSError, ValueError, maxminddb.InvalidDatabaseError.
    """
    handle, name = tempfile.mkstemp(suffix=".mmdb")
    try:
        with os.fdopen(handle, "wb") as copy, path.open("rb") as original:
            shutil.copyfileobj(original, copy)
        reader = maxminddb.open_database(name)
    finally:
        os.unlink(name)
    for address in _samples(reader.metadata().ip_version):
        reader.get(address)
    return reader


def _samples(ip_version: int) -> Iterator[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Addresses from all over IPv4 and, where the file has them, the global part of IPv6 (2000::/3)."""
    for number in range(_SAMPLES):
        yield ipaddress.IPv4Address(number * _STEP_V4 + 16_909_060 & 0xFFFF_FFFF)
        if ip_version == 6:
            yield ipaddress.IPv6Address(_FIRST_V6 + number * _STEP_V6)


def _record(reader: maxminddb.Reader, address: str) -> Mapping[str, object] | None:
    try:
        record = reader.get(address)
    except (ValueError, maxminddb.InvalidDatabaseError):
        # No address, one of a family that the file does not cover, or a damaged page that no sample met.
        return None
    return cast("Mapping[str, object]", record) if isinstance(record, Mapping) else None


def _location(record: Mapping[str, object]) -> Location:
    """The fields of a nested record (``country.iso_code``, ``location.latitude``) or of a flat one."""
    country, place = record.get("country"), record.get("location")
    code = country.get("iso_code") if isinstance(country, Mapping) else record.get("country_code")
    values = cast("Mapping[str, object]", place) if isinstance(place, Mapping) else record
    latitude, longitude = _degrees(values.get("latitude"), 90), _degrees(values.get("longitude"), 180)
    radius = values.get("accuracy_radius")
    both = latitude is not None and longitude is not None
    return Location(
        country_code=code.upper() if isinstance(code, str) and len(code) == 2 else None,
        latitude=latitude if both else None,
        longitude=longitude if both else None,
        radius_km=radius if both and isinstance(radius, int) and radius >= 0 else None,
    )


def _degrees(value: object, most: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return round(float(value), 5) if -most <= value <= most else None


def _filled(first: Location, second: Location) -> Location:
    """``first``, with what only ``second`` knows; coordinates stay together."""
    place = first if first.latitude is not None else second
    return Location(
        country_code=first.country_code or second.country_code,
        latitude=place.latitude,
        longitude=place.longitude,
        radius_km=place.radius_km,
    )
