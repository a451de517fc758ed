"""Files for browsers: one hash over all, gzip where it helps and is taken, nothing that was not read."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.static_files import StaticFiles, read_tree, takes_gzip, without_comments

LONG = b"const a = 1;\n" * 100
FILES = StaticFiles({"main.js": LONG, "parts/x.js": b"x", "style.css": b"", "world.svg": LONG})


STATIC = Path(__file__).parents[3] / "dashboard" / "static"
MODULES = {
    name: content
    for name, content in read_tree(STATIC)
    if name.endswith(".js") and not name.startswith("vendor/")
}


def answered(name: str, accept_encoding: str = "gzip, br", files: StaticFiles = FILES) -> Any:
    answer = files.answer(name, accept_encoding)
    assert answer is not None
    return answer


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("main.js", "text/javascript; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("world.svg", "image/svg+xml"),
    ],
)
def test_a_file_has_its_type_and_is_kept_for_good(name: str, media_type: str) -> None:
    headers = answered(name).headers

    assert headers["Content-Type"] == media_type
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_file_of_another_type_is_an_error_at_the_start() -> None:
    with pytest.raises(KeyError):
        StaticFiles({"notes.txt": b""})


def test_a_client_that_takes_gzip_gets_it_and_another_the_file_itself() -> None:
    small, plain = answered("main.js"), answered("main.js", "br")

    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.body) == LONG == plain.body
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"


def test_what_gzip_makes_no_smaller_is_sent_as_it_is() -> None:
    answer = answered("parts/x.js")

    assert answer.body == b"x"
    assert not {"Content-Encoding", "Vary"} & set(answer.headers)


def test_modules_are_sent_without_what_is_a_comment_alone() -> None:
    source = b"""// What it is.
/** `a`: one line. */
export const a = "// no comment"; // stays

  /**
   * Several / lines * of it.
   */
  const b = "http://x"; /** stays */
"""
    left = b"""

export const a = "// no comment"; // stays




  const b = "http://x"; /** stays */
"""
    names = ("main.js", "vendor/x.js", "style.css")
    files = StaticFiles(dict.fromkeys(names, source))

    assert [answered(name, "", files).body for name in names] == [left, source, source]


def test_of_the_modules_that_are_there_only_comments_go() -> None:
    begins = (b"//", b"/**", b"*")
    for name, source in MODULES.items():
        lines, kept = source.split(b"\n"), without_comments(source).split(b"\n")
        gone = [place for place, line in enumerate(lines) if line != kept[place]]
        assert len(lines) == len(kept)
        assert gone, name
        assert [name for place in gone if not lines[place].strip().startswith(begins)] == []
        assert [name for line in kept if line.strip().startswith(begins)] == []
        # A text of a template that looks like a comment has an odd number of quotes before it.
        assert [name for place in gone if b"\n".join(kept[:place]).count(b"`") % 2] == []


@pytest.mark.parametrize(
    ("accept_encoding", "taken"),
    [
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("x-gzip", True),
        ("gzip; q=1.0", True),
        ("", False),
        ("br", False),
        ("identity", False),
        ("gzip;q=0", False),
        ("gzip ; Q=0.000", False),
        ("xgzip", False),
        ("*", False),
    ],
)
def test_gzip_is_sent_only_to_who_names_it(accept_encoding: str, taken: bool) -> None:
    assert takes_gzip(accept_encoding) is taken


@given(st.text(alphabet="gzip;,=q01. \t*x-", max_size=40))
def test_any_field_is_read(accept_encoding: str) -> None:
    assert takes_gzip(accept_encoding) in {True, False}


@pytest.mark.parametrize(
    "name", ["", "/main.js", "parts/../main.js", "./main.js", "../app.py", "Main.js", "main.js/", "main.js\0"]
)
def test_only_a_name_that_was_read_leads_to_a_file(name: str) -> None:
    assert FILES.answer(name, "gzip") is None


def test_the_hash_changes_with_any_content_and_any_name() -> None:
    hashes = {
        StaticFiles(contents).hash
        for contents in (
            {"a.js": b"1", "b.js": b"2"},
            {"a.js": b"1", "b.js": b"3"},
            {"a.js": b"1", "c.js": b"2"},
            {"a.js": b"1"},
        )
    }

    assert len(hashes) == 4
    assert StaticFiles({"a.js": b"1", "b.js": b"2"}).hash == StaticFiles({"b.js": b"2", "a.js": b"1"}).hash


def test_a_tree_is_read_whole_with_folders_in_the_names(tmp_path: Path) -> None:
    (tmp_path / "parts" / "deep").mkdir(parents=True)
    (tmp_path / "a.js").write_bytes(b"1")
    (tmp_path / "parts" / "deep" / "b.js").write_bytes(b"2")

    assert dict(read_tree(tmp_path)) == {"a.js": b"1", "parts/deep/b.js": b"2"}
