"""``edge.drain``: how long a program that was told to stop waits for what is under way."""

import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.program import HOST, Program, Reply, lives, serving, until, upstream, write_configuration

DRAIN_S = 4.0
DEFAULT_S = 30.0


def ask(program: Program, cookie: str, path: str) -> tuple[threading.Thread, list[Reply]]:
    """A request in a thread of its own, and where its reply will be."""
    replies: list[Reply] = []
    thread = threading.Thread(target=lambda: replies.append(program.visit(cookie, path)))
    thread.start()
    return thread, replies


def kept_alive(program: Program) -> socket.socket:
    """A connection on which one request was answered."""
    where = urlsplit(program.edge)
    connection = socket.create_connection((where.hostname or "", where.port or 0), timeout=60)
    connection.sendall(f"GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
    assert connection.recv(12) == b"HTTP/1.1 401"
    while b"\r\n\r\n" not in connection.recv(65536):
        continue
    return connection


def test_what_ends_within_the_drain_is_finished_and_what_does_not_is_cut(tmp_path: Path) -> None:
    with upstream() as app:
        configuration = write_configuration(tmp_path, upstream=app.port, edge=f'drain = "{DRAIN_S:.0f}s"')
        with serving(configuration) as program, kept_alive(program) as idle:
            cookie, children = program.sign_in(), program.children()
            held, slow = ask(program, cookie, "/held")
            stuck, never = ask(program, cookie, "/stuck")
            until(lambda: {"/held", "/stuck"} <= set(app.paths))
            told = time.monotonic()
            program.process.terminate()
            while idle.recv(65536):
                continue
            until(lambda: program.visit(cookie).status == 0)
            app.release.set()
            held.join()
            assert slow == [Reply(200, b"hello")]
            stuck.join()
            assert never == [Reply(0)]
            assert DRAIN_S <= time.monotonic() - told < DEFAULT_S
            program.end()
            assert program.process.returncode == 0
            assert not [pid for pid in children if lives(pid)]
            assert "process.killed" not in program.log


def test_without_a_drain_nothing_is_waited_for(tmp_path: Path) -> None:
    with (
        upstream() as app,
        serving(write_configuration(tmp_path, upstream=app.port, edge="drain = 0")) as program,
    ):
        stuck, never = ask(program, program.sign_in(), "/stuck")
        until(lambda: "/stuck" in app.paths)
        told = time.monotonic()
        program.process.terminate()
        stuck.join()
        assert never == [Reply(0)]
        program.end()
        assert program.process.returncode == 0
        assert time.monotonic() - told < DEFAULT_S
