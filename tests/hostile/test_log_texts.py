"""LOG-01: what visitors send and providers say, in every log, list, file and table: one line, and no effect.

Part of it cannot come in by the edge; it is put into the store as another version might have left it.
"""

import asyncio
import csv
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from io import StringIO

import pytest
import structlog
from structlog.testing import capture_logs

from outerward.cli import main
from outerward.config import LogSettings
from outerward.logs import configure_logging
from proxy import AccessLog, Journal, Metrics, wall_clock_ms
from session_store import (
    ApplicationSession,
    Context,
    CookieHash,
    Event,
    Location,
    Principal,
    Store,
    Touch,
    UserAgent,
)
from tests.support.admin_api import BOOTSTRAP, HERE, RunningApi, now_ms, running_api, visit
from tests.support.edge import route, running_edge
from tests.support.event_reader import reading
from tests.support.http_client import exchange, request, until
from tests.support.upstreams import Echo

_ACTS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
FORGED = '\n{"level":"critical","event":"forged"}\r\n'
EVIL = {
    "a line of a log": f"Mozilla/5.0{FORGED}",
    "a terminal": "\x1b[2J\x1b]0;owned\x07\x9b31m",
    "quotes": '"\'`\\"},{"x":"${jndi:ldap://a}<img onerror=alert(1)>',
    "direction": "\u202eevil\u2066\u200b\u2028\u2029",
    "a formula": '=HYPERLINK("http://evil.example","x")',
    "nul": "a\x00b\x7f",
    "a megabyte": ('x"\n\x1b[2J' * 150_000)[:1_000_000],
}
SENT = {
    "quotes": b'"\'`\\"},{"x":"${jndi:ldap://a}',
    "a terminal of eight bits": b"\xc2\x9b2J\xc2\x9d0;owned\xc2\x9c",
    "direction": "\u202eevil\u2066\u200b\u2028".encode(),
    "no text": b"\xff\xfe\x80",
    "a formula": b"=1+1",
    "a tab": b"a\tb",
    "long": b"x" * 7_000,
    "an escape": b"\x1b[2J",
    "a bare line end": b'a\n{"level":"x"}',
    "a folded line": b'a\r\n {"level":"x"}',
    "a megabyte": b"x" * 1_000_000,
}


def harmless(text: str) -> bool:
    """Whether a text can do nothing to a terminal but fill it."""
    return all(each.isprintable() for each in text.replace("\r\n", "").replace("\n", ""))


# Through the edge


@pytest.mark.parametrize("agent", SENT.values(), ids=SENT)
async def test_log_01_a_user_agent_is_one_escaped_line_of_the_access_log_and_one_access(
    store: Store, agent: bytes
) -> None:
    written = bytearray()
    journal = Journal(Metrics(), AccessLog("json", written.extend, wall_clock_ms))
    async with (
        Echo.running() as upstream,
        running_edge(store, [route(upstream)], journal=journal) as edge,
        running_api(store) as api,
    ):
        cookie = await edge.sign_in()
        head = request(cookie=cookie)[:-2] + b"User-Agent: " + agent + b"\r\n\r\n"
        (answer,) = await exchange(edge.port, head)
        await until(lambda: b"\n" in written)
        await edge.worker.recorder.flush()
        sessions = (await api.get("/app/sessions")).json["application_sessions"]
        histories = [(await api.get(f"/app/sessions/{each['id']}/accesses")).json for each in sessions]

    assert answer.status in (200, 400, 431)
    (line,) = written.splitlines()
    assert len(line) < 8192
    assert line.isascii() or harmless(line.decode())
    assert json.loads(line)["level"] == "info"
    assert json.loads(line)["user_agent"].isprintable()
    assert len(histories) == (1 if answer.status == 200 else 0)
    for (access,) in (history["accesses"] for history in histories):
        assert len(access["user_agent"]["raw"]) <= 1024


# As another version might have left it


@pytest.fixture(params=list(EVIL.values()), ids=list(EVIL))
def evil(request: pytest.FixtureRequest) -> str:
    text: str = request.param
    return text


@pytest.fixture
async def session(store: Store, evil: str) -> ApplicationSession:
    """Somebody of whom everything is evil, with an access of each sort, a block, and events."""
    short = evil[:2000]
    browser = await store.complete_login(
        Principal(
            provider="corp", issuer="https://id", subject=short, username=short, name=short, email=short
        ),
        provider_name=short,
        begun_at=await store.now(),
        scope="example.com",
        cookie_hash=CookieHash(b"c" * 32),
        expires_at=now_ms() + 3_600_000,
    )
    made = await visit(store, browser, context=HERE)
    agent = UserAgent(raw=evil, browser_name=short, browser_version=short, device_type=short, os_name=short)
    context = Context(
        ip_address=short, user_agent=agent, location=Location(country_code=short), network=short
    )
    await store.touch([Touch(session=made, at_ms=now_ms() + 1000, requests=3, context=context)])
    await store.record_events(
        [Event(type="login_denied", at=now_ms(), actor=f"provider:{short}", details={"account": evil})]
    )
    return made


@pytest.fixture
async def api(store: Store, session: ApplicationSession) -> AsyncIterator[RunningApi]:
    async with running_api(store) as running:
        yield running


async def test_log_01_every_answer_is_json_on_one_line(
    api: RunningApi, store: Store, session: ApplicationSession
) -> None:
    await api.call("PUT", f"/app/users/{session.user_id}/block", json={})
    for path in (
        "/app/users",
        f"/app/users/{session.user_id}",
        "/app/sessions?state=ended",
        f"/app/sessions/{session.id}/accesses",
        f"/app/users/{session.user_id}/export",
        "/app/blocks",
        "/events",
    ):
        answer = await api.get(path)
        assert answer.status == 200, path
        assert isinstance(answer.json, dict)
        assert b"\n" not in answer.body.removesuffix(b"\n")
        assert b"\x1b" not in answer.body
        assert b"\x00" not in answer.body


async def test_log_01_an_event_of_the_stream_is_three_lines_whatever_is_in_it(
    api: RunningApi, store: Store, evil: str
) -> None:
    listed = (await api.get("/events?type=login_denied")).json["events"]
    async with reading(api, "?type=login_denied", last_event_id="evt_0_0") as reader:
        while (message := await reader.message()).type == "gap":
            pass
        await store.record_events(
            [Event(type="login_denied", at=0, actor=evil[:300], details={evil[:9]: evil})]
        )
        following = await reader.message()
    assert (message.type, message.data) == ("login_denied", listed[0])
    assert len(message.data["details"]["account"]) <= 301
    assert (following.type, following.data["actor"]) == ("login_denied", evil[:300])


@pytest.fixture(params=["json", "console"])
def program_log(request: pytest.FixtureRequest) -> Iterator[StringIO]:
    """All that is logged, at every level, as the program writes it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    written = StringIO()
    configure_logging(LogSettings(level="debug", format=request.param), written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def test_log_01_an_event_is_one_escaped_line_of_the_programs_log(
    store: Store, program_log: StringIO, evil: str
) -> None:
    details = {"account": evil, evil[:20]: "x"}
    await store.record_events([Event(type="login_denied", at=0, actor=f"provider:{evil}", details=details)])
    text = program_log.getvalue()
    assert [line.count("login_denied") for line in text.splitlines()] == [1]
    assert not _ACTS.search(text)
    assert len(text) < 16_384


@pytest.mark.parametrize("path", ["/app/sessions", "/app/users"])
async def test_log_01_a_file_for_a_spreadsheet_has_one_row_and_no_formula(api: RunningApi, path: str) -> None:
    answer = await api.get(f"{path}?format=csv")
    csv.field_size_limit(2_000_000)
    header, row = list(csv.reader(StringIO(answer.body.decode(), newline=""), strict=True))
    assert len(row) == len(header)
    assert [cell for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


_BOLD = re.compile(r"\x1b\[[01]m")
COMMANDS = [
    ["sessions", "ls"],
    ["sessions", "get", "SESSION"],
    ["sessions", "export"],
    ["sessions", "revoke", "--filter", "true", "--dry-run"],
    ["users", "ls"],
    ["users", "get", "USER"],
    ["users", "sessions", "USER"],
    ["users", "export", "USER"],
    ["users", "blocks"],
    ["events", "ls"],
]


async def test_log_01_what_a_command_shows_does_nothing_to_a_terminal(
    api: RunningApi,
    session: ApplicationSession,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = {"ADMIN_URL": api.url, "ADMIN_TOKEN": BOOTSTRAP}
    for name, value in {f"OUTERWARD_{name}": value for name, value in told.items()}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    named = {"SESSION": session.id, "USER": session.user_id}
    for command in COMMANDS:
        if "blocks" in command:
            await api.call("PUT", f"/app/users/{session.user_id}/block", json={})
        with capture_logs():
            code = await asyncio.to_thread(main, [named.get(word, word) for word in command])
        shown = _BOLD.sub("", "".join(capsys.readouterr()))
        assert (code, shown != "") == (0, True), command
        assert harmless(shown), (command, [each for each in shown if not harmless(each)][:5])
        assert "export" in command or len(shown) < 20_000, command
        assert not [line for line in shown.splitlines() if line.startswith('{"level"')], command
