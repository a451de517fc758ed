"""``sessions watch``: who comes, and whose session ends, as it happens.

Ends and logins are events of the stream, new sessions are looked for in the list. Whether a filter finds the
sessions of an event is asked of the API.
"""

import json
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import click

from outerward.cli import event_lines
from outerward.cli.api_command import Api, api_command, example
from outerward.cli.client import Row
from outerward.cli.following import Following
from outerward.cli.named import SESSION, can_be_id
from outerward.cli.newcomers import Newcomers
from outerward.cli.output import for_people, print_json
from outerward.cli.people import People
from outerward.cli.selection import ACTIVE, ENDED, FilterCommand, Selection, filter_option
from outerward.errors import OuterwardError, Unreachable

LOOK_EVERY_S = 1.0
LONGEST_FILTER = 2000
"""Characters of a filter that the API reads."""

_ENDS = ("logout", "revoke", "end")
_SEEN = ("new_device", "new_country")
_PEOPLE = ("login", "login_denied", "user_deleted", "block")
_MOST_AT_ONCE = 20
_ONE_ID = len('"edgses_", ') + 27
_LEAVE_WITHIN_S = 5.0


def asked_at_once(filter_text: str) -> int:
    """About how many sessions the API can be asked by one filter whether ``filter_text`` finds them."""
    return min(_MOST_AT_ONCE, (LONGEST_FILTER - len(_among(filter_text, []))) // _ONE_ID)


@click.command(
    "watch", cls=FilterCommand, epilog=example("outerward sessions watch --filter 'obj.tunnel == \"wiki\"'")
)
@filter_option
@api_command
def watch(api: Api, filter_text: str | None) -> None:
    """Show new sessions, logins and ends as they happen, until ^C.

    With a filter: the sessions that it finds, as they begin, are used from a new device or country, and end.
    A connection that breaks is opened again, and nothing is lost by that.
    """
    if filter_text is not None and asked_at_once(filter_text) < 1:
        longest = LONGEST_FILTER - len(_among("", [])) - _ONE_ID
        raise click.BadParameter(
            f"is too long to watch: at most {longest:,} characters.", param_hint="--filter"
        )
    selection = Selection(filter_text)
    types = (*_ENDS, *_SEEN, *(() if filter_text else _PEOPLE))
    newcomers = Newcomers(api.client, selection)
    with selection.explained(), _arriving(Following(api.client, {"type": ",".join(types)})) as arrived:
        newcomers.look()
        if for_people(api.as_json):
            click.echo("Watching; ^C ends it.", err=True)
        Display(api, selection).show(arrived, newcomers)


Arrived = queue.SimpleQueue[Row | OuterwardError]


@contextmanager
def _arriving(following: Following) -> Iterator[Arrived]:
    """What ``following`` reads meanwhile, in a thread; an error is the last that arrives."""
    arrived: Arrived = queue.SimpleQueue()

    def read() -> None:
        try:
            for event in following.events():
                arrived.put(event)
        except OuterwardError as error:
            arrived.put(error)

    thread = threading.Thread(target=read, name="following", daemon=True)
    thread.start()
    try:
        yield arrived
    finally:
        following.stop()
        thread.join(_LEAVE_WITHIN_S)


@dataclass(frozen=True)
class Display:
    """Shows what arrives and who is new, in the order in which it happened."""

    api: Api
    selection: Selection

    def show(self, arrived: Arrived, newcomers: Newcomers) -> None:
        """Show what comes, for ever. Raises OuterwardError."""
        people = People(self.api.client)
        while True:
            with suppress(queue.Empty):
                came = arrived.get(timeout=LOOK_EVERY_S)
                if isinstance(came, OuterwardError):
                    raise came
                # A session that ends now may have begun since the last look.
                self._show_new(newcomers, people)
                self._show_event(came, people)
                continue
            self._show_new(newcomers, people)

    def _show_new(self, newcomers: Newcomers, people: People) -> None:
        # The stream says that the connection is lost, and when to give up.
        with suppress(Unreachable):
            for session in newcomers.look():
                row = {"type": "session", "at": session.get("created_at"), "session": session}
                self._print(row, event_lines.of_session(session), people)

    def _show_event(self, event: Row, people: People) -> None:
        with suppress(Unreachable):
            found = event if self.selection.filter is None else self._found(event, self.selection.filter)
            if found is not None:
                self._print(found, found, people)

    def _print(self, row: Row, event: Row, people: People) -> None:
        if for_people(self.api.as_json):
            click.echo(event_lines.line(event, people.name))
        else:
            print_json(row)

    def _found(self, event: Row, filter_text: str) -> Row | None:
        """``event`` with those of its sessions that the filter finds; None where there is none."""
        at_once = asked_at_once(filter_text)
        told = event.get("sessions")
        sessions = told if isinstance(told, list) else []
        ids = [each for each in sessions if isinstance(each, str) and can_be_id(each)]
        state = ENDED if event.get("type") in _ENDS else ACTIVE
        found = [
            each
            for first in range(0, len(ids), at_once)
            for each in self._matching(filter_text, ids[first : first + at_once], state)
        ]
        return {**event, "sessions": found} if found else None

    def _matching(self, filter_text: str, ids: list[str], state: str) -> list[str]:
        query = Selection(_among(filter_text, ids), None, state).query()
        rows = self.api.client.rows(SESSION.path, "application_sessions", len(ids), query)
        return [str(row.get("id")) for row in rows]


def _among(filter_text: str, ids: list[str]) -> str:
    """The filter for those of ``ids`` that ``filter_text`` finds."""
    return f"({filter_text}) && obj.id in {json.dumps(ids)}"
