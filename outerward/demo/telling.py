"""What the demo prints once it is ready: one line of JSON for programs, or a text for people."""

import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from outerward.demo.people import Person

_ENTER = " Press Enter for a new one."


@dataclass(frozen=True)
class Facts:
    """Where everything is. ``tunnels`` are name and URL of each, ``providers`` name, type and issuer.

    ``people`` come with what they may do in the dashboard.
    """

    edge: str
    admin: str
    admin_token_path: Path
    tunnels: Sequence[tuple[str, str]]
    providers: Sequence[tuple[str, str, str]]
    people: Sequence[tuple[Person, str]]


def as_json(facts: Facts, admin_token: str) -> str:
    """One line."""
    value = {
        "edge": facts.edge,
        "admin": facts.admin,
        "admin_token": admin_token,
        "tunnels": [{"name": name, "url": url} for name, url in facts.tunnels],
        "providers": [
            {"name": name, "type": kind, "issuer": issuer} for name, kind, issuer in facts.providers
        ],
        "users": [{"name": person.name, "email": person.email} for person, _ in facts.people],
    }
    return msgspec.json.encode(value).decode()


def as_text(facts: Facts, dashboard: str, *, hears_enter: bool) -> str:
    """Everything to try, with commands that can be pasted; the token stays in its file.

    ``dashboard`` is the line that leads there; ``hears_enter``: whether Enter brings another one.
    """
    token_file = shlex.quote(str(facts.admin_token_path))
    bearer = f'-H "Authorization: Bearer $(cat {token_file})"'
    command = shlex.quote(_command())
    to_api = f"--admin {facts.admin} --token-file {token_file}"
    lines = [
        "The demo is ready.",
        "",
        dashboard,
        f"The link signs you in once, within a minute.{_ENTER if hears_enter else ''}",
        "",
        "Open one of the applications, in another window, and sign in:",
        "",
        *(f"  {name:<8}{url}" for name, url in facts.tunnels),
        "",
        "Anybody of these, with one click and no password; the last column is the role in the dashboard:",
        "",
        *(f"  {person.name:<18}{person.email:<22}{role}" for person, role in facts.people),
        "",
        "See every session, end one, then reload its page. In the dashboard, by the API,",
        "",
        f"  curl -s {bearer} {facts.admin}/app/sessions",
        f"  curl -X DELETE {bearer} {facts.admin}/app/sessions/ID",
        "",
        "or with the command line:",
        "",
        f"  {command} sessions ls {to_api}",
        f"  {command} sessions revoke ID {to_api}",
        "",
        "^C ends the demo and leaves nothing behind.",
    ]
    return "\n".join(lines)


def _command() -> str:
    """How this program is called from here: by name where that is found, else by its place."""
    beside = Path(sys.executable).with_name("outerward")
    if shutil.which("outerward") or not beside.exists():
        return "outerward"
    here = Path.cwd()
    return str(beside.relative_to(here)) if beside.is_relative_to(here) else str(beside)
