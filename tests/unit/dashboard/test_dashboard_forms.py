"""The form of the sign-in page, out of any bytes."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.forms import BadForm, fields_of


def test_fields_are_read_as_browsers_write_them() -> None:
    assert fields_of(b"token=a+b%2Bc&redirect_path=%2Fdashboard%2Fusers&empty=") == {
        "token": "a b+c",
        "redirect_path": "/dashboard/users",
        "empty": "",
    }
    assert fields_of(b"") == {}


@pytest.mark.parametrize(
    "body",
    [b"token=a&token=b", b"token=%ff", b"token=\xff", b"&".join(b"f%d=1" % number for number in range(11))],
    ids=["a field twice", "no UTF-8", "no ASCII", "too many fields"],
)
def test_what_no_page_of_ours_sends_is_refused(body: bytes) -> None:
    with pytest.raises(BadForm):
        fields_of(body)


@given(st.binary(max_size=60) | st.text(alphabet="token=%&;+0aF", max_size=40).map(str.encode))
def test_any_bytes_are_fields_or_refused(body: bytes) -> None:
    try:
        fields = fields_of(body)
    except BadForm:
        return
    assert all(value.encode() is not None for value in fields.values())


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=5))
def test_what_was_encoded_is_read_back(fields: dict[str, str]) -> None:
    assert fields_of(urlencode(fields).encode()) == fields
