"""The canonical path: what is accepted, what is ambiguous, and that the reserved prefix is never missed."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from proxy.canonical import CanonicalPath, InvalidPath, canonical_path

PIECES = st.sampled_from(
    [
        b"/", b"//", b".", b"..", b"...", b";", b"\\", b"%2f", b"%2F", b"%5c", b"%2e", b"%2E", b"%252f",
        b"%252e", b"%25", b"%32%66", b"2f", b"%3b", b"%c0%ae", b"%00", b"%0a", b"%7f", b"%zz", b"%", b"#",
        b"?", b" ", b"\x00", b"\xff", b"\xc3\xa9", b"%c3%a9", b"a", b"admin", b"A", b".outerward",
        b"outerward", b"%6futerward", b"/.outerward/", b"/.outerward", b"~", b"+", b"@", b"%20",
    ]
)  # fmt: skip
paths = st.lists(st.one_of(PIECES, st.binary(max_size=4)), max_size=12).map(
    lambda parts: b"/" + b"".join(parts)
)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/", "/"),
        (b"/admin/", "/admin/"),
        (b"/ADMIN", "/ADMIN"),
        (b"/a.b/..c/d..", "/a.b/..c/d.."),
        (b"/%61dmin", "/admin"),
        (b"/caf%C3%A9", "/café"),
        ("/café".encode(), "/café"),
        (b"/a%20b+c", "/a b+c"),
        (b"/100%25", "/100%"),
        (b"/@scope/name", "/@scope/name"),
        (b"/%E2%80%A6", "/…"),
        (b"/.well-known/x", "/.well-known/x"),
        (b"/%2ehidden", "/.hidden"),
        (b"/...", "/..."),
    ],
)
def test_a_path_that_has_one_meaning_is_decoded_once(raw: bytes, path: str) -> None:
    assert canonical_path(raw) == CanonicalPath(path, ambiguous=False)


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (b"/public/../admin", "/admin"),
        (b"/public/%2e%2e/admin", "/admin"),
        (b"/public/.%2E/admin", "/admin"),
        (b"/public\\..\\admin", "/admin"),
        (b"/public%5c..%5cadmin", "/admin"),
        (b"/public%2f..%2fadmin", "/admin"),
        (b"//admin", "/admin"),
        (b"/./admin", "/admin"),
        (b"/admin/.", "/admin/"),
        (b"/admin/..", "/"),
        (b"/../../admin", "/admin"),
        (b"/admin;x=y", "/admin"),
        (b"/public/..;/admin", "/admin"),
        (b"/public/..%3b/admin", "/admin"),
        (b"/@scope%2fname", "/@scope/name"),
        (b"/a//", "/a/"),
        (b"/public/%252e%252e/admin", "/public/%2e%2e/admin"),
        (b"/a%25%32%66b", "/a%2fb"),
        (b"/admin%3fx", "/admin?x"),
        (b"/admin%3Fx", "/admin?x"),
        (b"/admin%23x", "/admin#x"),
    ],
)
def test_a_path_that_can_be_read_two_ways_is_ambiguous_and_judged_as_the_eager_reader_does(
    raw: bytes, path: str
) -> None:
    assert canonical_path(raw) == CanonicalPath(path, ambiguous=True)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"*",
        b"admin",
        b"http://host/",
        b"/admin#/public",
        b"/%zz",
        b"/%",
        b"/%4",
        b"/%u002e",
        b"/admin%00.png",
        b"/%1f",
        b"/%7f",
        b"/%0d%0a",
        b"/a\x00b",
        b"/a\x7fb",
        b"/%c0%ae%c0%ae/admin",
        b"/%c0%af",
        b"/%e0%80%af",
        b"/%f0%80%80%af",
        b"/%ed%a0%80",
        b"/%ff",
        b"/\xff",
        b"/%f5%80%80%80",
    ],
)
def test_a_path_that_no_server_should_be_asked_for_is_invalid(raw: bytes) -> None:
    with pytest.raises(InvalidPath):
        canonical_path(raw)


def judged(raw: bytes) -> CanonicalPath | None:
    """The verdict on a path; None where it is refused. Nothing but InvalidPath may come."""
    try:
        return canonical_path(raw)
    except InvalidPath:
        return None


@given(paths)
def test_nothing_is_raised_but_invalid_path(raw: bytes) -> None:
    judged(raw)


def could_be_misread(text: str) -> bool:
    """Whether a reader that decodes could see another structure than the bytes say."""
    return bool(re.search(r"//|\\|;|(^|/)\.\.?(/|$)", text))


@given(paths)
@example(b"/a/%2e%2e/b")
@example(b"/a%2f%2fb")
@example(b"/%25%32%65%25%32%65/")
def test_a_path_that_anybody_could_read_otherwise_is_always_called_ambiguous(raw: bytes) -> None:
    verdict = judged(raw)
    if verdict is None or verdict.ambiguous:
        return
    once = unquote(raw.decode("latin-1"), encoding="latin-1")
    twice = unquote(once, encoding="latin-1")

    assert not could_be_misread(raw.decode("latin-1"))
    assert not could_be_misread(once)
    assert once == twice, "a second decoding still changes it"
    assert not re.search(rb"%2f|%5c", raw, re.IGNORECASE)


@given(paths)
def test_the_canonical_path_is_the_bytes_themselves_unless_it_is_coded_or_ambiguous(raw: bytes) -> None:
    verdict = judged(raw)
    if verdict is not None and not verdict.ambiguous and b"%" not in raw:
        assert verdict.path.encode() == raw


# The reserved prefix


@pytest.mark.parametrize(
    ("raw", "reserved"),
    [
        (b"/.outerward/", True),
        (b"/.outerward/login", True),
        (b"/.outerward/callback/my%20idp", True),
        (b"/.outerward", True),
        (b"/.outerwardx/", False),
        (b"/.outerward.", False),
        (b"/x/.outerward/", False),
        (b"/.Outerward/", False),
        (b"/outerward/", False),
        (b"/a%2fb", False),
        (b"/a//b", False),
    ],
)
def test_the_reserved_prefix_is_recognised_byte_for_byte(raw: bytes, reserved: bool) -> None:
    assert canonical_path(raw).reserved is reserved


@pytest.mark.parametrize(
    "raw",
    [
        b"/%2eouterward/login",
        b"/%2Eouterward",
        b"/.%6futerward/login",
        b"/.outerward%2flogin",
        b"/.outerward%2Flogin",
        b"/.outerward%5clogin",
        b"//.outerward/login",
        b"/./.outerward/login",
        b"/x/../.outerward/login",
        b"/x/%2e%2e/.outerward/login",
        b"/x/..%2f.outerward/login",
        b"/\\.outerward/login",
        b"/.outerward/../admin",
        b"/.outerward/%2e%2e/admin",
        b"/.outerward//login",
        b"/.outerward/./login",
        b"/.outerward;x/login",
        b"/.outerward/login;x",
        b"/%252eouterward/login",
        b"/%25%32%65outerward/login",
        b"/.outerward%252flogin",
        b"/x/../.outerward/..%2fy",
    ],
)
def test_the_reserved_prefix_in_another_spelling_is_refused(raw: bytes) -> None:
    assert judged(raw) is None


def readings(raw: bytes) -> set[str]:
    """What servers make of a path: decoded up to twice, and merged, resolved and stripped in every way."""
    once = unquote(raw.decode("latin-1"), encoding="latin-1")
    found = {raw.decode("latin-1"), once, unquote(once, encoding="latin-1")}
    found |= {text.replace("\\", "/") for text in found}
    found |= {re.sub(r";[^/]*", "", text) for text in found}
    found |= {re.sub(r"/{2,}", "/", text) for text in found}
    found |= {without_dots(text) for text in found}
    return found | {re.sub(r"/{2,}", "/", text) for text in found}


def without_dots(text: str) -> str:
    """RFC 3986 §5.2.4, empty segments kept."""
    kept: list[str] = []
    for segment in text.split("/")[1:]:
        if segment == ".." and kept:
            kept.pop()
        elif segment not in (".", ".."):
            kept.append(segment)
    return "/" + "/".join(kept)


disguises = st.lists(
    st.one_of(PIECES, st.sampled_from([b"/.outerward/", b".outerward", b"/..", b"/x/../.outerward/login"])),
    max_size=8,
).map(lambda parts: b"/" + b"".join(parts))


@given(disguises)
@example(b"/a;/../.outerward/x")
@example(b"/.outerward;/x")
def test_no_reader_sees_the_reserved_prefix_where_we_do_not(raw: bytes) -> None:
    verdict = judged(raw)
    if verdict is None or verdict.reserved:
        return

    for reading in readings(raw):
        assert not re.match(r"/\.outerward(/|$)", reading), reading


@given(st.binary(max_size=20), st.sampled_from([b"%%%02x", b"%%%02X"]))
def test_a_fully_coded_path_means_what_was_coded(name: bytes, code: bytes) -> None:
    verdict = judged(b"/" + b"".join(code % byte for byte in name))

    if verdict is not None and not verdict.ambiguous:
        assert verdict.path == "/" + name.decode()
