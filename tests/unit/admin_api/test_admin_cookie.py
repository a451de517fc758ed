"""The dashboard's cookie and what is sent beside it, whatever the ``Cookie`` lines hold."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from admin_api.admin_cookie import AdminCookie, csrf_of, hash_of

VALUE = "v" * 43
PLAIN, SECURE = AdminCookie(secure=False), AdminCookie(secure=True)
TEXT = st.text('outerward-admin=;,"\\ \t\r\n\0AZ09_é\udcff', max_size=80)


def test_on_https_the_name_is_bound_to_the_host_and_the_cookie_to_https() -> None:
    assert PLAIN.setting(VALUE) == f"outerward-admin={VALUE}; Path=/; HttpOnly; SameSite=Lax"
    assert SECURE.setting(VALUE) == f"__Host-outerward-admin={VALUE}; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert PLAIN.clearing == "outerward-admin=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax"
    assert SECURE.clearing == "__Host-outerward-admin=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure"


@pytest.mark.parametrize(
    "lines",
    [
        [f"outerward-admin={VALUE}"],
        [f"a=b;outerward-admin={VALUE};c"],
        [f"a=b; \touterward-admin = {VALUE} ; c=d"],
        ["a=b", f"outerward-admin={VALUE}"],
        [f"outerward-admin={VALUE}; outerward=x; __Host-outerward-admin=y; Outerward-Admin=z"],
    ],
    ids=["alone", "between", "with blanks", "on a second line", "beside others"],
)
def test_the_one_cookie_of_the_name_is_found(lines: list[str]) -> None:
    assert PLAIN.value_in(lines) == VALUE
    assert PLAIN.count_in(lines) == 1


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [""],
        [VALUE],
        ["outerward-admin"],
        ["outerward-admin="],
        [f"outerward-admin={VALUE[1:]}"],
        [f"outerward-admin={VALUE}v"],
        [f'outerward-admin="{VALUE}"'],
        [f"outerward-admin={VALUE[1:]}é"],
        [f"Outerward-Admin={VALUE}"],
        [f"outerward-admin=x=; outerward-admin={VALUE}"],
        [f"__Host-outerward-admin={VALUE}"],
    ],
    ids=[
        *["no line", "nothing", "no name", "no value", "an empty value", "too short", "too long", "quoted"],
        *["not ASCII", "another case", "doubled", "the other name"],
    ],
)
def test_nothing_else_is_a_value(lines: list[str]) -> None:
    assert PLAIN.value_in(lines) is None


@pytest.mark.parametrize("lines", [[f"outerward-admin={VALUE}"] * 2, [f"outerward-admin={VALUE}; " * 2]])
def test_two_of_the_name_are_none_even_when_they_are_equal(lines: list[str]) -> None:
    assert PLAIN.value_in(lines) is None
    assert PLAIN.count_in(lines) == 2


@example(["outerward-admin=" + "\udcff" * 43])
@given(st.lists(TEXT | TEXT.map("outerward-admin={}".format)))
def test_no_line_breaks_the_reader(lines: list[str]) -> None:
    value = PLAIN.value_in(lines)
    assert value is None or (re.fullmatch(r"[\w-]{43}", value, re.ASCII) and PLAIN.count_in(lines) == 1)


def test_what_goes_beside_the_cookie_tells_neither_the_cookie_nor_what_the_store_has() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", csrf_of(VALUE))
    assert csrf_of(VALUE) != csrf_of("w" + VALUE[1:])
    assert hash_of(csrf_of(VALUE)) != hash_of(VALUE)
    assert csrf_of(VALUE) not in {VALUE, hash_of(VALUE).hex()}
