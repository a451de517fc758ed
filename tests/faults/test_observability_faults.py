"""Figures and lines of the whole program while its processes, its store and its log's reader fail."""

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.program import (
    CANARY,
    HOST,
    Program,
    Reply,
    request,
    serving,
    until,
    upstream,
    write_configuration,
)

METRICS = '[metrics]\nlisten = "127.0.0.1:0"\n'
MORE_THAN_WAITS = 5000
VISITS = 20


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One program with a listener for metrics, for the tests that only look."""
    with upstream() as app:
        folder = tmp_path_factory.mktemp("measured")
        with serving(write_configuration(folder, upstream=app.port, more=METRICS)) as program:
            yield program


@pytest.fixture(scope="module")
def combined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """One with an access log in the combined format and without such a listener."""
    folder = tmp_path_factory.mktemp("combined")
    with serving(write_configuration(folder, more='[log]\naccess = "combined"\n')) as program:
        yield program


def ask(program: Program, path: str) -> Reply:
    """One request on the listener for metrics."""
    return request(json.loads(program.ready_file.read_text())["metrics"], path, {})


def figures(program: Program) -> dict[tuple[str, ...], float]:
    """Every figure, by name and labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(ask(program, "/metrics").body.decode())
        for sample in family.samples
    }


def passed(program: Program) -> float:
    """How many requests were answered by the app."""
    endpoint = f"http://{HOST}:{urlsplit(program.edge).port}"
    return figures(program).get(("outerward_requests_total", endpoint, "2xx", "allow"), 0)


def test_counts_of_all_workers_are_one_and_survive_every_process(tmp_path: Path) -> None:
    with upstream() as app:
        configuration = write_configuration(tmp_path, upstream=app.port, workers=2, more=METRICS)
        with serving(configuration) as program:
            cookie = program.sign_in()
            assert {program.visit(cookie).status for _ in range(VISITS)} == {200}
            until(lambda: passed(program) == VISITS)
            program.kill_child("ow-worker")
            until(lambda: sum(count_ends(program)) == 1)
            assert passed(program) == VISITS
            until(lambda: all(figures(program)["outerward_process_up", f"worker {i}"] for i in (1, 2)))
            program.kill_child("ow-admin")
            until(lambda: ask(program, "/metrics").status == 200)
            assert passed(program) == VISITS
            assert program.visit(cookie).status == 200
            until(lambda: passed(program) == VISITS + 1)
            until(lambda: figures(program).get(("outerward_process_resident_bytes", "worker 1"), 0) > 1 << 20)


def count_ends(program: Program) -> list[float]:
    """How often each worker ended."""
    return [figures(program).get(("outerward_process_ends_total", f"worker {i}"), 0) for i in (1, 2)]


def test_health_is_told_on_the_listener_for_metrics(measured: Program) -> None:
    assert (ask(measured, "/healthz").status, ask(measured, "/readyz").status) == (200, 200)
    assert figures(measured)["outerward_store_up",] == 1
    assert ask(measured, "/app/users").status == 404


def test_without_a_listener_there_is_none(combined: Program) -> None:
    assert set(json.loads(combined.ready_file.read_text())) == {"edge", "admin", "pid"}


def test_m26_an_access_log_that_nobody_reads_costs_lines_and_no_request(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    try:
        with upstream() as app:
            configuration = write_configuration(tmp_path, upstream=app.port, more=METRICS)
            program = Program.serve(configuration, stderr=writer)
            os.close(writer)
            try:
                program.ready()
                statuses = asyncio.run(refused_often(program, MORE_THAN_WAITS))
                assert statuses == {404}
                assert program.visit(program.sign_in()).status == 200
                until(lambda: figures(program).get(("outerward_log_lines_dropped_total", "worker 1"), 0) > 0)
            finally:
                program.stop()
            assert program.process.returncode == 0
    finally:
        os.close(reader)


async def refused_often(program: Program, times: int) -> set[int]:
    """The statuses of ``times`` requests on one connection, each of which makes a long line."""
    reader, stream = await asyncio.open_connection("127.0.0.1", urlsplit(program.edge).port)
    target = "a" * 1000
    asked = f"GET /{target} HTTP/1.1\r\nHost: unknown.localhost\r\n\r\n".encode()
    statuses = set()
    for _ in range(times // 100):
        stream.write(asked * 100)
        for _ in range(100):
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
            await reader.readexactly(length)
            statuses.add(int(head[9:12]))
    stream.close()
    return statuses


def test_log_02_no_secret_is_in_a_log_or_a_metric_of_the_program(measured: Program) -> None:
    cookie = measured.sign_in()
    assert measured.visit(cookie, f"/?code={CANARY}").status == 200
    callback = f"/.outerward/callback/nobody?code={CANARY}&state={CANARY}"
    assert measured.visit(CANARY * 2, callback).status
    assert measured.ask_admin(f"/app/users?token={CANARY}", CANARY).status == 401
    until(lambda: measured.log.count('"event":"request"') >= 2)
    text = measured.log + ask(measured, "/metrics").body.decode() + repr(figures(measured))
    for secret in (cookie, CANARY, measured.store_secret):
        assert secret not in text


def test_the_combined_format_is_written_where_it_is_asked_for(combined: Program) -> None:
    combined.visit(path="/combined")
    until(lambda: '"GET /combined HTTP/1.1" 401 ' in combined.log)


def test_no_line_is_written_where_none_is_wanted(tmp_path: Path) -> None:
    with serving(write_configuration(tmp_path, more='[log]\naccess = "none"\n')) as program:
        program.visit(path="/silent")
        program.stop()
        assert "/silent" not in program.log
