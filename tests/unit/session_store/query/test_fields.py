"""A filter can ask for every member that the API shows, and compares what the API shows."""

from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import given

from admin_api.shapes import Shapes, timestamp
from session_store.query.fields import FIELDS, INDEXED, Field, Type
from session_store.views import SessionView, UserView
from tests.unit.session_store.query.rows import ended_sessions, users

SHAPES = Shapes("https://admin.example.com")
BRANCHES = {"edge", "browser_session.location", "route", "identity_provider"}
"""Where a short name, or a question for null, stands at the path of an object."""


def leaves(shown: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(shown, dict) and shown:
        for name, inner in shown.items():
            yield from leaves(inner, f"{path}.{name}" if path else name)
    elif not path.endswith("uri") and path not in BRANCHES:
        yield path, shown


def as_shown(field: Field, view: SessionView | UserView) -> Any:
    value = field.read(view)
    return timestamp(value) if field.type is Type.TIME and isinstance(value, int) else value


@given(ended_sessions())
def test_every_member_of_a_session_is_a_field_with_its_value(view: SessionView) -> None:
    shown = msgspec.to_builtins(SHAPES.session(view))
    for path, value in leaves(shown):
        read = as_shown(FIELDS["ended"][path], view)
        assert (list(read) if isinstance(read, tuple) else read) == (
            list(value) if isinstance(value, tuple) else value
        )


@given(users())
def test_every_member_of_a_user_is_a_field_with_its_value(view: UserView) -> None:
    for path, value in leaves(msgspec.to_builtins(SHAPES.user(view))):
        assert as_shown(FIELDS["users"][path], view) == value


def test_the_fields_that_are_named_to_help_are_read_from_an_index() -> None:
    for kind, names in INDEXED.items():
        assert all(FIELDS[kind][name].indexed for name in names)
