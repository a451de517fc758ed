"""What a session is held to: taken from a context, and compared with what comes later."""

from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_store import Context, Location, PinKind, Pins, UserAgent, changed_pin, pins_of

ALL: tuple[PinKind, ...] = ("ip", "country", "device")
LAPTOP = UserAgent(raw="…", browser_name="Firefox", os_name="Linux", device_type="Other")
PART = st.sampled_from(["", "one", "two"])
PINS = st.builds(Pins, ip=PART, country=PART, device=PART)


@pytest.mark.parametrize(
    ("address", "pinned"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("192.0.2", ""),
        ("unknown", ""),
    ],
    ids=["IPv4", "IPv6", "capitals", "zone", "mapped", "empty", "cut short", "a word"],
)
def test_an_address_is_pinned_as_it_is_or_by_its_network(address: str, pinned: str) -> None:
    assert pins_of(Context(ip_address=address)).ip == pinned


@given(st.integers(1, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_a_host_that_changes_its_address_within_its_network_is_the_same(network: int, host: int) -> None:
    here, there = (str(IPv6Address((network << 64) + part)) for part in (0, host))
    pinned = pins_of(Context(ip_address=here)).ip
    assert pinned.endswith("/64")
    assert pins_of(Context(ip_address=there)).ip == pinned
    assert pins_of(Context(ip_address=str(IPv6Address((network - 1 << 64) + host)))).ip != pinned


@pytest.mark.parametrize(
    ("location", "country"),
    [(None, ""), (Location(), ""), (Location(country_code="NO", latitude=60.4), "NO")],
    ids=["no place", "no country", "a country"],
)
def test_a_country_is_pinned_by_its_code(location: Location | None, country: str) -> None:
    assert pins_of(Context(ip_address="192.0.2.7", location=location)).country == country


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (UserAgent(), ""),
        (UserAgent(raw="something new"), ""),
        (LAPTOP, "Firefox/Linux/Other"),
        (UserAgent(os_name="Linux"), "Other/Linux/Other"),
    ],
    ids=["nothing", "unknown", "known", "half known"],
)
def test_a_device_is_pinned_by_its_families_and_not_by_versions(agent: UserAgent, device: str) -> None:
    assert pins_of(Context(ip_address="192.0.2.7", user_agent=agent)).device == device


@pytest.mark.parametrize("kind", ALL)
def test_each_change_is_named_and_only_where_it_is_asked_for(kind: PinKind) -> None:
    before = Pins(ip="192.0.2.7", country="NO", device="Firefox/Linux/Other")
    changes: dict[PinKind, Pins] = {
        "ip": Pins(ip="192.0.2.8", country="NO", device="Firefox/Linux/Other"),
        "country": Pins(ip="192.0.2.7", country="SE", device="Firefox/Linux/Other"),
        "device": Pins(ip="192.0.2.7", country="NO", device="Chrome/Linux/Other"),
    }
    assert changed_pin(before, changes[kind], [kind]) == kind
    assert changed_pin(before, changes[kind], ALL) == kind
    assert changed_pin(before, changes[kind], [other for other in ALL if other != kind]) is None
    assert changed_pin(before, before, ALL) is None


@given(PINS)
def test_what_is_unknown_on_either_side_is_no_change(pins: Pins) -> None:
    assert changed_pin(Pins(), pins, ALL) is None
    assert changed_pin(pins, Pins(), ALL) is None


@given(PINS, PINS, st.lists(st.sampled_from(ALL)))
def test_a_change_is_one_in_either_direction(one: Pins, two: Pins, which: list[PinKind]) -> None:
    assert changed_pin(one, two, which) == changed_pin(two, one, which)
