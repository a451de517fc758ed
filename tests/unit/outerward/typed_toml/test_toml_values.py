from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outerward.typed_toml.values import (
    certificates,
    certificates_in,
    duration,
    read_secret_file,
    readable,
    secret,
    size,
)
from tests.support.certificates import Authority


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("12h", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
        ("0", timedelta(0)),
        ("0s", timedelta(0)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, span: timedelta) -> None:
    assert duration(text) == span


@pytest.mark.parametrize(
    "text", ["", "90", "-1s", "1.5h", "1h30m", "1 h", "h", "1S", "1w", "٣s", "1s\n", "1e3s"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        duration(text)


def test_a_duration_beyond_a_century_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        duration("999999999d")


@pytest.mark.parametrize(
    ("text", "count"), [("0", 0), ("512", 512), ("32k", 32768), ("10M", 10 << 20), ("1g", 1 << 30)]
)
def test_a_size_is_a_number_of_bytes_or_of_multiples_of_1024(text: str, count: int) -> None:
    assert size(text) == count


@pytest.mark.parametrize("text", ["", "k", "-1", "1.5k", "1kb", "10 m", "1t", "٣"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a size"):
        size(text)


@given(st.text())
def test_any_text_is_a_value_or_a_value_error(text: str) -> None:
    for parse in (duration, size):
        with suppress(ValueError):
            parse(text)


@given(st.integers(0, 10**6), st.sampled_from(["ms", "s", "m"]))
def test_a_duration_means_its_number_of_units(count: int, unit: str) -> None:
    seconds = {"ms": 0.001, "s": 1, "m": 60}[unit]
    assert duration(f"{count}{unit}").total_seconds() == pytest.approx(count * seconds)


def test_a_secret_comes_from_the_text_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n")
    assert secret("as it is", {}, tmp_path) == "as it is"
    assert secret("env:NAME", {"NAME": "from there"}, tmp_path) == "from there"
    assert secret("file:key", {}, tmp_path) == "from a file"
    assert secret(f"file:{tmp_path}/key", {}, Path("/nowhere")) == "from a file"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("env:MISSING", "MISSING is not set"),
        ("env:EMPTY", "EMPTY is not set"),
        ("env:BYTES", "BYTES is not UTF-8"),
        ("env:hunter2 is no name", "not followed by the name"),
        ("file:missing", "missing cannot be read: No such file"),
        ("file:", "cannot be read: Is a directory"),
        ("file:nul\0", "no file's name"),
        ("file:empty", "empty is empty"),
        ("file:binary", "binary is not UTF-8"),
        ("file:large", "too large"),
    ],
)
def test_a_secret_that_is_not_there_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"x" * 70_000)
    with pytest.raises(ValueError, match=words) as refused:
        secret(text, {"EMPTY": "", "BYTES": "\udcff"}, tmp_path)
    assert "hunter2" not in str(refused.value)


def test_a_secret_file_keeps_blanks_and_loses_the_line_end_only(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b" a b \r\n")
    assert read_secret_file(tmp_path / "key") == " a b "


def test_certificates_are_taken_out_of_what_stands_around_them(tmp_path: Path) -> None:
    one, other = Authority().pem, Authority().pem
    (tmp_path / "ca.pem").write_text(f"# Bücher GmbH\n{one}-----BEGIN PRIVATE KEY-----\nAAAA\n{other}")

    found = certificates(str(tmp_path / "ca.pem"))

    assert found.split() == (one + other).split()
    assert certificates_in((tmp_path / "ca.pem").read_text()) == found


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "holds no certificate in PEM form"),
        (b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "certificate that cannot be read"),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "holds a certificate that cannot be read",
        ),
        (b"\xff" * (1024 * 1024 + 1), "is too large for certificates"),
    ],
    ids=["empty", "a frame", "no certificate in it", "too large"],
)
def test_what_holds_no_certificate_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "ca.pem").write_bytes(content)

    with pytest.raises(ValueError, match=words):
        certificates(str(tmp_path / "ca.pem"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hunter2", "^holds no certificate in PEM form$"),
        ("-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----", "^holds no certificate"),
        ("\ud800", "^holds no certificate"),
        (
            "-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----",
            "^holds a certificate that cannot be read$",
        ),
    ],
    ids=["a word", "a key", "no text", "no certificate in it"],
)
def test_a_text_without_a_certificate_is_refused_and_not_shown(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words) as refused:
        certificates_in(text)

    assert "hunter2" not in str(refused.value)


def test_a_document_is_readable_whatever_it_holds(tmp_path: Path) -> None:
    (tmp_path / "idp.xml").write_bytes(b"\xff not XML")

    assert readable(str(tmp_path / "idp.xml")) == str(tmp_path / "idp.xml")


@pytest.mark.parametrize(
    ("name", "words"),
    [("gone.xml", "gone.xml cannot be read: No such file"), ("", "cannot be read: Is a directory")],
    ids=["missing", "a folder"],
)
def test_a_document_that_cannot_be_read_is_refused(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        readable(str(tmp_path / name))


def test_a_document_may_have_ten_megabytes_and_no_more(tmp_path: Path) -> None:
    with (tmp_path / "idp.xml").open("wb") as file:
        file.truncate(10 * 1024 * 1024)
    assert readable(str(tmp_path / "idp.xml"))
    with (tmp_path / "idp.xml").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ValueError, match="is too large for a document"):
        readable(str(tmp_path / "idp.xml"))
