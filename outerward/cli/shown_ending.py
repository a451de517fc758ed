"""The end of many sessions, or their count, as it is seen: how far it has come, and the ids for programs."""

import time

import click

from outerward.cli.api_command import Api
from outerward.cli.client import Row
from outerward.cli.ending import Ending, Tally
from outerward.cli.output import for_people, print_json
from outerward.cli.progress import progress
from outerward.errors import OuterwardError, Unreachable

_UNCONFIRMED = "A call was not confirmed and was repeated, so that more may be ended than are counted."


def end_all(api: Api, asked: Row, reason: str | None, total: int) -> Tally:
    """End what ``asked`` names, about ``total`` sessions; programs read the ids. Raises OuterwardError."""
    ending = Ending(api.client, time.sleep)
    try:
        with progress("Ending sessions", total) as advance:
            for part in ending.run(asked, reason=reason):
                advance(ending.tally.ended)
                for session_id in () if for_people(api.as_json) else part.revoked:
                    print_json({"id": session_id, "revoked": True})
    except KeyboardInterrupt:
        click.echo(f"Interrupted. {_so_far(ending.tally, total)}", err=True)
        raise
    except OuterwardError as error:
        if not ending.tally.ended:
            raise
        kind = Unreachable if isinstance(error, Unreachable) else OuterwardError
        raise kind(f"{error}\n{_so_far(ending.tally, total)}") from None
    if ending.tally.repeated:
        click.echo(_UNCONFIRMED, err=True)
    return ending.tally


def tallied(api: Api, asked: Row) -> Tally:
    """How many sessions ``asked`` names; nothing is ended. Raises OuterwardError."""
    ending = Ending(api.client, time.sleep)
    with progress("Counting", None) as advance:
        for _ in ending.run(asked, dry_run=True):
            advance(ending.tally.matched)
    return ending.tally


def _so_far(tally: Tally, total: int) -> str:
    of = f" of {total:,}" if total > tally.ended else ""
    return f"At least {tally.ended:,}{of} sessions are ended; the same command goes on with the rest."
