"""What is said about a device or a country that is new, and of which of them a user is asked."""

import pytest

from session_store import Context, Flag, SessionId, UserAgent, user_tag
from session_store.familiar import country_of, device_of, flags_of, know
from tests.support.scene import DAY_MS, coming_from

HOME = coming_from("192.0.2.1", "DE")
DEVICE = "Firefox on Linux (desktop)"


def test_a_device_is_named_without_versions() -> None:
    agent = UserAgent(
        raw="Mozilla/5.0 …",
        browser_name="Firefox",
        browser_version="141.0",
        device_type="mobile",
        os_name="Android",
        os_version="16",
    )
    assert device_of(Context(ip_address="192.0.2.1", user_agent=agent)) == "Firefox on Android (mobile)"
    assert device_of(Context(ip_address="192.0.2.1")) == "Other on Other (Other)"


def test_a_country_is_asked_about_only_where_it_is_known() -> None:
    tag, session_id = user_tag("issuer", "ada"), SessionId("edgses_1")
    assert country_of(HOME) == "DE"
    assert know(tag, session_id, HOME, now=2, kept_ms=1)[-2:] == (f"d:{DEVICE}", "c:DE")
    unknown = coming_from("192.0.2.1")
    assert country_of(unknown) is None
    assert know(tag, session_id, unknown, now=2, kept_ms=1)[-1] == f"d:{DEVICE}"


def test_a_device_of_any_length_is_noted_in_so_many_characters() -> None:
    context = coming_from("192.0.2.1", browser="x" * 5000)
    note = know(user_tag("issuer", "ada"), SessionId("edgses_1"), context, now=2, kept_ms=1)[-1]
    assert isinstance(note, str)
    assert len(note) == 202


@pytest.mark.parametrize(
    ("reply", "named"),
    [
        ([b"", b""], []),
        ([b"Safari on iOS (mobile)", b""], ["new_device"]),
        ([b"", b"SE"], ["new_country"]),
        ([b"Safari on iOS (mobile)", b"SE"], ["new_device", "new_country"]),
        ([b""], []),
        ([], []),
        (None, []),
    ],
    ids=["nothing", "device", "country", "both", "no country asked", "the user is gone", "no answer"],
)
def test_a_flag_is_what_has_others_to_compare_with(reply: list[bytes] | None, named: list[str]) -> None:
    assert [flag.name for flag in flags_of(reply, HOME, kept_ms=DAY_MS)] == named  # type: ignore[arg-type]


def test_a_reason_says_what_is_new_and_names_some_of_what_is_known() -> None:
    known = b"SE\nNO\nDK\nFI"
    assert flags_of([b"", known], HOME, kept_ms=30 * DAY_MS) == (
        Flag(
            name="new_country",
            reason="DE is not among this user's countries of the last 30 days: SE, NO, DK, …",
        ),
    )
    (flag,) = flags_of([b"Safari on iOS (mobile)", b""], HOME, kept_ms=1000)
    assert flag.reason == (
        f"{DEVICE} is not among this user's devices of the last day: Safari on iOS (mobile)"
    )
