"""What passes of the inbound headers: nothing of ours in any spelling, and everything else byte for byte."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.fields import ACTIONS, DROP, KEEP, Refusal
from proxy.head import Request, read_head

HOST = (b"Host", b"app.localhost")
Headers = list[tuple[bytes, bytes]]


def judge(*headers: tuple[bytes, bytes], method: bytes = b"GET") -> Request | Refusal:
    return read_head(method, b"/", "1.1", [HOST, *headers], keep_alive=True, upgrade=False)


def passed(judged: Request | Refusal) -> Request:
    assert isinstance(judged, Request), judged
    return judged


OURS = [
    *(
        b"X-Forwarded-" + end
        for end in (b"User", b"Email", b"Groups", b"Preferred-Username", b"Access-Token")
    ),
    *(b"X-Forwarded-" + end for end in (b"For", b"Proto", b"Host", b"Port", b"Uri", b"Method", b"Prefix")),
    *(b"X-Auth-Request-" + end for end in (b"User", b"Email", b"Groups", b"Preferred-Username")),
    *(b"Remote-" + end for end in (b"User", b"Email", b"Name", b"Groups")),
    *(b"ngrok-auth-user-" + end for end in (b"id", b"email", b"name")),
    *(b"X-Outerward-" + end for end in (b"Session", b"Jwt", b"Edge", b"Anything")),
    b"X-Request-Id",
    b"Forwarded",
]
HOP = [b"Connection", b"Keep-Alive", b"Proxy-Connection", b"TE", b"Trailer", b"Upgrade", b"HTTP2-Settings"]
FRAMING = [b"Content-Length", b"Transfer-Encoding"]


def spellings(name: bytes) -> st.SearchStrategy[bytes]:
    """``name`` in any case, with anything that a header name may hold for ``-``."""
    separators = st.sampled_from([b"-", b"_", b".", b"!", b"~", b"0", b"|", b"'"])
    places = [
        separators if byte == ord("-") else st.sampled_from([bytes([byte]).lower(), bytes([byte]).upper()])
        for byte in name
    ]
    return st.tuples(*places).map(b"".join)


@given(st.sampled_from([*OURS, *HOP]).flatmap(spellings), st.sampled_from([b"admin", b"", b"close"]))
def test_nothing_of_ours_passes_in_any_spelling(name: bytes, value: bytes) -> None:
    judged = judge((name, value), (b"X-Mine", b"1"))

    assert passed(judged).fields.kept == b"X-Mine: 1\r\n"


@given(st.sampled_from(FRAMING).flatmap(spellings))
def test_no_other_spelling_of_what_frames_a_message_passes(name: bytes) -> None:
    judged = judge((name, b"7"))

    assert isinstance(judged, Refusal) or judged.fields.kept == b""


@pytest.mark.parametrize(
    "name",
    [
        b"X_Custom",
        b"x-custom",
        b"X-Forward",
        b"X.Y",
        b"User-Agent",
        b"Authorization",
        b"Via",
        b"X-HTTP-Method-Override",
    ],
)
def test_what_is_not_ours_passes_byte_for_byte(name: bytes) -> None:
    value = b"\xff caf\xc3\xa9 \t"

    assert passed(judge((name, value))).fields.kept == name + b": " + value + b"\r\n"


def test_what_connection_lists_is_removed() -> None:
    request = passed(judge((b"Connection", b"close, X-Mine ,,\t"), (b"x-mine", b"1"), (b"X-Other", b"2")))

    assert request.fields.kept == b"X-Other: 2\r\n"


def test_connection_cannot_remove_what_security_and_framing_rest_on() -> None:
    headers = [
        (
            b"Connection",
            b"Host, Content-Length, Cookie, Authorization, X-Forwarded-User, X-Outerward-Session",
        ),
        (b"Content-Length", b"4"),
        (b"Cookie", b"a=b"),
        (b"Authorization", b"Basic x"),
    ]
    request = passed(judge(*headers, method=b"POST"))

    assert request.fields.kept == b"Authorization: Basic x\r\n"
    fields = request.fields
    assert (fields.cookies, fields.body_length, fields.hostname) == ([b"a=b"], 4, "app.localhost")


tokens = st.text(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~", min_size=1, max_size=24)
names = st.one_of(
    tokens.map(str.encode), st.sampled_from([*OURS, *HOP, *FRAMING, b"Host", b"Cookie", b"Expect"])
)
values = st.one_of(st.binary(max_size=30), st.sampled_from([b"chunked", b"5", b"a, b", b"100-continue"]))


@given(
    st.sampled_from([b"GET", b"POST", b"HEAD", b"OPTIONS", b"TRACE", b""]),
    st.binary(max_size=40),
    st.sampled_from(["1.1", "1.0", "2.0"]),
    st.lists(st.tuples(names, values), max_size=12),
    st.booleans(),
)
def test_any_head_is_a_request_or_a_refusal(
    method: bytes, target: bytes, version: str, headers: Headers, upgrade: bool
) -> None:
    judged = read_head(method, target, version, headers, keep_alive=True, upgrade=upgrade)

    if isinstance(judged, Request):
        kept = {line.partition(b":")[0].lower() for line in judged.fields.kept.splitlines()}
        assert not kept & {name.lower() for name in [*OURS, *HOP, *FRAMING, b"Host", b"Cookie"]}


def test_what_is_remembered_of_spellings_stays_small() -> None:
    for number in range(10_000):
        assert ACTIONS[b"X-%d" % number] == KEEP
    assert ACTIONS[b"X" * 16_000] == KEEP

    assert len(ACTIONS) <= 4096
    assert max(map(len, ACTIONS)) <= 64
    assert ACTIONS[b"X_Forwarded_User"] == DROP
