import asyncio
import io
import socket

import pytest

from outerward.cli import client
from tests.integration.cli.conftest import Run, Script

PAGE = {"application_sessions": [{"id": "edgses_1"}], "uri": "http://a/app/sessions", "next_page_uri": None}


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (400, 1, "the API answered 400: said so"),
        (401, 1, "the API does not accept the token (401): said so"),
        (403, 1, "the token may not do this (403): said so"),
        (404, 1, "there is no token owtok_1 (404)"),
        (429, 1, "the API refuses further attempts for a moment (429): said so"),
        (500, 1, "the API answered 500: said so"),
        (503, 69, "the API cannot serve this now (503): said so"),
    ],
)
async def test_a_refusal_is_one_sentence_and_its_exit_code(
    script: Script, run: Run, status: int, code: int, words: str
) -> None:
    script.will_answer(
        status, {"error_code": "ERR_OUTERWARD_1", "status_code": status, "msg": "said so", "details": {}}
    )
    refused = await run("tokens", "revoke", "owtok_1")
    assert (refused.code, refused.out, refused.err) == (code, "", words + "\n")


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (404, b"<html>Not Found</html>"),
        (404, b"{}"),
        (404, {"error_code": "ERR_OUTERWARD_1001", "msg": "No application here", "details": {}}),
        (401, {"error_code": "ERR_OUTERWARD_2000", "msg": "Sign in first", "details": {}}),
    ],
    ids=["page", "json", "edge", "edge with a tunnel"],
)
async def test_what_serves_something_else_is_not_taken_for_the_api(
    script: Script, run: Run, status: int, answer: object
) -> None:
    script.will_answer(status, answer)
    for command in ("sessions ls", "sessions get edgses_1", "tokens revoke owtok_1", "events tail"):
        refused = await run(*command.split())
        assert (refused.code, refused.err) == (1, f"what answers at {script.url} is not the admin API\n")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"msg": 3}', b"\xff", b'{"msg": "' + b"[" * 9, b"[" * 100_000]
)
async def test_a_refusal_without_an_envelope_is_a_sentence_all_the_same(
    script: Script, run: Run, body: bytes
) -> None:
    script.will_answer(502, body)
    refused = await run("sessions", "get", "edgses_1")
    assert (refused.code, refused.err) == (1, "the API answered 502\n")


async def test_what_the_details_add_is_said_too(script: Script, run: Run) -> None:
    details = {"operation_id": "op_1", "values": "a, b\x1b[2J" + "x" * 1000, "wrong": 3}
    script.will_answer(400, {"msg": "`details` name them.", "details": details})
    refused = await run("sessions", "ls")
    assert refused.err.startswith("the API answered 400: `details` name them. (values: a, b\\x1b[2Jxxx")
    assert len(refused.err) < 400


async def test_a_hostile_message_is_one_escaped_and_cut_line(script: Script, run: Run) -> None:
    script.will_answer(400, {"msg": "a\n\x1b[2J\u202e" + "x" * 10_000})
    refused = await run("sessions", "get", "edgses_1")
    assert refused.err.strip().isprintable()
    assert len(refused.err) < 500


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"[]", b"{}", b'{"application_sessions": 1}', b'{"application_sessions": [1]}', b"\xff",
     b'{"application_sessions": [], "next_page_uri": 3}',
     b'{"application_sessions": [], "next_page_uri": "x"}', b'{"application_sessions": [], "next_page_uri": "http://[x"}',
     b"[" * 100_000],
)  # fmt: skip
async def test_an_answer_that_is_not_the_apis_is_said_to_be_so(script: Script, run: Run, body: bytes) -> None:
    script.will_answer(200, body)
    refused = await run("sessions", "ls")
    assert (refused.code, refused.err) == (1, f"what answers at {script.url} is not the admin API\n")


async def test_a_redirect_is_not_followed(script: Script, run: Run) -> None:
    script.will_answer(302, b"", Location="http://127.0.0.1:1/")
    assert (await run("sessions", "ls")).err == "the API answered 302\n"
    assert len(script.requests) == 1


async def test_the_token_goes_to_the_address_asked_for_alone(script: Script, run: Run) -> None:
    elsewhere = "http://elsewhere.example.com/app/sessions?limit=100&before_id=edgses_1"
    script.will_answer(200, {**PAGE, "next_page_uri": elsewhere})
    script.will_answer(200, PAGE)
    listed = await run("sessions", "ls")
    assert len(listed.rows) == 2
    assert script.requests == [
        ("/app/sessions?limit=100", "Bearer a-token"),
        ("/app/sessions?limit=100&before_id=edgses_1", "Bearer a-token"),
    ]


async def test_pages_that_lead_in_a_circle_come_to_an_end(script: Script, run: Run) -> None:
    script.will_answer(200, {**PAGE, "next_page_uri": "http://a/app/sessions?limit=100"})
    listed = await run("sessions", "ls")
    assert (listed.code, len(listed.rows)) == (0, 1)


async def test_no_more_is_asked_for_than_the_limit_needs(script: Script, run: Run) -> None:
    script.will_answer(200, {**PAGE, "next_page_uri": "http://a/app/sessions?limit=1&before_id=x"})
    assert len((await run("sessions", "ls", "--limit", "1")).rows) == 1
    assert [path for path, _ in script.requests] == ["/app/sessions?limit=1"]


async def test_rows_are_single_lines_of_ascii(script: Script, run: Run) -> None:
    hostile = "a\u2028\x1b[2J\x9b\ud83d\ude00\u202e"
    script.will_answer(200, {**PAGE, "application_sessions": [{"id": hostile}]})
    listed = await run("sessions", "ls")
    assert listed.out.isascii()
    assert listed.out.strip().isprintable()
    assert len(listed.rows) == 1


async def test_a_table_shows_hostile_text_as_text(
    script: Script, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.will_answer(
        200,
        {
            **PAGE,
            "application_sessions": [
                {"id": "[red]x[/red]\x1b[2J\n", "browser_session": "[/]", "public_url": 3}
            ],
        },
    )
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    listed = await run("sessions", "ls")
    assert listed.code == 0
    assert "[red]x[/red]\\x1b[2J\\n" in listed.out
    assert "\x1b[2J" not in listed.out


class AsciiTerminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


async def test_a_terminal_without_unicode_gets_escapes(
    script: Script, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.will_answer(200, {**PAGE, "application_sessions": [{"id": "J\u00f6rg"}]})
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", AsciiTerminal(written, encoding="ascii"))
    assert (await run("sessions", "ls")).code == 0
    assert b"J\\xf6rg" in written.getvalue()


@pytest.mark.parametrize("made", [{}, {"token": 3}, {"token": "a\x1b[2J"}])
async def test_a_token_that_was_made_but_not_shown_is_said_to_be_so(
    script: Script, run: Run, made: object
) -> None:
    script.will_answer(201, made)
    refused = await run("tokens", "create", "--name", "x", "--scope", "read")
    assert (refused.code, refused.out) == (1, "")
    assert "revoke it" in refused.err


async def test_an_answer_that_breaks_off_is_69(script: Script, run: Run) -> None:
    script.will_answer(200, b"{", **{"Content-Length": "10"})
    broken = await run("sessions", "ls")
    assert broken.code == 69
    assert broken.err.startswith(f"the admin API at {script.url} cannot be reached: ")


async def test_an_answer_without_end_is_not_read_to_its_end(
    script: Script, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_LARGEST_ANSWER", 1000)
    script.will_answer(200, b"x" * 2000)
    assert (await run("sessions", "ls")).err == f"what answers at {script.url} is not the admin API\n"


@pytest.mark.parametrize("command", [["sessions", "ls"], ["tokens", "ls"], ["healthcheck"]])
async def test_nobody_there_is_69(run: Run, monkeypatch: pytest.MonkeyPatch, command: list[str]) -> None:
    monkeypatch.setenv("OUTERWARD_ADMIN_TOKEN", "a-token")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        refused = await run(*command, "--admin", url)
    assert (refused.code, refused.out) == (69, "")
    assert refused.err == f"the admin API at {url} cannot be reached: Connection refused\n"


async def test_a_name_that_leads_nowhere_is_69(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTERWARD_ADMIN_TOKEN", "a-token")
    refused = await run("sessions", "ls", "--admin", "http://nowhere.invalid:1")
    assert refused.code == 69


async def test_silence_is_69(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outerward.cli.health.TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        refused = await run("healthcheck", "--admin", f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert refused.code == 69
    assert refused.err.endswith("it did not answer in time\n")


async def test_what_is_not_http_is_69(run: Run) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"-ERR what?\r\n")
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        refused = await run("healthcheck", "--admin", f"http://127.0.0.1:{port}")
        encrypted = await run("healthcheck", "--admin", f"https://127.0.0.1:{port}")
    assert (refused.code, encrypted.code) == (69, 69)
    assert refused.err.endswith("the answer is not HTTP\n")


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        (b'{"store": "down", "edge": "draining"}', ": store down, edge draining"),
        (b'{"a\\n": "\\u001b[2J"}', ": a\\n \\x1b[2J"),
        (b"{}", ""),
        (b"[]", ""),
        (b"\xff", ""),
    ],
)
async def test_a_healthcheck_names_what_is_missing(
    script: Script, run: Run, body: bytes, missing: str
) -> None:
    script.will_answer(503, body)
    unready = await run("healthcheck")
    assert (unready.code, unready.err) == (69, f"{script.url} is not ready{missing}\n")
    assert script.requests == [("/readyz", None)]
