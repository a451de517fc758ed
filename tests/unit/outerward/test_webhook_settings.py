"""What a webhook may be told: its URL, its secret, its events; and how often it is tried."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outerward.webhooks import WebhookSettings, problems_of
from outerward.webhooks.delivery import back_off_s
from outerward.webhooks.signing import key_of, signed_headers
from outerward.webhooks.webhooks import webhook_names

SECRET = "x" * 32
URL = "https://hooks.example.com/outerward"


def settings(**changes: Any) -> WebhookSettings:
    return WebhookSettings(**{"url": URL, "secret": SECRET} | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"secret": "whsec_" + "A" * 32},
        {"events": ("login", "revoke")},
        {"url": "http://127.0.0.1:9000/hook", "allow_private_network": True},
        {"url": "http://hooks.internal/", "allow_private_network": True},
        {"url": "https://hooks.example.com:8443/a?b=c"},
        {"url": "http://localhost:9000/hook", "allow_private_network": True},
        {"url": "https://app.localhost/hook", "allow_private_network": True},
        {"url": "http://[::1]:9000/hook", "allow_private_network": True},
        {"secret": "a secret with blanks between words"},
    ],
    ids=[
        "plain",
        "encoded_secret",
        "some_events",
        "loopback",
        "private_name",
        "port_and_query",
        "localhost",
        "under_localhost",
        "loopback_6",
        "blanks_within",
    ],
)
def test_what_can_be_carried_out_has_no_problem(changes: dict[str, Any]) -> None:
    assert problems_of(settings(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": ""}, "url: it names no host"),
        ({"url": "hooks.example.com"}, "url: it names no host"),
        ({"url": "http://hooks.example.com/"}, "url: it is not https"),
        ({"url": "https://ada:pw@hooks.example.com/"}, "url: it has user information"),
        ({"url": "https://hooks.example.com/#a"}, "url: it has user information or a fragment"),
        ({"url": "https://10.0.0.1/"}, "url: it names a private address"),
        ({"url": "https://127.0.0.1/"}, "url: it names a private address"),
        ({"url": "https://[::1]/"}, "url: it names a private address"),
        ({"url": "https://0x7f000001/"}, "url: it names no host"),
        ({"url": "https://169.254.169.254/latest"}, "url: it names a private address"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "url: it names a private address"),
        ({"url": "file:///etc/passwd"}, "url: it names no host"),
        ({"url": "gopher://hooks.example.com/", "allow_private_network": True}, "url: it is not https"),
        ({"url": "https://hooks.example.com:0/"}, "url: it names port 0"),
        ({"url": "https://localhost/"}, "url: it names this machine"),
        ({"url": "https://hooks.localhost:8443/"}, "url: it names this machine"),
        (
            {"url": "http://[::1].example.com/", "allow_private_network": True},
            "url: it names no host",
        ),
        ({"url": "http://127.0.0.1:0/", "allow_private_network": True}, "url: it names port 0"),
        ({"secret": " " * 40}, "secret: must not be blank"),
        ({"secret": "\t" + "x" * 40}, "secret: must not be blank, nor begin or end with a blank"),
        ({"secret": "x" * 40 + "\n"}, "secret: must not be blank, nor begin or end with a blank"),
        ({"secret": "x" * 31}, "secret: must have at least 32 characters"),
        ({"secret": ""}, "secret: must have at least 32 characters"),
        ({"secret": "whsec_" + "!" * 40}, "secret: what follows whsec_ is not base64"),
        ({"secret": "whsec_" + "é" * 40}, "secret: what follows whsec_ is not base64"),
        ({"secret": "whsec_" + "A" * 28}, "secret: whsec_ must be followed by 24 to 64 bytes"),
        ({"secret": "whsec_" + "A" * 120}, "secret: whsec_ must be followed by 24 to 64 bytes"),
        ({"events": ()}, 'events: names no event; "*" is all of them'),
        ({"events": ("login", "logn")}, 'events: "logn" is no event; there are "*" and access_changed,'),
        ({"events": ("a\nb" * 90,)}, r'events: "a\nb'),
    ],
    ids=[
        "no_url",
        "no_scheme",
        "http",
        "user",
        "fragment",
        "private",
        "loopback",
        "loopback_6",
        "odd_address",
        "metadata",
        "mapped",
        "file",
        "gopher",
        "port_0",
        "localhost",
        "under_localhost",
        "beside_a_bracket",
        "private_port_0",
        "blank_secret",
        "blank_before_secret",
        "blank_after_secret",
        "short_secret",
        "no_secret",
        "no_base64",
        "no_ascii",
        "short_key",
        "long_key",
        "no_events",
        "unknown_event",
        "hostile_event",
    ],
)
def test_what_cannot_be_carried_out_is_said_under_its_key(changes: dict[str, Any], said: str) -> None:
    (problem,) = problems_of(settings(**changes))
    assert problem.startswith(said)
    assert "\n" not in problem
    assert len(problem) < 400


def test_every_problem_is_said_at_once_and_no_secret_with_them() -> None:
    problems = problems_of(settings(url="http://canary.example/?key=canary", secret="canary", events=("x",)))
    assert [problem.split(":")[0] for problem in problems] == ["url", "secret", "events"]
    assert "canary" not in "".join(problems)


def test_a_webhook_shows_neither_its_secret_nor_its_url() -> None:
    assert "canary" not in repr(settings(url="https://x.example/?canary", secret="canary" * 8))


def test_a_key_that_a_webhook_has_not_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"url": URL, "secret": SECRET, "event": ["login"]}, WebhookSettings)


def test_a_webhook_wants_all_events_or_those_it_names() -> None:
    assert settings().wants("login")
    assert settings(events=("login", "*")).wants("revoke")
    assert settings(events=("login",)).wants("login")
    assert not settings(events=("login",)).wants("login_denied")


def test_a_message_is_signed_as_the_known_one_is() -> None:
    """The example of the Standard Webhooks libraries."""
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    headers = signed_headers(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}')
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_any_other_text_is_a_key_as_it_is() -> None:
    assert key_of("ü" * 32) == ("ü" * 32).encode()


@given(st.integers(0, 10_000), st.floats(0, 1, exclude_max=True))
def test_attempts_are_a_second_to_five_minutes_apart(attempt: int, random: float) -> None:
    assert 1 <= back_off_s(attempt, random) <= 300


@pytest.mark.parametrize(
    ("attempt", "shortest", "longest"),
    [(0, 1, 1), (3, 4, 8), (8, 128, 256), (9, 150, 300)],
    ids=["first", "fourth", "ninth", "tenth"],
)
def test_attempts_come_ever_more_rarely_and_not_all_at_once(
    attempt: int, shortest: float, longest: float
) -> None:
    assert back_off_s(attempt, 0) == longest
    assert shortest <= back_off_s(attempt, 0.999) <= shortest * 1.01


def test_each_webhook_has_a_name_of_its_own_which_its_place_does_not_change() -> None:
    one, two, again = webhook_names(["https://a.example", "https://b.example", "https://a.example"])
    assert len({one, two, again}) == 3
    assert webhook_names(["https://b.example", "https://a.example"]) == [two, one]
    assert all(name.isascii() and "example" not in name for name in (one, two, again))
