"""The store's URL: read whole, refused in words, its password never shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from session_store import Store, StoreRefused
from session_store.address import Address, parse_address


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("unix:///run/ow/s", Address("unix", path="/run/ow/s")),
        ("unix:///run/a%20b/s?db=2", Address("unix", path="/run/a b/s", database=2)),
        ("unix://:pw@/run/s", Address("unix", path="/run/s", password="pw")),
        ("redis://store", Address("tcp", host="store")),
        ("redis://store:7000/3", Address("tcp", host="store", port=7000, database=3)),
        ("redis://store/?db=3", Address("tcp", host="store", database=3)),
        ("redis://[::1]:7000", Address("tcp", host="::1", port=7000)),
        ("redis://:p%40ss@store", Address("tcp", host="store", password="p@ss")),
        ("rediss://me:pw@store", Address("tls", host="store", username="me", password="pw")),
    ],
)
def test_a_url_is_read_whole(url: str, address: Address) -> None:
    assert parse_address(url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "embedded",
        "http://store",
        "redis+sentinel://store",
        "redis://",
        "redis://:hunter2@",
        "redis://me@store",
        "redis://:hunter2@store:notaport",
        "redis://:hunter2@store:99999",
        "redis://:hunter2@store/one",
        "redis://:hunter2@store/1?db=2",
        "redis://:hunter2@store?db=-1",
        "redis://:hunter2@store?db=",
        "redis://:hunter2@store?timeout=5",
        "redis://:hun#ter2@store",
        "redis://:hunter2@[::1",
        "unix://",
        "unix://run/s",
        "unix:run/s",
        "unix:///run/s?db=x",
    ],
)
def test_a_url_that_is_none_is_refused_without_repeating_a_password(url: str) -> None:
    with pytest.raises(StoreRefused, match=r"^store\.url: ") as refused:
        parse_address(url)
    assert "hunter2" not in str(refused.value)
    assert "ter2" not in str(refused.value)


@given(st.text(max_size=60))
def test_no_text_is_an_error_of_another_kind(text: str) -> None:
    for url in (text, "redis://" + text, "unix://" + text):
        try:
            parse_address(url)
        except StoreRefused:
            continue


def test_user_and_password_are_not_shown() -> None:
    address = parse_address("redis://worker:hunter2@store")
    assert "hunter2" not in repr(address)
    assert "worker" not in repr(address)
    store = Store.open("redis://worker:hunter2@store", secrets=["swordfish"])
    shown = repr(vars(store)) + "".join(
        repr(getattr(part, "__dict__", part)) for part in vars(store).values()
    )
    assert "hunter2" not in shown
    assert "swordfish" not in shown


@pytest.mark.parametrize("secrets", [[], [""], ["good", ""]])
def test_a_store_without_a_secret_is_refused(secrets: list[str]) -> None:
    with pytest.raises(StoreRefused, match=r"store\.secret"):
        Store.open("redis://store", secrets=secrets)
