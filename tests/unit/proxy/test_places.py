"""Where an address is: the kind of its network, and what GeoIP files of all kinds and states say of it."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from proxy.context.client_address import kept_network
from proxy.context.contexts import Contexts
from proxy.context.place import Places, network_of
from session_store import Context, Location, UserAgent
from tests.support.places import flat, nested, write

NORWAY = {"203.0.113.0/24": nested("NO", 60.39, 5.32)}
CHILE = {"203.0.113.0/24": nested("CL", -33.45, -70.67)}


def places(*paths: Path) -> Places:
    made = Places(paths)
    made.refresh()
    return made


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("8.8.8.8", "public"),
        ("2606:4700::1111", "public"),
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("10.1.2.3", "lan"),
        ("172.31.255.255", "lan"),
        ("172.32.0.1", "public"),
        ("192.168.1.1", "lan"),
        ("fd00::1", "lan"),
        ("169.254.1.1", "link_local"),
        ("fe80::1", "link_local"),
        ("100.64.0.1", "cgnat"),
        ("100.128.0.1", "public"),
        ("203.0.113.9", "reserved"),
        ("2001:db8::1", "reserved"),
        ("0.0.0.0", "reserved"),
        ("224.0.0.1", "reserved"),
        ("ff0e::1", "reserved"),
        ("", ""),
        ("not an address", ""),
    ],
)
def test_the_network_of_an_address_has_a_name(address: str, network: str) -> None:
    assert network_of(address) == network


# Kinds of files


def test_a_city_file_gives_country_and_coordinates(tmp_path: Path) -> None:
    found = places(write(tmp_path / "city.mmdb", NORWAY))
    assert found.find("203.0.113.7") == Location(
        country_code="NO", latitude=60.39, longitude=5.32, radius_km=20
    )
    assert found.find("198.51.100.1") is None


def test_a_country_file_gives_the_country_alone(tmp_path: Path) -> None:
    file = write(tmp_path / "country.mmdb", {"2001:db8::/32": nested("JP")}, ip_version=6)
    assert places(file).find("2001:db8::7") == Location(country_code="JP")


def test_flat_files_of_one_address_family_each_stand_together(tmp_path: Path) -> None:
    four = write(tmp_path / "four.mmdb", {"203.0.113.0/24": flat("fr", 45.76, 4.84)})
    six = write(tmp_path / "six.mmdb", {"2001:db8::/32": flat("SE", 59.33, 18.07)}, ip_version=6)
    found = places(four, six)
    assert found.find("203.0.113.7") == Location(country_code="FR", latitude=45.76, longitude=4.84)
    assert found.find("2001:db8::7") == Location(country_code="SE", latitude=59.33, longitude=18.07)
    assert places(four).find("2001:db8::7") is None


def test_what_one_file_does_not_know_the_next_may(tmp_path: Path) -> None:
    country = write(tmp_path / "country.mmdb", {"203.0.113.0/24": nested("NO")})
    city = write(tmp_path / "city.mmdb", CHILE)
    assert places(country, city).find("203.0.113.7") == Location(
        country_code="NO", latitude=-33.45, longitude=-70.67, radius_km=20
    )


@pytest.mark.parametrize(
    "record",
    [
        {"country": "NO", "location": "Bergen"},
        {"country": {"iso_code": 47}, "location": {"latitude": "60", "longitude": 5.3}},
        {"country_code": "NOR", "latitude": 91.0, "longitude": 5.0},
        {"country": {}, "location": {"latitude": 60.0}},
    ],
)
def test_a_record_of_another_shape_says_nothing(tmp_path: Path, record: dict[str, object]) -> None:
    assert places(write(tmp_path / "odd.mmdb", {"203.0.113.0/24": record})).find("203.0.113.7") is None


@given(st.text())
def test_what_is_no_address_is_nowhere(text: str) -> None:
    assert Places().find(text) is None


def test_what_is_no_address_is_nowhere_in_a_file(tmp_path: Path) -> None:
    found = places(write(tmp_path / "city.mmdb", NORWAY))
    assert [found.find(text) for text in ("", "x", "203.0.113", "::1%eth0")] == [None] * 4


# What becomes of files (M27)


def test_m27_a_missing_file_is_a_warning_and_is_taken_up_when_it_comes(tmp_path: Path) -> None:
    file = tmp_path / "city.mmdb"
    with capture_logs() as logged:
        found = places(file)
        found.refresh()
    assert [(entry["event"], entry["log_level"]) for entry in logged] == [("geoip_not_read", "warning")]
    assert found.find("203.0.113.7") is None

    write(file, NORWAY)
    assert found.refresh() is True
    assert found.refresh() is False
    assert found.find("203.0.113.7") is not None


def test_m27_a_file_that_is_replaced_is_taken_up(tmp_path: Path) -> None:
    file = write(tmp_path / "city.mmdb", NORWAY)
    found = places(file)
    write(file, CHILE)
    assert found.refresh() is True
    place = found.find("203.0.113.7")
    assert place is not None
    assert place.country_code == "CL"


def test_m27_a_file_that_is_cut_short_harms_nothing_and_the_old_one_stays(tmp_path: Path) -> None:
    file = write(tmp_path / "city.mmdb", NORWAY)
    found = places(file)
    before = found.find("203.0.113.7")
    for size in (file.stat().st_size // 2, 1, 0):
        os.truncate(file, size)
        assert found.find("203.0.113.7") == before
        with capture_logs() as logged:
            assert found.refresh() is False
        assert logged[0]["last_one_kept"] is True
        assert found.find("203.0.113.7") == before


@pytest.mark.parametrize("start", [0, 40])
def test_m27_a_file_that_is_overwritten_with_noise_leaves_the_old_one(tmp_path: Path, start: int) -> None:
    file = write(tmp_path / "city.mmdb", {"0.0.0.0/1": nested("NO"), "128.0.0.0/1": nested("CL")})
    found = places(file)
    content = bytearray(file.read_bytes())
    marker = content.index(b"\xab\xcd\xefMaxMind.com")
    content[start:marker] = bytes(0xFF for _ in range(marker - start))
    file.write_bytes(content)
    assert found.refresh() is False
    place = found.find("203.0.113.7")
    assert place is not None
    assert place.country_code == "CL"


def test_m27_a_file_that_is_deleted_leaves_what_was_read(tmp_path: Path) -> None:
    file = write(tmp_path / "city.mmdb", NORWAY)
    found = places(file)
    file.unlink()
    assert found.refresh() is False
    assert found.find("203.0.113.7") is not None


def test_nothing_is_left_in_the_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spare = tmp_path / "spare"
    spare.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(spare))
    found = places(write(tmp_path / "city.mmdb", NORWAY))
    assert found.find("203.0.113.7") is not None
    assert list(spare.iterdir()) == []


# The context as a whole


async def test_a_context_has_all_and_follows_a_new_database(tmp_path: Path) -> None:
    file = write(tmp_path / "city.mmdb", NORWAY)
    contexts = Contexts(Places([file]))
    await contexts.refresh()
    first = contexts.of("203.0.113.7", b"curl/8.5.0")
    assert first == Context(
        ip_address="203.0.113.7",
        user_agent=UserAgent(
            raw="curl/8.5.0", browser_name="curl", browser_version="8.5.0", device_type="Script"
        ),
        location=Location(country_code="NO", latitude=60.39, longitude=5.32, radius_km=20),
        network="reserved",
    )
    assert contexts.of("203.0.113.7", b"curl/8.5.0") is first

    write(file, CHILE)
    await contexts.refresh()
    place = contexts.of("203.0.113.7", b"curl/8.5.0").location
    assert place is not None
    assert place.country_code == "CL"
    await contexts.close()


async def test_a_context_with_a_truncated_address_has_the_place_and_network_of_the_whole(
    tmp_path: Path,
) -> None:
    file = write(tmp_path / "city.mmdb", {"203.0.113.7/32": nested("NO", 60.39, 5.32)})
    contexts = Contexts(Places([file]), kept_network)
    await contexts.refresh()
    found, own = contexts.of("203.0.113.7", b""), contexts.of("::1", b"")
    assert found.ip_address == "203.0.113.0"
    assert found.location is not None
    assert found.location.country_code == "NO"
    assert (own.ip_address, own.network) == ("::", "loopback")
    await contexts.close()


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxy.context.contexts._MOST_REMEMBERED", 3)
    contexts = Contexts(Places())
    first = contexts.of("192.0.2.1", b"x")
    for number in range(2, 5):
        contexts.of(f"192.0.2.{number}", b"x")
    again = contexts.of("192.0.2.1", b"x")
    assert again == first
    assert again is not first


def test_bytes_that_are_no_text_and_a_long_user_agent_make_a_context() -> None:
    contexts = Contexts(Places())
    assert contexts.of("192.0.2.1", b"\xff\xfe").user_agent.raw == "\ufffd\ufffd"
    assert len(contexts.of("192.0.2.1", b"\xc3\xa9" * 10_000).user_agent.raw) <= 1024
