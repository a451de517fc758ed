"""Logs that nobody takes, and files that may not be opened: requests go on."""

import http.client
import json
import os
import resource
import socket
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.program import HOST, Program, until, upstream, write_configuration
from tests.support.redis_server import RedisServer

SECRET = "a secret of the tests, 32 long.."
COOKIE = "x" * 43
MORE_THAN_A_PIPE_HOLDS = 600
SPARE_FILES = 8


@pytest.fixture
def ends() -> tuple[int, int]:
    """A pipe: where a reader would read, and where the program writes."""
    return os.pipe()


def test_m26_a_blocked_log_pipe_blocks_no_request_and_no_end(tmp_path: Path, ends: tuple[int, int]) -> None:
    reader, writer = ends
    server = RedisServer()
    server.start()
    try:
        configuration = write_configuration(tmp_path, store=f'url = "{server.url}"\nsecret = ["{SECRET}"]')
        program = Program.serve(configuration, stderr=writer)
        os.close(writer)
        try:
            program.ready()
            server.kill()
            # Each refusal is logged, and nobody reads.
            statuses = {program.visit(COOKIE).status for _ in range(MORE_THAN_A_PIPE_HOLDS)}
            assert statuses == {503}
            assert program.ask_admin("/healthz").status == 200
            first = os.read(reader, 65536).partition(b"\n")[0]
            assert json.loads(first)["level"]
        finally:
            program.stop()
        assert program.process.returncode == 0
    finally:
        os.close(reader)
        server.stop()


def test_m26_a_full_log_disk_stops_nothing(tmp_path: Path) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with upstream() as app:
            program = Program.serve(write_configuration(tmp_path, upstream=app.port), stderr=full)
            try:
                program.ready()
                assert program.visit(program.sign_in()).status == 200
                program.kill_child("ow-worker")
                assert program.visit(program.sign_in()).status == 200
            finally:
                program.stop()
            assert program.process.returncode == 0
    finally:
        os.close(full)


def test_m26_without_files_left_connections_that_are_there_go_on_and_others_wait(tmp_path: Path) -> None:
    with upstream() as app:
        program = Program.serve(write_configuration(tmp_path, upstream=app.port))
        try:
            program.ready()
            cookie = program.sign_in()
            assert program.visit(cookie).status == 200
            place = urlsplit(program.edge)
            with closing(http.client.HTTPConnection(place.netloc, timeout=60)) as kept:
                assert answered(kept, cookie) == 200
                worker = program.child("ow-worker")
                taken = len(os.listdir(f"/proc/{worker}/fd"))
                _, most = resource.prlimit(worker, resource.RLIMIT_NOFILE)
                resource.prlimit(worker, resource.RLIMIT_NOFILE, (taken + SPARE_FILES, most))
                with ExitStack() as crowd:
                    for _ in range(5 * SPARE_FILES):
                        crowd.enter_context(socket.create_connection((place.hostname, place.port), 60))
                    until(lambda: len(os.listdir(f"/proc/{worker}/fd")) >= taken + SPARE_FILES)
                    assert {answered(kept, cookie) for _ in range(50)} == {200}
            until(lambda: program.visit(cookie).status == 200)
            assert program.child("ow-worker") == worker
        finally:
            program.stop()


def answered(connection: http.client.HTTPConnection, cookie: str) -> int:
    """The status of one more answer on ``connection``."""
    connection.request("GET", "/", headers={"Host": HOST, "Cookie": f"outerward={cookie}"})
    answer = connection.getresponse()
    answer.read()
    return answer.status
