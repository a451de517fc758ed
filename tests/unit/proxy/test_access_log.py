"""Any bytes give exactly one line, which a reader of its format reads back; no line holds a secret."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.access_log import combined_lines, json_lines
from proxy.context import kept_network, kept_whole
from proxy.fields import Refusal
from proxy.finished import Finished
from proxy.head import Request, read_head
from proxy.problems import BAD_REQUEST
from tests.support.finished import SESSION, finished, request

NOON_MS = 1_764_072_000_000
COMBINED = re.compile(
    r'(\S+) - (\S+) \[(\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+)'
    r' "-" "((?:[^"\\]|\\.)*)"\n'
)
ANY_BYTES = st.binary(max_size=40) | st.sampled_from(
    [b'\n{"level":"error"}', b"\x1b[31m", b"\xe2\x80\xa8", b"\xe2\x80\xae", b'" 200 0 "', b"\\", b"\xff\x00"]
)


def one_json(record: Finished) -> dict[str, object]:
    (line,) = json_lines([record], NOON_MS, kept_whole)
    assert line.endswith(b"\n")
    (only,) = line.decode().splitlines()
    assert only.isprintable()
    read: dict[str, object] = json.loads(only)
    return read


def one_combined(record: Finished) -> tuple[str, ...]:
    (line,) = combined_lines([record], NOON_MS, kept_whole)
    text = line.decode()
    assert text[:-1].isprintable()
    parts = COMBINED.fullmatch(text)
    assert parts, text
    return parts.groups()


def test_a_line_tells_who_asked_for_what_and_what_became_of_it() -> None:
    assert one_json(finished()) == {
        "event": "request",
        "level": "info",
        "timestamp": "2025-11-25T12:01:40.250Z",
        "request_id": "0123456789abcdef",
        "client": "192.0.2.7",
        "method": "GET",
        "host": "app.localhost",
        "path": "/some/path",
        "status": 200,
        "complete": True,
        "bytes": 1234,
        "duration_ms": 250.0,
        "upstream_ms": 125.0,
        "verdict": "allow",
        "endpoint": "http://app.localhost",
        "tunnel": "app.localhost",
        "user": SESSION.user_id,
        "session": SESSION.id,
        "user_agent": "Mozilla/5.0",
    }


def test_the_combined_format_is_what_its_readers_know() -> None:
    assert one_combined(finished()) == (
        "192.0.2.7",
        SESSION.user_id,
        "25/Nov/2025:12:01:40 +0000",
        "GET /some/path HTTP/1.1",
        "200",
        "1234",
        "Mozilla/5.0",
    )


def test_what_was_no_request_has_a_line_all_the_same() -> None:
    for judged in (None, Refusal(BAD_REQUEST, "no", b"")):
        record = finished(judged, route=None, session=None, outcome="refused", status=400)
        read = one_json(record)
        assert (read["method"], read["path"], read["host"], read["endpoint"]) == ("", "", "", None)
        assert one_combined(record)[1:5:2] == ("-", "-")


def test_a_client_that_left_before_an_answer_is_499_and_a_cut_answer_keeps_its_status() -> None:
    gone = finished(status=0, sent=0, complete=False)
    assert (one_json(gone)["status"], one_json(gone)["complete"]) == (499, False)
    assert one_combined(gone)[4] == "499"
    assert one_json(finished(complete=False))["status"] == 200


def test_the_time_upstream_begins_with_the_verdict_or_without_a_check_with_the_turn() -> None:
    assert one_json(finished(checked_s=0.0))["upstream_ms"] == 187.5
    assert one_json(finished(answered_s=0.0))["upstream_ms"] is None


def test_records_of_several_visitors_and_seconds_keep_apart() -> None:
    records = [
        finished(request(agent=agent), began_s=at, checked_s=at, answered_s=at, ended_s=at, client=client)
        for at, client, agent in ((0.999, "a", b"one"), (1.0, "b", b"two"), (1.0, "a", b"one"))
    ]
    read = [json.loads(line) for line in json_lines(records, NOON_MS, kept_whole)]
    assert [each["timestamp"][-7:] for each in read] == ["00.999Z", "01.000Z", "01.000Z"]
    assert [(each["client"], each["user_agent"]) for each in read] == [
        ("a", "one"),
        ("b", "two"),
        ("a", "one"),
    ]


@pytest.mark.parametrize(
    "agent",
    [b'Mozilla\n{"level":"error","event":"request"}', b"\x1b[2J\x1b[31mred", b"M" * 1_000_000],
    ids=["a line of its own", "colours", "1 MB"],
)
def test_log_01_a_hostile_user_agent_is_one_escaped_line(agent: bytes) -> None:
    asked = request()
    asked.fields.user_agent = agent
    record = finished(asked)
    told = one_json(record)["user_agent"]
    assert isinstance(told, str)
    assert len(told) <= 513
    assert len(json_lines([record], NOON_MS, kept_whole)[0]) < 2000
    assert len(combined_lines([record], NOON_MS, kept_whole)[0]) < 2000
    one_combined(record)


@given(agent=ANY_BYTES, client=st.text(max_size=20), request_id=st.text(max_size=20))
def test_any_bytes_give_one_line(agent: bytes, client: str, request_id: str) -> None:
    asked = request()
    asked.fields.user_agent = agent
    record = finished(asked, client=client, request_id=request_id)
    one_json(record)
    one_combined(record)


@given(st.lists(ANY_BYTES | st.sampled_from([b"%0a", b"%e2%80%ae", b"%22", b"/", b"%20", b"\xc3\xbc"])))
def test_any_path_that_is_let_in_gives_one_line(pieces: list[bytes]) -> None:
    headers = [(b"Host", b"app.localhost")]
    asked = read_head(b"GET", b"/" + b"".join(pieces), "1.1", headers, keep_alive=True, upgrade=False)
    record = finished(asked)
    told = one_json(record)["path"]
    if isinstance(asked, Request) and asked.path.path.isprintable():
        assert told == asked.path.path
    assert len(one_combined(record)[3].split(" ")) == (3 if isinstance(asked, Request) else 1)


def test_a_long_path_is_cut() -> None:
    told = one_json(finished(request(b"/" + b"a" * 8000)))["path"]
    assert told == "/" + "a" * 1023 + "…"


def test_log_02_no_line_holds_a_cookie_a_query_or_an_authorization() -> None:
    asked = request(
        b"/callback?code=canary&state=canary",
        (b"Cookie", b"outerward=canary"),
        (b"Authorization", b"Bearer canary"),
        (b"Referer", b"https://app.localhost/?token=canary"),
    )
    for lines in (json_lines, combined_lines):
        assert b"canary" not in b"".join(lines([finished(asked)], NOON_MS, kept_whole))


def test_a_line_has_no_more_of_the_address_than_may_be_kept() -> None:
    record = finished(client="192.0.2.77")
    for lines in (json_lines, combined_lines):
        (line,) = lines([record], NOON_MS, kept_network)
        assert b"192.0.2.0" in line
        assert b"192.0.2.77" not in line
