"""JSON without leniency: what two parsers could read differently is refused."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp_adapters.strict_json import JsonError, read_object

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b'"a"',
        b"1",
        b"null",
        b"{",
        b"{} {}",
        b'{"a": 1, "a": 1}',
        b'{"a": 1, "\\u0061": 2}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": [{"b": 1, "b": 2}]}',
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": -Infinity}',
        b'{"a": 1e400}',
        b'{"a": -1e400}',
        b'{"a": "\\ud800"}',
        b'{"\\udc00": 1}',
        b'{"a": ["\\ud800"]}',
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-16-be"),
        b'{"a": "\n"}',
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": ' + b"[" * 100_000,
        b'{"a": ' + b'{"a": ' * 100_000,
        b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"a": ' + b"1" * 5000 + b"}",
    ],
)
def test_a_document_that_is_not_certain_is_refused(document: bytes) -> None:
    with pytest.raises(JsonError) as caught:
        read_object(document)
    assert len(str(caught.value)) < 60


@given(st.dictionaries(st.text(), VALUES))
def test_what_is_certain_is_read_as_it_was_written(members: dict[str, Any]) -> None:
    assert read_object(json.dumps(members).encode()) == members
    assert read_object(json.dumps(members, ensure_ascii=False).encode()) == members


@given(st.binary())
def test_any_bytes_are_read_or_refused(document: bytes) -> None:
    with contextlib.suppress(JsonError):
        assert isinstance(read_object(document), dict)


@given(st.dictionaries(st.text(), VALUES, min_size=1), st.data())
def test_a_member_that_is_repeated_anywhere_is_refused(members: dict[str, Any], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(members)))
    text = json.dumps(members)
    doubled = f"{text[:-1]}, {json.dumps(name)}: 0}}"
    for document in (doubled, f'{{"outer": {doubled}}}', f'{{"outer": [0, {doubled}]}}'):
        with pytest.raises(JsonError):
            read_object(document.encode())
