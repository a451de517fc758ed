"""Return paths: what is kept, what becomes ``/``, and that nothing leaves the host."""

import string
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.login import safe_return_path
from proxy.login.return_path import LONGEST
from tests.support.redirect_corpus import leaves

HOSTILE = "/\\.%:@#?;&=<>\"' \t\r\n\0evilEVIL0125cdfCDF-_~é。\u2028\ufeff\ud800"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/report",
        "/report/?q=1&q=2",
        "/a/b;v=1/@me/x:y",
        "/a//b",
        "/@scope%2fname",
        "/search?next=https://other.example/a&re=a%5Cb",
        "/search?next=//other.example",
        "/%C3%BC/100%25",
        "/.well-known/x",
        "/.../x",
        "/logout",
        "/outerward/login",
    ],
)
def test_a_path_of_the_application_is_kept_byte_for_byte(path: str) -> None:
    assert safe_return_path(path) == path


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/straße", "/stra%C3%9Fe"),
        ("/a b", "/a%20b"),
        ('/"<x>"', "/%22%3Cx%3E%22"),
        ("/a#b", "/a"),
        ("/a#//e", "/a"),
    ],
)
def test_what_a_header_cannot_carry_is_encoded_and_a_fragment_is_cut(path: str, kept: str) -> None:
    assert safe_return_path(path) == kept


@pytest.mark.parametrize(
    "path",
    [
        "",
        "report",
        "https://app.example.com/",
        "//evil",
        "/\\evil",
        "/%5cevil",
        "/%255cevil",
        "\t/x",
        "/a\\b",
        "/%2f/x",
    ],
)
def test_what_is_not_plainly_a_path_becomes_the_home_page(path: str) -> None:
    assert safe_return_path(path) == "/"


@pytest.mark.parametrize("control", ["\0", "\t", "\n", "\r", "\x1f", "\x7f", "\x85", "\u2028", "\ud800"])
@pytest.mark.parametrize("shape", ["/{}", "/x?y={}", "/x#{}", "/x{}y"])
def test_a_control_character_is_refused_in_any_encoding_and_place(control: str, shape: str) -> None:
    coded = quote(control, errors="surrogatepass")
    spellings = {control, coded, coded.replace("%", "%25"), coded.replace("%", "%2525")}
    if control == "\ud800":
        spellings = {control}

    assert {safe_return_path(shape.format(spelling)) for spelling in spellings} == {"/"}


@pytest.mark.parametrize(
    "dots", ["/.", "/..", "/./x", "/x/..", "/x/../y", "/%2e%2e/x", "/..;/x", "/%252e%252e/x"]
)
def test_a_dot_segment_is_refused(dots: str) -> None:
    assert safe_return_path(dots) == "/"


@pytest.mark.parametrize(
    "path",
    [
        "/.outerward",
        "/.outerward/",
        "/.outerward/logout",
        "/.outerward/callback/corp?code=x",
        "/%2eouterward/logout",
        "/%252eouterward/logout",
        "/.outerward//logout",
        "/ngrok/login",
        "/ngrok/logout?x",
        "/ngrok//logout",
        "/.outerward//sessions",
        "/.outerward/sessions/",
        "/.outerward/sessions?x=1",
        "/.outerward/sessions#x",
        "/%2eouterward/sessions",
        "/.outerward/%73essions",
    ],
)
def test_redir_04_our_own_pages_are_no_place_to_return_to(path: str) -> None:
    assert safe_return_path(path) == "/"


def test_the_list_of_sessions_is_the_one_page_of_ours_to_return_to() -> None:
    assert safe_return_path("/.outerward/sessions") == "/.outerward/sessions"


def test_a_path_that_nobody_would_keep_is_cut_off_by_length_and_by_depth_of_encoding() -> None:
    assert safe_return_path("/" + "a" * (LONGEST - 1)) != "/"
    assert safe_return_path("/" + "a" * LONGEST) == "/"
    assert safe_return_path("/%" + "25" * 9 + "41") == "/"


@given(st.text(alphabet=HOSTILE, max_size=24) | st.text(max_size=40))
@example("/%")
@example("/%2")
def test_the_result_is_always_a_printable_path_on_the_host_and_stable(text: str) -> None:
    path = safe_return_path(text)

    assert path.startswith("/")
    assert path[1:2] not in {"/", "\\"}
    assert set(path) <= set(string.printable) - set(string.whitespace) - set('\\#"<>`')
    assert safe_return_path(path) == path


def test_no_result_of_ten_thousand_hostile_texts_leaves_the_host_in_a_browsers_parser() -> None:
    results: set[str] = set()

    @given(st.lists(st.text(alphabet=HOSTILE, max_size=16), min_size=100, max_size=100))
    def collect(texts: list[str]) -> None:
        results.update(safe_return_path("/" + text) for text in texts)

    collect()

    assert leaves(sorted(results)) == []
