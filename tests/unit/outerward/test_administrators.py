"""Which role somebody has: the most that any list gives, by what the provider said and nothing else."""

from typing import Any

import pytest

from admin_api import RoleSettings, Scope
from outerward.administrators import Roles
from session_store import Principal

ROLES = RoleSettings(
    viewer=("@example.com", "ada@example.com"),
    operator=("group:support",),
    admin=("ada@example.com", "group:ops"),
)


def principal(email: str = "", *, verified: bool = True, groups: tuple[str, ...] = ()) -> Principal:
    told: dict[str, Any] = {"provider": "corp", "issuer": "https://id.example.com", "subject": "s"}
    return Principal(**told, email=email, email_verified=verified, groups=groups)


@pytest.mark.parametrize(
    ("who", "scope"),
    [
        (principal("bob@example.com"), Scope.READ),
        (principal("bob@example.com", groups=("support",)), Scope.REVOKE),
        (principal("ada@example.com"), Scope.ADMIN),
        (principal("ADA@Example.com"), Scope.ADMIN),
        (principal("ada@example.com", verified=False), None),
        (principal("ada@example.com", verified=False, groups=("ops",)), Scope.ADMIN),
        (principal("ada@example.com.evil.example"), None),
        (principal("", groups=("Ops", "ops ", "support2")), None),
        (principal(""), None),
    ],
    ids=[
        "viewer",
        "operator and viewer",
        "admin and viewer",
        "case of an address",
        "address not verified",
        "by group all the same",
        "another domain",
        "groups of like names",
        "nothing known",
    ],
)
def test_somebody_has_the_most_that_a_list_gives(who: Principal, scope: Scope | None) -> None:
    assert Roles.of(ROLES).scope_of(who) is scope


def test_a_list_that_is_left_out_has_nobody_on_it() -> None:
    assert Roles.of(RoleSettings(operator=("*",))).scope_of(principal()) is Scope.REVOKE
    assert Roles.of(RoleSettings()).scope_of(principal("ada@example.com")) is None
