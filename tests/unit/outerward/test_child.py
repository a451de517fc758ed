"""A child process's place: given up when none ever serves, without a secret in its environment."""

import asyncio
from collections.abc import Sequence

import pytest

from outerward.child import Child
from outerward.config import Settings
from outerward.control import Assignment, Message
from outerward.errors import OuterwardError
from outerward.nursery import Kind, Nursery, child_environment

ASSIGNMENT = Assignment(settings=Settings(), edge_port=1, process="worker 1")


class Barren(Nursery):
    """A nursery that cannot make children."""

    async def spawn(self, kind: Kind, descriptors: Sequence[int]) -> int:
        assert (kind, len(descriptors)) == ("worker", 1)
        raise OSError("none today")


def not_heard(_child: Child, message: Message) -> None:
    raise AssertionError(message)


async def test_a_process_that_never_serves_is_given_up_in_words() -> None:
    changes: list[Child] = []
    child = Child("worker 1", "worker", (), ASSIGNMENT, Barren(), changes.append, not_heard)
    with pytest.raises(OuterwardError, match="the worker 1 process cannot start"):
        await child.run()
    assert not changes


async def test_a_place_that_was_drained_starts_nothing() -> None:
    child = Child("worker 1", "worker", (), ASSIGNMENT, Barren(), lambda _: None, not_heard)
    await child.drain(1.0)
    await child.run()


async def test_a_nursery_that_was_stopped_stays_so() -> None:
    nursery = Nursery()
    running = asyncio.create_task(nursery.run())
    await asyncio.sleep(0)
    await nursery.stop()
    await running


def test_a_child_inherits_no_variable_that_may_hold_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OUTERWARD_ADMIN_BOOTSTRAP_TOKEN", "GOOGLE_SECRET", "NOTIFY_SOCKET"):
        monkeypatch.setenv(name, "canary")
    monkeypatch.setenv("LC_TIME", "C")
    environment = child_environment()
    assert "canary" not in environment.values()
    assert environment["LC_TIME"] == "C"
    assert "PATH" in environment
