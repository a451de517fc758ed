"""What passes without a session: exactly the paths that were listed, and a browser's preflight."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.canonical import InvalidPath, canonical_path
from proxy.fields import Fields, read_fields
from proxy.routes import Site
from proxy.unchecked import PublicPaths, is_preflight, public_path
from tests.support.edge import route
from tests.support.upstreams import Echo

HOST = (b"Host", b"a")
PREFLIGHT = [(b"Origin", b"https://b"), (b"Access-Control-Request-Method", b"PUT")]
LISTED = PublicPaths.of(["/public/*", "/robots.txt", "/bücher/*", "/a b"])


def fields(*headers: tuple[bytes, bytes], upgrade: bool = False) -> Fields:
    read = read_fields([HOST, *headers], http10=False, keep_alive=True, upgrade=upgrade)
    assert isinstance(read, Fields)
    return read


@pytest.mark.parametrize(
    ("path", "public"),
    [
        ("/public/", True),
        ("/public/a", True),
        ("/public/a/b", True),
        ("/robots.txt", True),
        ("/bücher/x", True),
        ("/a b", True),
        ("/public", False),
        ("/publicity", False),
        ("/Public/a", False),
        ("/robots.txt/", False),
        ("/robots.txt2", False),
        ("/", False),
        ("/x/public/a", False),
        ("/a", False),
    ],
)
def test_an_entry_with_a_star_covers_what_is_under_it_and_any_other_itself(path: str, public: bool) -> None:
    assert LISTED is not None
    assert LISTED.covers(path) is public


def test_a_star_after_the_first_slash_opens_everything() -> None:
    everything = PublicPaths.of(["/*"])

    assert everything is not None
    assert all(everything.covers(path) for path in ("/", "/a", "/a/b"))


def test_no_entries_are_no_public_paths() -> None:
    assert PublicPaths.of([]) is None


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("", "must begin with /"),
        ("public", "must begin with /"),
        ("*", "must begin with /"),
        ("https://a/public", "must begin with /"),
        ("/public*", "at the end only"),
        ("/*/public", "at the end only"),
        ("/public/**", "at the end only"),
        ("/public/*/*", "at the end only"),
        ("/public?x=1", "a query"),
        ("/public#x", "a query"),
        ("/%70ublic", "without %"),
        ("/100%", "without %"),
        ("//public", "a plain path"),
        ("/public//*", "a plain path"),
        ("/public/../x", "a plain path"),
        ("/./public", "a plain path"),
        ("/public;x", "a plain path"),
        ("/public\\x", "a plain path"),
        ("/pub\x00lic", "a control character"),
        ("/pub\nlic", "a control character"),
        ("/.outerward/login", "is reserved"),
        ("/.outerward/*", "is reserved"),
        ("/.outerward", "is reserved"),
    ],
)
def test_an_entry_that_could_mean_something_else_is_refused_in_words(entry: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        public_path(entry)


@given(st.text(st.characters(codec="utf-8"), max_size=12).map(lambda text: "/" + text))
def test_an_entry_that_is_accepted_is_the_canonical_form_of_the_path_it_opens(entry: str) -> None:
    try:
        public = PublicPaths.of([entry])
    except ValueError:
        return
    assert public is not None
    path = entry[:-1] if entry.endswith("/*") else entry
    try:
        canonical = canonical_path(
            "".join(f"%{byte:02x}" for byte in path.encode()).replace("%2f", "/").encode()
        )
    except InvalidPath as error:
        raise AssertionError(f"{entry!r} can match nothing") from error
    assert public.covers(canonical.path)


@pytest.mark.parametrize(
    ("method", "headers", "passes"),
    [
        (b"OPTIONS", PREFLIGHT, True),
        (b"OPTIONS", [*PREFLIGHT, (b"Access-Control-Request-Headers", b"x-a")], True),
        (b"OPTIONS", [(b"origin", b"null"), (b"ACCESS-CONTROL-REQUEST-METHOD", b"PUT")], True),
        (b"OPTIONS", PREFLIGHT[:1], False),
        (b"OPTIONS", PREFLIGHT[1:], False),
        (b"OPTIONS", [], False),
        (b"OPTIONS", [PREFLIGHT[0], (b"Access-Control-Request-Method", b"")], False),
        (b"OPTIONS", [(b"Origin", b""), PREFLIGHT[1]], False),
        (b"OPTIONS", [PREFLIGHT[0], (b"Access_Control_Request_Method", b"PUT")], False),
        (b"OPTIONS", [*PREFLIGHT, (b"Content-Length", b"1")], False),
        (b"OPTIONS", [*PREFLIGHT, (b"Transfer-Encoding", b"chunked")], False),
        (b"OPTIONS", [*PREFLIGHT, (b"X-HTTP-Method-Override", b"DELETE")], False),
        (b"OPTIONS", [*PREFLIGHT, (b"x-method-override", b"")], False),
        (b"OPTIONS", [*PREFLIGHT, (b"X_HTTP_Method_Override", b"DELETE")], False),
        (b"OPTIONS", [*PREFLIGHT, (b"X.Http.Method", b"DELETE")], False),
        (b"GET", PREFLIGHT, False),
        (b"POST", PREFLIGHT, False),
        (b"options", PREFLIGHT, False),
    ],
)
def test_a_preflight_is_what_a_browser_sends_and_nothing_more(
    method: bytes, headers: list[tuple[bytes, bytes]], passes: bool
) -> None:
    assert is_preflight(method, fields(*headers)) is passes


def test_an_upgrade_is_no_preflight() -> None:
    assert not is_preflight(b"OPTIONS", fields(*PREFLIGHT, upgrade=True))


def test_a_host_with_public_paths_has_path_rules() -> None:
    upstream = Echo().address
    plain, public = route(upstream, "a"), route(upstream, "b", public_paths=["/x"])
    preflight = route(upstream, "c", allow_cors_preflight=True)
    hosts = Site.of([plain, public, preflight]).hosts

    assert [hosts[name].has_path_rules for name in "abc"] == [False, True, False]
    assert [each.opens for each in (plain, public, preflight)] == [False, True, True]
