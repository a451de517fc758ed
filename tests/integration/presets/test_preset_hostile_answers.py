"""Answers that no provider gives: whatever comes, a login ends in words or tells who signed in."""

from typing import Any

import pytest
from aiohttp import web

from idp_adapters import PRESETS
from tests.support.preset_logins import PresetLogins

PROFILES = {
    "amazon": ("api.amazon.com/user/profile", "user_id"),
    "facebook": ("graph.facebook.com/v25.0/me", "id"),
    "github": ("api.github.com/user", "id"),
}
USERINFO = {
    "gitlab": "gitlab.com/oauth/userinfo",
    "google": "openidconnect.googleapis.com/v1/userinfo",
    "linkedin": "api.linkedin.com/v2/userinfo",
    "microsoft": "graph.microsoft.com/oidc/userinfo",
    "twitch": "id.twitch.tv/oauth2/userinfo",
}
TOKENS = {
    "amazon": "api.amazon.com/auth/o2/token",
    "facebook": "graph.facebook.com/v25.0/oauth/access_token",
    "github": "github.com/login/oauth/access_token",
    "gitlab": "gitlab.com/oauth/token",
    "google": "oauth2.googleapis.com/token",
    "linkedin": "www.linkedin.com/oauth/v2/accessToken",
    "microsoft": "login.microsoftonline.com/common/oauth2/v2.0/token",
    "twitch": "id.twitch.tv/oauth2/token",
}


def sent(body: bytes, status: int = 200, content_type: str = "application/json", **headers: str) -> Any:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body, status=status, content_type=content_type, headers=headers)

    return answer


BODIES = {
    "huge": sent(b'{"id":"' + b"a" * 10_000_000 + b'"}'),
    "html": sent(b"<!doctype html><title>Sign in</title>", content_type="text/html"),
    "broken": sent(b"{}", status=500),
    "redirect": sent(b"", status=302, Location="https://evil.example/"),
    "inward": sent(b"", status=307, Location="http://169.254.169.254/"),
    "empty": sent(b""),
    "null": sent(b"null"),
    "list": sent(b"[]"),
    "twice": sent(b'{"id":"1","id":"2","user_id":"1","user_id":"2"}'),
    "deep": sent(b'{"id":' + b"[" * 100_000),
    "infinite": sent(b'{"id":1e999,"user_id":1e999}'),
    "long-number": sent(b'{"id":' + b"9" * 10_000 + b',"user_id":' + b"9" * 10_000 + b"}"),
    "latin-1": sent('{"id":"é","user_id":"é"}'.encode("latin-1")),
    "surrogate": sent(b'{"id":"\\ud800","user_id":"\\ud800"}'),
    "not-ok": sent(b'{"access_token":"an-access-token","token_type":"bearer"}', status=500),
    "form": sent(b"access_token=an-access-token&token_type=bearer", content_type="text/plain"),
}


@pytest.mark.parametrize("preset", sorted(PROFILES))
@pytest.mark.parametrize("body", sorted(BODIES))
async def test_a_profile_that_is_none_ends_the_login(logins: PresetLogins, preset: str, body: str) -> None:
    logins.servers.answers[PROFILES[preset][0]] = BODIES[body]

    assert (await logins.error(preset)).reason in ("provider_error", "provider_misconfigured")


@pytest.mark.parametrize("preset", sorted(USERINFO))
@pytest.mark.parametrize("body", sorted(BODIES))
async def test_userinfo_that_is_none_ends_the_login(logins: PresetLogins, preset: str, body: str) -> None:
    logins.servers.answers[USERINFO[preset]] = BODIES[body]

    reasons = ("provider_error", "provider_misconfigured", "invalid_token")
    assert (await logins.error(preset)).reason in reasons


@pytest.mark.parametrize("preset", sorted(TOKENS))
@pytest.mark.parametrize("body", sorted(BODIES))
async def test_tokens_that_are_none_end_the_login(logins: PresetLogins, preset: str, body: str) -> None:
    logins.servers.answers[TOKENS[preset]] = BODIES[body]

    assert (await logins.error(preset)).reason in ("provider_error", "provider_misconfigured")


@pytest.mark.parametrize("preset", sorted(PROFILES))
@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(0, id="zero"),
        pytest.param(-1, id="negative"),
        pytest.param(True, id="true"),
        pytest.param(1.5, id="fraction"),
        pytest.param(1.0, id="whole-fraction"),
        pytest.param("", id="empty"),
        pytest.param(None, id="null"),
        pytest.param(["583231"], id="list"),
        pytest.param({"id": "583231"}, id="nested"),
        pytest.param("a" * 256, id="long"),
        pytest.param(" 583231", id="blank-at-its-edge"),
        pytest.param("583231\n", id="line-end"),
        pytest.param("58\x003231", id="nul"),
    ],
)
async def test_a_profile_that_names_nobody_signs_nobody_in(
    logins: PresetLogins, preset: str, subject: object
) -> None:
    logins.servers.of(preset).person[PROFILES[preset][1]] = subject

    assert (await logins.error(preset)).reason == "invalid_claims"


@pytest.mark.parametrize("preset", sorted(PROFILES))
async def test_a_profile_without_its_subject_signs_nobody_in(logins: PresetLogins, preset: str) -> None:
    del logins.servers.of(preset).person[PROFILES[preset][1]]

    assert (await logins.error(preset)).reason == "invalid_claims"


@pytest.mark.parametrize(
    ("preset", "member", "value"),
    [
        pytest.param("github", "login", "ada\r\nX-Admin: 1", id="login"),
        pytest.param("github", "name", "Ada\u2028", id="name"),
        pytest.param("github", "login", 7, id="number"),
        pytest.param("amazon", "email", "ada@example.com\n", id="email"),
        pytest.param("facebook", "email", {"value": "ada@example.com"}, id="nested-email"),
        pytest.param("facebook", "name", "a" * 1001, id="long"),
    ],
)
async def test_what_could_read_differently_elsewhere_signs_nobody_in(
    logins: PresetLogins, preset: str, member: str, value: object
) -> None:
    logins.servers.of(preset).person[member] = value

    assert (await logins.error(preset)).reason == "invalid_claims"


@pytest.mark.parametrize("preset", sorted(PROFILES))
@pytest.mark.parametrize(
    "lie",
    [
        pytest.param({"access_token": ""}, id="empty"),
        pytest.param({"access_token": "a b"}, id="blank"),
        pytest.param({"access_token": "a\r\nX: 1"}, id="line-end"),
        pytest.param({"access_token": 1}, id="number"),
        pytest.param({"token_type": "mac"}, id="mac"),
        pytest.param({"token_type": None}, id="no-type"),
    ],
)
async def test_a_token_that_no_header_can_carry_ends_the_login(
    logins: PresetLogins, preset: str, lie: dict[str, object]
) -> None:
    logins.servers.of(preset).token_lies = lie

    assert (await logins.error(preset)).reason == "provider_error"
    assert not any(PROFILES[preset][0] in asked for asked in logins.servers.asked)


def test_every_preset_is_here() -> None:
    assert sorted(TOKENS) == sorted(PRESETS)
    assert sorted([*PROFILES, *USERINFO]) == sorted(PRESETS)
