import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from outerward.config import LogSettings
from outerward.logs import REDACTED, configure_logging


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def logged(event: str = "event", **values: object) -> dict[str, object]:
    stream = io.StringIO()
    configure_logging(LogSettings(), stream)
    structlog.get_logger().info(event, **values)
    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def test_a_line_is_json_with_level_and_time_where_stderr_is_no_terminal() -> None:
    found = logged("login", session_id="edgses_1", status_code=200)
    assert (found["event"], found["level"]) == ("login", "info")
    assert (found["session_id"], found["status_code"]) == ("edgses_1", 200)
    assert str(found["timestamp"]).endswith("Z")


@pytest.mark.parametrize(
    "name",
    ["token", "admin_token", "secret", "client_secret", "cookie", "Set-Cookie", "code", "password", "state",
     "nonce", "Authorization", "SAMLResponse", "code_verifier"],
)  # fmt: skip
def test_what_stands_under_a_telling_name_is_redacted(name: str) -> None:
    assert logged(**{name: "canary"})[name] == REDACTED
    nested = json.dumps(logged(headers={name: "canary"}, more=[{"deep": ({name: b"canary"},)}]))
    assert "canary" not in nested


@pytest.mark.parametrize(
    "name", ["token_id", "admin_token_path", "status_code", "country_code", "cookie_name"]
)
def test_what_only_sounds_like_a_secret_is_kept(name: str) -> None:
    assert logged(**{name: "kept"})[name] == "kept"


@pytest.mark.parametrize(
    "text",
    [
        "cannot reach redis://user:canary@h:1/0",
        "Authorization: Bearer canary",
        "basic canary",
        "owt_canary-canary",
    ],
)
def test_credentials_are_cut_out_of_any_text(text: str) -> None:
    assert "canary" not in json.dumps(logged(text, detail=text))


def test_hostile_text_is_one_escaped_line_in_both_formats() -> None:
    hostile = 'a\n{"level":"info"}\x1b[31m\x9b\u202e\u200b\ufeff\ud800'
    for format_name in ("json", "console"):
        stream = io.StringIO()
        configure_logging(LogSettings(format=format_name), stream)
        structlog.get_logger().info(hostile, user_agent=hostile, nested={hostile: [hostile]})
        logging.getLogger("library").warning("%s", hostile)
        lines = stream.getvalue().splitlines()
        assert len(lines) == 2
        assert all(line.isprintable() for line in lines)


def test_a_long_value_is_cut() -> None:
    assert len(json.dumps(logged("x" * 1_000_000, values=["y" * 1_000_000, *range(1_000_000)]))) < 10_000


def test_an_exception_is_logged_without_local_variables_or_credentials() -> None:
    for format_name in ("json", "console"):
        stream = io.StringIO()
        configure_logging(LogSettings(format=format_name), stream)
        try:
            local = "canary"
            raise ValueError(f"redis://u:canary@h \x1b[31m {len(local)}")
        except ValueError:
            structlog.get_logger().exception("failed")
        text = stream.getvalue()
        assert "ValueError" in text
        assert "canary@" not in text
        assert "\x1b" not in text


@pytest.mark.parametrize(
    ("level", "shown"), [("debug", ["d", "i", "w"]), ("info", ["i", "w"]), ("warning", ["w"]), ("error", [])]
)
def test_the_level_holds_what_is_below_it_back(level: str, shown: list[str]) -> None:
    stream = io.StringIO()
    configure_logging(LogSettings(level=level), stream)  # type: ignore[arg-type]
    log = structlog.get_logger()
    log.debug("d")
    log.info("i")
    log.warning("w")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == shown


def test_a_terminal_gets_text_and_json_where_it_is_asked_for() -> None:
    terminal = Terminal()
    configure_logging(LogSettings(), terminal)
    structlog.get_logger().info("event", key="value")
    assert "key" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")
    terminal = Terminal()
    configure_logging(LogSettings(format="json"), terminal)
    structlog.get_logger().info("event")
    assert json.loads(terminal.getvalue())["event"] == "event"
