"""The first admin token is never lost: whatever is killed when, its file holds a token that counts."""

import json
import stat
from pathlib import Path

from tests.support.program import Program, serving, until, write_configuration
from tests.support.redis_server import RedisServer

SECRET = "a secret of the tests, 32 long.."


def test_killed_between_file_and_store_the_next_start_has_a_token_that_counts(tmp_path: Path) -> None:
    server = RedisServer()
    server.start()
    try:
        configuration = write_configuration(tmp_path, store=f'url = "{server.url}"\nsecret = ["{SECRET}"]')
        # Reads are answered, so the store is seen to hold no token; the one that is made is not taken.
        server.client.execute_command("CLIENT", "PAUSE", "600000", "WRITE")
        program = Program.serve(configuration)
        file = program.state / "admin-token"
        until(lambda: file.exists() or program.process.poll() is not None)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        program.process.kill()
        program.end()
        server.client.execute_command("CLIENT", "UNPAUSE")
        assert [program.ready_file.exists(), server.client.exists("ow:tokens")] == [False, 0]
        with serving(configuration) as program:
            answer = program.ask_admin("/tokens", file.read_text().strip())
            assert answer.status == 200
            assert [token["name"] for token in json.loads(answer.body)["tokens"]] == ["first admin token"]
    finally:
        server.stop()


def test_a_token_whose_making_was_not_confirmed_is_not_made_twice(tmp_path: Path) -> None:
    server = RedisServer()
    server.start()
    try:
        configuration = write_configuration(tmp_path, store=f'url = "{server.url}"\nsecret = ["{SECRET}"]')
        server.client.execute_command("CLIENT", "PAUSE", "600000", "WRITE")
        program = Program.serve(configuration)
        file = program.state / "admin-token"
        try:
            until(lambda: "store.unavailable" in program.log)
            server.client.execute_command("CLIENT", "UNPAUSE")
            program.ready()
            answer = program.ask_admin("/tokens", file.read_text().strip())
            assert answer.status == 200
            assert len(json.loads(answer.body)["tokens"]) == 1
        finally:
            program.stop()
    finally:
        server.stop()
