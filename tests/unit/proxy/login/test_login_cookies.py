"""The cookies of a login: names, attributes, which are the oldest, and that no cookie header raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import SessionCookie
from proxy.login.cookies import (
    MOST_LOGINS,
    clearing_login,
    login_cookie_name,
    mark_of,
    read_login_cookies,
    setting_login,
    surplus,
)

VALUE = "v" * 43


def line(*names: str, value: str = VALUE) -> list[bytes]:
    return ["; ".join(f"{name}={value}" for name in names).encode()]


def test_a_login_cookie_is_named_by_eight_characters_that_end_in_the_mark_of_its_state() -> None:
    name = login_cookie_name("a-state", 1_800_000_000, secure=False)

    assert name.startswith("outerward-login-")
    assert len(name) == len("outerward-login-") + 8
    assert name.endswith(mark_of("a-state"))
    assert login_cookie_name("a-state", 1_800_000_000, secure=True) == f"__Host-{name}"
    assert mark_of("a-state") != mark_of("another-state")


@pytest.mark.parametrize("secure", [True, False])
def test_every_cookie_has_the_attributes_of_its_scheme_and_is_cleared_with_them(secure: bool) -> None:
    set_cookies = [
        setting_login("n", VALUE, secure=secure),
        clearing_login("n", secure=secure),
        SessionCookie.of("app.example.com", secure=secure).setting(VALUE),
    ]

    for set_cookie in set_cookies:
        assert {"Path=/", "HttpOnly", "SameSite=Lax"} <= set(set_cookie.split("; "))
        assert ("Secure" in set_cookie.split("; ")) == secure
        assert "Domain" not in set_cookie
    assert "Max-Age=600" in set_cookies[0]
    assert set_cookies[1].startswith("n=;")
    assert "Max-Age=0" in set_cookies[1]


def test_login_cookies_are_found_among_others_with_their_values() -> None:
    name = login_cookie_name("s", 100, secure=False)
    lines = [f" a=b;{name} = {VALUE} ; outerward={VALUE}".encode(), b"outerward-login-short=x"]

    (cookie,) = read_login_cookies(lines, secure=False)

    assert (cookie.name, cookie.mark, cookie.value) == (name, mark_of("s"), VALUE)


def test_a_plain_cookie_does_not_count_where_the_host_is_on_https_nor_the_other_way() -> None:
    plain, secure = login_cookie_name("s", 100, secure=False), login_cookie_name("s", 100, secure=True)

    assert [c.name for c in read_login_cookies(line(plain, secure), secure=True)] == [secure]
    assert [c.name for c in read_login_cookies(line(plain, secure), secure=False)] == [plain]


def test_a_login_cookie_sent_twice_or_of_a_wrong_shape_has_no_value() -> None:
    name = login_cookie_name("s", 100, secure=False)

    assert [c.value for c in read_login_cookies(line(name, name), secure=False)] == [""]
    assert [c.value for c in read_login_cookies(line(name, name, name), secure=False)] == [""]
    assert [c.value for c in read_login_cookies(line(name) + line(name), secure=False)] == [""]
    assert [c.value for c in read_login_cookies(line(name, value="short"), secure=False)] == [""]
    assert [c.value for c in read_login_cookies(line(name, value=f'"{VALUE}"'), secure=False)] == [""]


@pytest.mark.parametrize("start", [1_800_000_000, 62**4 - 2, 62**4 * 3 - 1])
def test_the_oldest_go_whatever_order_the_browser_sends_them_in(start: int) -> None:
    names = [login_cookie_name(f"s{n}", start + n, secure=False) for n in range(6)]
    cookies = read_login_cookies(line(*sorted(names, reverse=True)), secure=False)

    assert {c.name for c in surplus(cookies, start + 10)} == set(names[:2])
    assert surplus(cookies[: MOST_LOGINS - 1], start + 10) == ()


def test_a_cookie_from_a_clock_ahead_is_new_not_old() -> None:
    names = [login_cookie_name(f"s{n}", 1_800_000_000 + n, secure=False) for n in range(5)]
    ahead = login_cookie_name("ahead", 1_800_000_009, secure=False)

    assert [
        c.name for c in surplus(read_login_cookies(line(*names[1:], ahead), secure=False), 1_800_000_006)
    ] == names[1:2]


@given(st.lists(st.binary(max_size=200), max_size=4))
def test_no_cookie_header_raises(lines: list[bytes]) -> None:
    surplus(read_login_cookies([*lines, b"outerward-login-" + b"".join(lines)], secure=False), 0)


def test_a_cookie_does_not_print_its_value() -> None:
    (cookie,) = read_login_cookies(line(login_cookie_name("s", 100, secure=False)), secure=False)

    assert VALUE not in repr(cookie)
