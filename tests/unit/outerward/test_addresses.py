from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from admin_api import AdminSettings
from outerward import addresses
from outerward.addresses import Origin
from outerward.config.upstream import upstream_address
from proxy import UpstreamAddress


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("App.Example.COM", "app.example.com"),
        ("app.example.com.", "app.example.com"),
        ("localhost", "localhost"),
        ("my_app.localhost", "my_app.localhost"),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "[::1]"),
        ("[0:0:0:0:0:0:0:1]", "[::1]"),
    ],
)
def test_a_hostname_has_one_form(text: str, canonical: str) -> None:
    assert addresses.canonical_hostname(text) == canonical
    assert addresses.canonical_hostname(canonical) == canonical


@pytest.mark.parametrize(
    "text",
    ["", ".", "a..b", "-a.b", "a-.b", "a b", "a/b", "http://a", "a:80", "*.a", "a.1", "0x7f", "1.2.3", "a@b",
     "a" * 64 + ".b", "a." * 130 + "b", "[::1", "fe80::1%eth0", "straße.example", "a\n", "a%20b", "a\udcff"],
)  # fmt: skip
def test_what_is_no_hostname_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|not a valid"):
        addresses.canonical_hostname(text)


@pytest.mark.parametrize(
    ("hostname", "local"),
    [
        ("localhost", True),
        ("app.localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("localhost.example.com", False),
        ("xlocalhost", False),
        ("10.0.0.1", False),
    ],
)
def test_localhost_names_and_loopback_addresses_are_local(hostname: str, local: bool) -> None:
    assert addresses.is_local(hostname) is local


@pytest.mark.parametrize(
    ("text", "listener"),
    [
        ("127.0.0.1:4180", ("127.0.0.1", 4180)),
        ("0.0.0.0:0", ("0.0.0.0", 0)),
        ("[::1]:0", ("::1", 0)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_a_listener_is_host_and_port(text: str, listener: tuple[str, int]) -> None:
    assert addresses.listen_address(text) == listener


@pytest.mark.parametrize(
    "text",
    ["", ":4180", "4180", "localhost", "localhost:", "a:65536", "a:-1", "a:+1", "::1:80", "a:٣", "a b:1"],
)
def test_what_is_no_listener_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|not a valid"):
        addresses.listen_address(text)


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (("127.0.0.1", 80), ("127.0.0.1", 80), True),
        (("0.0.0.0", 80), ("127.0.0.1", 80), True),
        (("127.0.0.1", 80), ("::", 80), True),
        (("127.0.0.1", 0), ("127.0.0.1", 0), False),
        (("127.0.0.1", 80), ("127.0.0.1", 81), False),
        (("127.0.0.1", 80), ("127.0.0.2", 80), False),
    ],
)
def test_two_listeners_meet_on_one_port_of_one_address(
    one: tuple[str, int], other: tuple[str, int], meet: bool
) -> None:
    assert addresses.listeners_meet(one, other) is meet


@pytest.mark.parametrize("text", ["/", "/wiki", "/a/b", "/a.b/c~d", "/@scope"])
def test_a_plain_path_is_a_prefix(text: str) -> None:
    assert addresses.path_prefix(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "wiki", "/wiki/", "//", "/a//b", "/a/../b", "/.", "/a%2fb", "/a;b", "/a\\b", "/a b", "/a?b", "/a#b",
     "/wüki", "/a\n", "/.outerward", "/.outerward/login"],
)  # fmt: skip
def test_a_path_that_could_mean_two_things_is_no_prefix(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|reserved"):
        addresses.path_prefix(text)


@pytest.mark.parametrize(
    ("text", "upstream"),
    [
        ("http://127.0.0.1:3000", UpstreamAddress(kind="http", host="127.0.0.1", port=3000)),
        ("http://App.internal/", UpstreamAddress(kind="http", host="app.internal", port=80)),
        ("https://[::1]", UpstreamAddress(kind="https", host="::1", port=443)),
        ("unix:/run/app.sock", UpstreamAddress(kind="unix", path="/run/app.sock")),
        ("unix:///run/app.sock", UpstreamAddress(kind="unix", path="/run/app.sock")),
    ],
)
def test_an_upstream_is_http_https_or_a_socket(text: str, upstream: UpstreamAddress) -> None:
    assert upstream_address(text) == upstream


@pytest.mark.parametrize(
    "text",
    ["", "127.0.0.1:3000", "ftp://a", "http:a", "http://", "http:///x", "http://a/x", "http://a?x", "http://a#x",
     "http://hunter2@a", "http://u:hunter2@a", "http://a:0", "http://a:99999", "http://a:hunter2",
     "http://a b", "http://a\t", "http://[::1", "unix:app.sock", "unix:", "unix:/a\0", "unix:/" + "a" * 107],
)  # fmt: skip
def test_what_is_no_upstream_is_refused_and_a_password_is_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        upstream_address(text)
    assert "hunter2" not in str(refused.value)


def test_a_public_url_is_an_origin_and_a_path() -> None:
    assert addresses.public_url("https://App.example.com:443/wiki/") == (
        Origin("https", "app.example.com", 443),
        "/wiki",
    )
    assert str(addresses.public_url("https://app.example.com:443")[0]) == "https://app.example.com"
    assert str(addresses.public_url("http://[::1]:8080")[0]) == "http://[::1]:8080"


@pytest.mark.parametrize(
    "text",
    ["embedded", "redis://h", "redis://h:6379/15", "rediss://user:pw@h:1", "redis://[::1]:1", "unix:///run/r.sock",
     "unix:///run/r.sock?db=1"],
)  # fmt: skip
def test_the_stores_of_this_version_are_accepted(text: str) -> None:
    addresses.store_url(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("redis+sentinel://a,b/mymaster", "not available in this version"),
        ("redis+cluster://a", "not available in this version"),
        ("postgres://hunter2@a", "must be embedded, redis"),
        ("redis:hunter2", "must be embedded, redis"),
        ("redis://", "must be redis://"),
        ("redis://u:hunter2@h/x", "must be redis://"),
        ("redis://u:hunter2@h?x=1", "must be redis://"),
        ("redis://u:hunter2@h:port", "not a valid URL"),
        ("redis://u:hunter2 @h", "blanks"),
        ("unix://run/r.sock", "absolute path"),
        ("Embedded", "must be embedded"),
    ],
)
def test_another_store_is_refused_in_words_and_its_password_is_not_repeated(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as refused:
        addresses.store_url(text)
    assert "hunter2" not in str(refused.value)


@given(st.text() | st.text("htps:/.[]1@?#%ax\\*-_ü"))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    parsers = (
        addresses.canonical_hostname,
        addresses.listen_address,
        addresses.path_prefix,
        upstream_address,
        addresses.public_url,
        addresses.store_url,
    )
    for parse in parsers:
        for attempt in (text, f"http://{text}", f"redis://{text}", f"unix:/{text}", f"/{text}"):
            with suppress(ValueError):
                parse(attempt)


@pytest.mark.parametrize(
    ("listen", "public_url", "url", "listener_url"),
    [
        ("127.0.0.1:0", None, "http://127.0.0.1:4040", "http://127.0.0.1:4040"),
        ("0.0.0.0:0", None, "http://127.0.0.1:4040", "http://127.0.0.1:4040"),
        ("[::]:0", None, "http://[::1]:4040", "http://[::1]:4040"),
        ("10.1.2.3:0", "https://Admin.example.com/", "https://admin.example.com", "http://10.1.2.3:4040"),
    ],
)
def test_the_admin_url_is_the_configured_one_or_the_listeners(
    listen: str, public_url: str | None, url: str, listener_url: str
) -> None:
    admin = AdminSettings(listen=listen, public_url=public_url)
    assert addresses.admin_url(admin, 4040) == url
    assert addresses.listener_url(listen, 4040) == listener_url
