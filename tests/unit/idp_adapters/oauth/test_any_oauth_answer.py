"""Whatever a provider of plain OAuth answers, it is read or refused; nothing else comes of it."""

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp_adapters import Identity, LoginError, OAuthProvider, OAuthSettings
from idp_adapters.oauth.pages import next_page, read_page
from idp_adapters.oauth.profile import identity_in, person_of, read_profile
from idp_adapters.oauth.session import SessionMemory
from idp_adapters.oauth.tokens import read_tokens
from idp_adapters.presets import OAuth
from idp_adapters.transport import Answer, Request

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.text(st.characters(categories=("Cc", "Zl", "Zp", "Zs", "Nd", "Ll"))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
MEMBERS = (
    "access_token", "code", "email", "error", "expires_in", "id", "login", "name", "organization", "primary",
    "refresh_token", "slug", "token_type", "type", "user_id", "verified",
)  # fmt: skip
OBJECTS = st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=6)
BODIES = st.binary() | (JSON | OBJECTS | st.lists(OBJECTS, max_size=3)).map(lambda v: json.dumps(v).encode())
LINKS = st.text() | st.builds(
    '<{}>; rel="{}"'.format, st.text() | st.just("https://api.github.com/user?page=2"), st.just("next")
)
ANSWERS = st.builds(
    Answer,
    st.sampled_from([200, 200, 200, 200, 400, 401, 403, 500]),
    st.dictionaries(st.sampled_from(["link", "x-github-sso", "x-ratelimit-remaining"]), LINKS),
    BODIES,
)


def of(preset: str, **changes: Any) -> tuple[OAuthSettings, OAuth]:
    values: dict[str, Any] = {"provider": preset, "client_id": "us", "client_secret": "s"}
    settings = OAuthSettings(**(values | changes))
    protocol = settings.preset.protocol
    assert isinstance(protocol, OAuth)
    return settings, protocol


class Scripted:
    """A wire that gives prepared answers, the last one for ever."""

    def __init__(self, answers: list[Answer]) -> None:
        self._answers = answers

    async def __call__(self, request: Request) -> Answer:
        """The next answer."""
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    async def close(self) -> None:
        """Nothing is open."""


@given(ANSWERS)
def test_any_answer_is_read_or_refused(answer: Answer) -> None:
    url = "https://api.github.com/user"
    for read in (
        lambda: read_tokens(answer),
        lambda: read_tokens(answer, refreshed=True),
        lambda: read_profile(answer),
        lambda: read_profile(answer, refreshed=True),
        lambda: read_page("a list", answer),
        lambda: next_page("a list", url, answer),
    ):
        with contextlib.suppress(LoginError):
            read()


@given(st.sampled_from(["amazon", "facebook"]), OBJECTS)
def test_any_profile_is_an_identity_or_is_refused(preset: str, profile: dict[str, Any]) -> None:
    settings, protocol = of(preset, email_verified="assume")
    try:
        identity = person_of(profile, protocol, settings)
    except LoginError:
        return
    assert identity.subject
    assert identity.subject == identity.subject.strip()
    for text in (identity.subject, identity.name, identity.email):
        assert not any(character in text for character in "\r\n\0\u2028")
    assert not identity.email_verified or identity.email


@pytest.mark.parametrize("verified", ["true", 1, [True], False])
@pytest.mark.parametrize("setting", ["required", "assume"])
def test_only_the_json_value_true_verifies_an_email(verified: object, setting: str) -> None:
    settings, _ = of("amazon", email_verified=setting)
    claims = {"sub": "1", "email": "ada@example.com"}

    assert not identity_in({**claims, "email_verified": verified}, settings).email_verified
    assert identity_in({**claims, "email_verified": True}, settings).email_verified


@given(st.lists(ANSWERS, min_size=1, max_size=5))
async def test_any_answers_of_github_end_in_an_identity_or_in_words(answers: list[Answer]) -> None:
    settings, protocol = of("github")
    provider = OAuthProvider("github", settings, protocol, clock=lambda: 1e9, fetch=Scripted(answers))
    memory = msgspec.msgpack.encode(SessionMemory(access_token="a"))
    before = Identity(issuer="https://github.com", subject="1")

    with contextlib.suppress(LoginError):
        again = await provider.refresh(memory, before)
        assert again is not None
        assert again.identity.subject == "1"


@pytest.mark.parametrize(
    ("link", "found"),
    [
        pytest.param('<https://api.github.com/user/orgs?page=2>; rel="next"', "2", id="alone"),
        pytest.param(
            '<https://api.github.com/user/orgs?page=1>; rel="prev", '
            '<https://api.github.com/user/orgs?page=3>; rel="next", '
            '<https://api.github.com/user/orgs?page=9>; rel="last"',
            "3",
            id="among-others",
        ),
        pytest.param('<https://api.github.com/user/orgs?page=9>; rel="last"', "", id="last"),
        pytest.param('<https://api.github.com/user/orgs?page=9>; title="next"', "", id="title"),
        pytest.param("", "", id="none"),
    ],
)
def test_the_next_page_is_the_one_that_is_called_next(link: str, found: str) -> None:
    url = "https://api.github.com/user/orgs?per_page=100"

    target = next_page("a list", url, Answer(200, {"link": link}, b""))

    assert target == (f"https://api.github.com/user/orgs?page={found}" if found else "")


@pytest.mark.parametrize(
    "body", [b'[],"page":[]', b'[],"more":1', b"[]}", b"{}", b"", b"[1]", b"\xef\xbb\xbf[]"]
)
def test_a_page_is_one_list_of_objects_and_nothing_beside(body: bytes) -> None:
    with pytest.raises(LoginError):
        read_page("a list", Answer(200, {}, body))


@pytest.mark.parametrize(
    ("expires_in", "lifetime_s"),
    [
        (28800, 28800.0),
        ("28800", 28800.0),
        (None, None),
        (True, None),
        (-1, None),
        ("soon", None),
        (1e30, None),
    ],
)
def test_a_lifetime_is_a_number_of_seconds_also_as_a_text(
    expires_in: object, lifetime_s: float | None
) -> None:
    body = {"access_token": "a", "token_type": "bearer", "expires_in": expires_in}

    assert read_tokens(Answer(200, {}, json.dumps(body).encode())).lifetime_s == lifetime_s


def test_tokens_and_memories_do_not_show_themselves() -> None:
    body = {"access_token": "an-access-token", "token_type": "bearer", "refresh_token": "a-refresh-token"}
    tokens = read_tokens(Answer(200, {}, json.dumps(body).encode()))

    shown = f"{tokens!r} {SessionMemory(access_token=tokens.access_token)!r}"
    assert "-token" not in shown
