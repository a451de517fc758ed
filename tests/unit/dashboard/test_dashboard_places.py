"""The pages' addresses, and that a sign-in leads on to one of them or to the list of users."""

import string
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dashboard.places import HOME, LONGEST, PAGES, kind_at, login_at, page_at, safe_return_path
from tests.support.redirect_corpus import corpus, leaves

USER = "edgusr_" + "0" * 27
SESSION = "edgses_" + "0" * 27
HOSTILE = "/\\.%:@#?;&=<>\"' \t\r\n\0dashboardusers0125cdfCDF-_~é。\u2028\ufeff"


@pytest.mark.parametrize(
    ("path", "name", "identifier"),
    [
        ("/dashboard/overview", "overview", ""),
        ("/dashboard/users", "users", ""),
        (f"/dashboard/users/{USER}", "user", USER),
        ("/dashboard/sessions", "sessions", ""),
        (f"/dashboard/sessions/{SESSION}", "session", SESSION),
        ("/dashboard/tunnels", "tunnels", ""),
        ("/dashboard/events", "events", ""),
        ("/dashboard/tokens", "tokens", ""),
    ],
)
def test_a_page_is_found_by_its_path(path: str, name: str, identifier: str) -> None:
    found = page_at(path)

    assert found is not None
    assert (found[0].name, found[1]) == (name, identifier)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/dashboard/users/1", "user"),
        (f"/dashboard/users/{SESSION}", "user"),
        (f"/dashboard/sessions/{SESSION}0", "session"),
        ("/dashboard/sessions/", ""),
        (f"/dashboard/users/{USER}/sessions", ""),
        ("/dashboard/tokens/1", ""),
        ("/dashboard/nothing", ""),
    ],
)
def test_what_is_no_id_still_names_the_kind_of_page(path: str, name: str) -> None:
    assert page_at(path) is None
    assert kind_at(path) == name


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/dashboard",
        "/dashboard/",
        "/dashboard/login",
        "/dashboard/logout",
        "/dashboard/static/x/main.js",
        "/dashboard/users/",
        "/dashboard//users",
        "/dashboard/Users",
        f"/dashboard/users/{SESSION}",
        f"/dashboard/sessions/{USER}",
        f"/dashboard/users/{USER}/",
        f"/dashboard/users/x/{USER}",
        f"/dashboard/events/{USER}",
        "/dashboard/users/edgusr_1",
        USER,
        f"//{USER}",
        f"/{USER}",
    ],
)
def test_any_other_path_is_no_page(path: str) -> None:
    assert page_at(path) is None


def test_two_pages_are_never_at_one_path() -> None:
    assert (
        len({(page.path, page.id_prefix) for page in PAGES})
        == len({page.name for page in PAGES})
        == len(PAGES)
    )


@pytest.mark.parametrize(
    "address",
    [
        "/dashboard/users",
        "/dashboard/users?",
        "/dashboard/users?q=ada&sort=name",
        "/dashboard/sessions?filter=obj.tunnel%20%3D%3D%20%22wiki%22&before_id=x",
        f"/dashboard/users/{USER}?tab=sessions",
        "/dashboard/events?at=https://app.example.com/a&x=a%5Cb",
        "/dashboard/users?q=%C3%BC%E4%BD%A0",
    ],
)
def test_the_address_of_a_page_is_kept_byte_for_byte(address: str) -> None:
    assert safe_return_path(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "dashboard/events",
        "//dashboard/events",
        "/\\dashboard/events",
        "/dashboard/events#x",
        "/dashboard\\events",
        "/dashboard/../events",
        "/dashboard/./events",
        "/dashboard/%65vents",
        "/dashboard//events",
        "//evil.example/dashboard/events",
        "https://evil.example/dashboard/events",
        "/dashboard/login?redirect_path=/dashboard/events",
        "/dashboard/logout",
        "/.outerward/login",
        "/dashboard/events?\\",
        "/dashboard/events?q= x",
        '/dashboard/events?q="',
        "/dashboard/events?q=<",
        "/dashboard/events?q=é",
        "/dashboard/events?q=\ud800",
        "/dashboard/events?q=" + "a" * LONGEST,
        "/dashboard/events?q=%" + "25" * 9 + "41",
    ],
)
def test_anything_else_becomes_the_list_of_users(address: str) -> None:
    assert safe_return_path(address) == HOME


@pytest.mark.parametrize("control", ["\0", "\t", "\n", "\r", "\x1f", "\x7f", "\x85", "\u2028"])
def test_a_control_character_is_refused_in_any_encoding(control: str) -> None:
    coded = quote(control)
    spellings = {control, coded, coded.replace("%", "%25"), coded.replace("%", "%2525")}

    assert {safe_return_path(f"/dashboard/events?q={spelling}") for spelling in spellings} == {HOME}
    assert {safe_return_path(f"/dashboard/events{spelling}") for spelling in spellings} == {HOME}


@given(st.text(alphabet=HOSTILE, max_size=24) | st.text(max_size=40))
@example("?%")
def test_the_result_is_always_a_page_of_the_dashboard_and_stable(text: str) -> None:
    for begin in ("", "/dashboard/", "/dashboard/events"):
        path = safe_return_path(begin + text)

        assert page_at(path.partition("?")[0]) is not None
        assert set(path) <= set(string.printable) - set(string.whitespace) - set('\\#"<>')
        assert safe_return_path(path) == path


def test_no_line_of_the_known_tricks_leaves_the_host_in_a_browsers_parser() -> None:
    lines = corpus()
    begun = ["/dashboard/users?" + line for line in lines] + ["/dashboard/users/" + line for line in lines]

    assert leaves(sorted({safe_return_path(line) for line in lines + begun})) == []
    assert {safe_return_path(line) for line in lines} == {HOME}


def test_the_sign_in_page_is_told_the_whole_address() -> None:
    address = "/dashboard/users?q=a%26b&sort=name"

    assert parse_qs(urlsplit(login_at(address)).query) == {"redirect_path": [address]}
