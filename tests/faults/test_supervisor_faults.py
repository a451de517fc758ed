"""What the program does when its parts die or are not there."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from session_store import Store, StoreUnavailable
from tests.support.program import (
    Program,
    Upstream,
    lives,
    serving,
    sign_in,
    until,
    upstream,
    write_configuration,
)
from tests.support.redis_server import RedisServer

GONE_S = 5.0
BACK_S = 2.0
WORKER_BACK_S = 20.0
SECRET = "a secret of the tests, 32 long.."


@pytest.fixture(scope="module")
def app() -> Iterator[Upstream]:
    with upstream() as running:
        yield running


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, app: Upstream) -> Iterator[Program]:
    """One program with one worker; each test leaves it whole."""
    with serving(write_configuration(tmp_path_factory.mktemp("program"), upstream=app.port)) as running:
        yield running


def test_m23_a_killed_worker_is_replaced_and_no_waiting_connection_is_lost(program: Program) -> None:
    cookie = program.sign_in()
    worker = program.kill_child("ow-worker")
    killed = time.monotonic()
    assert program.visit(cookie).status == 200
    assert time.monotonic() - killed < WORKER_BACK_S
    assert program.child("ow-worker") != worker


def test_m23_a_worker_told_to_end_is_replaced(program: Program) -> None:
    worker = program.kill_child("ow-worker", signal.SIGTERM)
    assert program.visit().status == 401
    assert program.child("ow-worker") != worker


def test_m23_a_killed_admin_process_is_replaced_and_ready_again(program: Program) -> None:
    program.kill_child("ow-admin")
    until(lambda: program.ask_admin("/readyz").status == 200)


def test_m23_a_killed_nursery_takes_no_worker_with_it_and_is_replaced(program: Program) -> None:
    worker = program.child("ow-worker")
    nursery = program.kill_child("ow-nursery")
    assert program.visit().status == 401
    assert lives(worker)
    os.kill(worker, signal.SIGKILL)
    until(lambda: not lives(worker))
    assert program.visit().status == 401
    assert program.child("ow-nursery") != nursery


def test_m2_with_the_store_killed_checks_are_refused_until_it_is_back(
    program: Program, app: Upstream
) -> None:
    cookie = program.sign_in()
    assert program.visit(cookie).status == 200
    os.kill(program.child("valkey-server"), signal.SIGKILL)
    killed = time.monotonic()
    passed = len(app.paths)
    statuses = []
    while (status := program.visit(cookie).status) != 200:
        statuses.append(status)
        assert len(app.paths) == passed
    assert time.monotonic() - killed < BACK_S
    assert set(statuses) <= {503}


def test_m2_what_a_killed_store_acknowledged_holds(program: Program) -> None:
    kept, ended = asyncio.run(write_under_kills(program))
    until(lambda: program.visit(kept[0]).status == 200)
    assert {program.visit(cookie).status for cookie in kept} == {200}
    assert {program.visit(cookie).status for cookie in ended} == {401}


async def write_under_kills(program: Program) -> tuple[list[str], list[str]]:
    """Sign in and delete users while the store is killed; the cookies of acknowledged logins and ends."""
    store = Store.open(program.store_url, secrets=[program.store_secret])
    kept: list[str] = []
    ended: list[str] = []
    kills = 0

    async def lane(number: int) -> None:
        nonlocal kills
        turn = 0
        while len(kept) < 100 or len(ended) < 20:
            name = f"user-{number}-{turn}"
            turn += 1
            if len(kept) > 30 * (kills + 1) and kills < 3:
                kills += 1
                os.kill(program.child("valkey-server"), signal.SIGKILL)
            try:
                cookie = await sign_in(store, name)
                if turn % 4:
                    kept.append(cookie)
                    continue
                if await delete(store, name):
                    ended.append(cookie)
            except StoreUnavailable:
                await asyncio.sleep(0.01)

    try:
        await asyncio.gather(*(lane(number) for number in range(4)))
    finally:
        await store.close()
    assert kills == 3
    return kept, ended


async def delete(store: Store, name: str) -> bool:
    """Delete the user called ``name``, who signed in just now."""
    views = (await store.users(limit=50, before=None)).items
    users = [view.user.id for view in views if view.user.principal.subject == name]
    return bool(users) and await store.delete_user(users[0], by="a test")


def test_m24_a_killed_supervisor_leaves_nothing_and_the_next_takes_over(
    tmp_path: Path, app: Upstream
) -> None:
    configuration = write_configuration(tmp_path, upstream=app.port, workers=2)
    with serving(configuration) as program:
        cookie = program.sign_in()
        children = program.children()
        assert len(children) == 5
        program.process.kill()
        program.end()
        assert until(lambda: not any(lives(pid) for pid in children)) < GONE_S
    program.ready_file.unlink()
    with serving(configuration) as program:
        assert program.visit(cookie).status == 200


def test_m1_a_store_that_is_away_at_start_is_waited_for(tmp_path: Path) -> None:
    server = RedisServer()
    store = f'url = "{server.url}"\nsecret = ["{SECRET}"]'
    program = Program.serve(write_configuration(tmp_path, store=store))
    try:
        until(lambda: "store.unavailable" in program.log or program.process.poll() is not None)
        assert program.process.poll() is None
        assert not program.ready_file.exists()
        server.start()
        program.ready()
        assert program.visit().status == 401
        server.kill()
        assert program.visit("x" * 43).status == 503
        assert program.ask_admin("/healthz").status == 200
        ready = program.ask_admin("/readyz")
        assert (ready.status, json.loads(ready.body)) == (503, {"store": "down"})
    finally:
        program.stop()
        server.stop()
    assert program.process.returncode == 0


def test_m6_a_store_that_evicts_is_refused_in_words(tmp_path: Path) -> None:
    server = RedisServer("unix", "maxmemory-policy allkeys-lru")
    server.start()
    try:
        store = f'url = "{server.url}"\nsecret = ["{SECRET}"]'
        program = Program.serve(write_configuration(tmp_path, store=store))
        said = program.end()
    finally:
        server.stop()
    assert program.process.returncode == 1
    assert "noeviction" in said
    assert "Traceback" not in said
