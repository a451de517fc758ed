"""LOG-01, LOG-02 at the admin API: what a caller sends, wherever, is in no answer and in no log."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import structlog

from session_store import Store
from tests.support.admin_api import AUTHORIZED, BOOTSTRAP, RunningApi, raw, running_api, session_of

CANARY = "cAnArY0123456789cAnArY0123456789"
PLACES = [
    b"GET /app/users HTTP/1.1\r\nAuthorization: Bearer CANARY\r\n",
    b"GET /app/users HTTP/1.1\r\nAuthorization: Basic CANARY\r\n",
    b"GET /app/users HTTP/1.1\r\nAuthorization: Bearer CANARY CANARY\r\n",
    b"GET /CANARY HTTP/1.1\r\n",
    b"GET /app/users/CANARY HTTP/1.1\r\n",
    b"DELETE /tokens/CANARY HTTP/1.1\r\n",
    b"GET /app/users?CANARY HTTP/1.1\r\n",
    b"GET /app/users?access_token=CANARY HTTP/1.1\r\n",
    b"GET /app/users?limit=CANARY HTTP/1.1\r\n",
    b"GET /app/users?before_id=CANARY HTTP/1.1\r\n",
    b"GET /app/users HTTP/1.1\r\nNgrok-Version: CANARY\r\n",
    b"GET /app/users HTTP/1.1\r\nExpect: CANARY\r\n",
    b"GET /app/users HTTP/1.1\r\nX-Operation-Id: CANARY\r\n",
    b"GET /app/users HTTP/1.1\r\nX-Request-Id: CANARY\r\n",
    b"GET /app/users HTTP/1.1\r\nUser-Agent: CANARY\r\n",
    b"GET /app/users HTTP/1.1\r\nCANARY: 1\r\n",
    b"GET /app/users HTTP/1.1\r\nCookie: a=CANARY\r\n",
    b"POST /tokens HTTP/1.1\r\nContent-Encoding: CANARY\r\nContent-Length: 0\r\n",
    b"CANARY /app/users HTTP/1.1\r\n",
    b"GET /app/users CANARY\r\n",
    b"GET /app/users HTTP/1.1\r\nCANARY\r\n",
    b"GET /app/users HTTP/1.1\r\nAuthorization: Bearer \x00CANARY\r\n",
    b"GET http://CANARY/ HTTP/1.1\r\n",
    b"GET http://CANARY@a/app/users?x HTTP/1.1\r\n",
    b"PUT /app/users HTTP/1.1\r\nHost: CANARY\r\n",
]
BODIES = [
    b'{"name": "n", "scope": "CANARY"}',
    b'{"CANARY": 1}',
    b"CANARY",
    b'{"name": "\\nCANARY", "scope": "read"}',
]


@dataclass(frozen=True)
class Log:
    """All that is logged: by us as JSON lines, by libraries through the standard library, at every level."""

    ours: io.StringIO
    libraries: io.StringIO

    def __str__(self) -> str:
        return self.ours.getvalue() + self.libraries.getvalue()


@pytest.fixture
def log() -> Iterator[Log]:
    written = Log(io.StringIO(), io.StringIO())
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(written.ours),
    )
    root, handler = logging.getLogger(), logging.StreamHandler(written.libraries)
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.NOTSET)
    yield written
    root.setLevel(level)
    root.removeHandler(handler)
    structlog.reset_defaults()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("credentials", [b"Host: a\r\n", AUTHORIZED])
async def test_log_02_a_canary_is_repeated_nowhere(
    store: Store, log: Log, place: bytes, credentials: bytes
) -> None:
    async with running_api(store) as api:
        answer = await raw(api, place.replace(b"CANARY", CANARY.encode()) + credentials + b"\r\n")
    told = answer.body.decode() + repr(answer.headers) + str(log)
    assert CANARY not in told
    assert BOOTSTRAP not in told
    assert answer.status < 500


@pytest.mark.parametrize("body", BODIES)
async def test_log_02_a_canary_in_a_body_is_repeated_nowhere(store: Store, log: Log, body: bytes) -> None:
    async with running_api(store) as api:
        answer = await api.call("POST", "/tokens", data=body.replace(b"CANARY", CANARY.encode()))
    assert answer.status == 400
    assert CANARY not in answer.body.decode() + str(log)


async def use_everything(api: RunningApi, secret: str, user: str) -> list[bytes]:
    """The answers to calls of every sort by ``secret``."""
    calls = [("GET", "/app/users"), ("GET", "/tokens"), ("GET", "/nowhere"), ("PUT", "/tokens")]
    calls += [("DELETE", f"/app/users/{user}"), ("GET", "/app/users?limit=0"), ("GET", "/healthz")]
    return [(await api.call(method, path, secret)).body for method, path in calls]


async def test_log_02_a_valid_token_is_shown_once_and_logged_never(store: Store, log: Log) -> None:
    session = await session_of(store)
    async with running_api(store) as api:
        made = await api.call("POST", "/tokens", json={"name": "n", "scope": "admin"})
        secret = made.json["token"]
        answers = await use_everything(api, secret, session.user_id)
    assert secret not in b"".join(answers).decode() + str(log) + repr(made.headers)


@pytest.mark.parametrize("evil", ["%0a%7b%22level%22:%22x%22%7d", "%1b%5b31m", "%0d%0a", "a" * 4000])
async def test_log_01_nothing_sent_can_break_a_line_of_the_log(store: Store, log: Log, evil: str) -> None:
    agent = b'User-Agent: \t{"level":"x"}' + b"a" * 4000 + b"\r\n"
    async with running_api(store) as api:
        await raw(api, f"GET /{evil}?{evil} HTTP/1.1\r\n".encode() + agent + AUTHORIZED + b"\r\n")
    (line,) = log.ours.getvalue().splitlines()
    assert json.loads(line)["route"] == "unknown"
    assert len(line) < 300
