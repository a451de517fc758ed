"""How many sessions are asked for."""

import msgspec

from outerward.cli.client import AdminClient, with_query
from outerward.cli.named import SESSION
from outerward.cli.selection import Selection


class Count(msgspec.Struct, frozen=True):
    """So many; not ``exact``, about so many."""

    count: int
    exact: bool


def count_of(client: AdminClient, selection: Selection) -> Count:
    """Count the sessions of ``selection``. Raises OuterwardError."""
    return client.get(with_query(f"{SESSION.path}/count", selection.query()), Count, "such list")
