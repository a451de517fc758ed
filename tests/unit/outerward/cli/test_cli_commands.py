"""The tree of commands: each is documented, and says in its help what it does and what its options mean."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from outerward.cli import main
from outerward.cli.commands import outerward

TEXT = (Path(__file__).parents[4] / "docs/commands.md").read_text()


def commands(
    group: click.Group, words: tuple[str, ...] = ("outerward",)
) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


COMMANDS = dict(commands(outerward))


def test_every_command_is_documented_and_no_other() -> None:
    assert set(re.findall(r"^\| `(outerward [^`]+)` \|", TEXT, re.MULTILINE)) == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_each_of_its_options_say_what_they_are_for(name: str) -> None:
    command = COMMANDS[name]

    assert command.help
    assert [each.name for each in command.params if isinstance(each, click.Option) and not each.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_is_0_and_fits_a_terminal(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*name.split()[1:], "--help"]) == 0
    printed = capsys.readouterr().out

    assert printed.startswith(f"Usage: {name} ")
    assert [line for line in printed.splitlines() if len(line) > 100] == []


@pytest.mark.parametrize(
    "name",
    [name for name in COMMANDS if name.split()[1] in ("sessions", "users", "events", "tunnels", "tokens")],
)
def test_a_client_command_shows_an_example_that_can_be_typed(name: str) -> None:
    _, *lines = (COMMANDS[name].epilog or "").removeprefix("\b\n").splitlines()

    assert lines
    for line in lines:
        arguments = shlex.split(line)
        assert " ".join(arguments).startswith(f"{name} ") or line.strip() == name
        COMMANDS[name].make_context(name, arguments[len(name.split()) :])
