"""A question to a person before what cannot be undone. Only a typed yes is one."""

import sys

import click

from outerward.errors import OuterwardError


def can_ask() -> bool:
    """Whether somebody sits there who can be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, otherwise: str) -> None:
    """Go on after a typed yes alone. Raises OuterwardError with ``otherwise``."""
    answer = click.prompt(f"{question} Type yes to go on", default="no", err=True)
    if answer.strip().lower() != "yes":
        raise OuterwardError(otherwise)
