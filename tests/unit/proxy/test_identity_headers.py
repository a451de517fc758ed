"""The identity headers: every preset's names and values, and that no value can break out of its line."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.identity_headers import identity_lines
from proxy.settings import HeaderPreset
from session_store import ApplicationSession, CookieHash, Endpoint, Principal, SessionId, UserId, user_tag
from session_store import endpoint_id as named


def session(**changes: Any) -> ApplicationSession:
    values = {
        "provider": "corp",
        "issuer": "https://corp.example",
        "subject": "sub-1",
        "username": "ada.l",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "email_verified": True,
        "groups": ("ops", "dev"),
    }
    return ApplicationSession(
        id=SessionId("edgses_1"),
        cookie_hash=CookieHash(bytes(32)),
        endpoint=Endpoint(id=named("app"), public_url="https://app.example", tunnel="app"),
        user_id=UserId("edgusr_1"),
        user_tag=user_tag("https://corp.example", "sub-1"),
        principal=Principal(**{**values, **changes}),
        created_at=0,
        expires_at=1,
        idle_timeout_s=0,
    )


def lines(*presets: HeaderPreset, **changes: Any) -> list[str]:
    block = identity_lines(session(**changes), presets)
    assert block.endswith(b"\r\n")
    return block.decode().split("\r\n")[:-1]


SESSION = "X-Outerward-Session: edgses_1"


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        (
            "x-forwarded",
            [
                "X-Forwarded-User: sub-1",
                "X-Forwarded-Email: ada@example.com",
                "X-Forwarded-Preferred-Username: ada.l",
                "X-Forwarded-Groups: ops,dev",
            ],
        ),
        (
            "x-auth-request",
            [
                "X-Auth-Request-User: sub-1",
                "X-Auth-Request-Email: ada@example.com",
                "X-Auth-Request-Preferred-Username: ada.l",
                "X-Auth-Request-Groups: ops,dev",
            ],
        ),
        (
            "remote-user",
            [
                "Remote-User: ada.l",
                "Remote-Email: ada@example.com",
                "Remote-Name: Ada Lovelace",
                "Remote-Groups: ops,dev",
            ],
        ),
        (
            "ngrok",
            [
                "ngrok-auth-user-id: sub-1",
                "ngrok-auth-user-email: ada@example.com",
                "ngrok-auth-user-name: Ada Lovelace",
            ],
        ),
    ],
)
def test_each_preset_has_its_names_and_the_session_id_is_always_there(
    preset: HeaderPreset, expected: list[str]
) -> None:
    assert lines(preset) == [*expected, SESSION]


def test_several_presets_are_sent_one_after_the_other() -> None:
    assert len(lines("x-forwarded", "x-auth-request", "remote-user", "ngrok")) == 4 + 4 + 4 + 3 + 1


def test_an_empty_value_is_not_sent() -> None:
    assert lines("x-forwarded", username="", email="", groups=()) == ["X-Forwarded-User: sub-1", SESSION]
    assert lines() == [SESSION]


def test_an_email_that_nobody_verified_is_not_sent() -> None:
    sent = lines("x-forwarded", "x-auth-request", "remote-user", "ngrok", email_verified=False)

    assert not [line for line in sent if "example.com" in line]


def test_remote_user_is_the_username_or_else_a_verified_email() -> None:
    assert lines("remote-user", username="")[0] == "Remote-User: ada@example.com"
    assert lines("remote-user", username="", email_verified=False)[0] == "Remote-Name: Ada Lovelace"


def test_values_are_utf_8_and_a_comma_in_a_group_is_coded() -> None:
    sent = lines("x-forwarded", "remote-user", name="Ädä 山", groups=("a,b", "c", "ü"))

    assert "X-Forwarded-Groups: a%2Cb,c,ü" in sent
    assert "Remote-Name: Ädä 山" in sent


@pytest.mark.parametrize("character", ["\r", "\n", "\0", "\x1f", "\x7f", "\t"])
@pytest.mark.parametrize("field", ["subject", "username", "email", "groups"])
def test_a_control_character_is_an_error_and_never_a_header(field: str, character: str) -> None:
    hostile: Any = f"a{character}X-Forwarded-User: root"
    with pytest.raises(ValueError, match="control character"):
        lines("x-forwarded", **{field: (hostile,) if field == "groups" else hostile})


text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(text, text, text, st.lists(text, max_size=3).map(tuple))
def test_no_value_makes_a_line_of_its_own(
    subject: str, username: str, name: str, groups: tuple[str, ...]
) -> None:
    try:
        sent = lines("x-forwarded", "ngrok", subject=subject, username=username, name=name, groups=groups)
    except ValueError:
        return
    assert all(line.split(": ")[0].startswith(("X-Forwarded-", "ngrok-", "X-Outerward-")) for line in sent)
    assert len({line.split(": ")[0] for line in sent}) == len(sent)
