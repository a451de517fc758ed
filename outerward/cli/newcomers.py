"""Sessions that have begun since the last look: no event tells of them, the head of the list does.

Ids that are made at once on several machines need not come in order, so each look goes back a little behind
the newest session of the one before.
"""

from datetime import datetime, timedelta

from outerward.cli.client import AdminClient, Row
from outerward.cli.moments import moment
from outerward.cli.named import SESSION
from outerward.cli.selection import Selection

OVERLAP = timedelta(seconds=10)


class Newcomers:
    """Looks at the sessions of ``selection``."""

    def __init__(self, client: AdminClient, selection: Selection) -> None:
        self._client = client
        self._query = selection.query()
        self._seen: set[str] | None = None
        self._horizon: datetime | None = None

    def look(self) -> list[Row]:
        """Those that the last look did not find, the oldest first; at first none. Raises OuterwardError."""
        recent: dict[str, tuple[datetime, Row]] = {}
        for row in self._client.rows(SESSION.path, "application_sessions", None, self._query):
            began, session_id = moment(row.get("created_at")), row.get("id")
            if began is None or not isinstance(session_id, str):
                raise self._client.not_the_api()
            if self._horizon is None and self._seen is None:
                self._horizon = began - OVERLAP
            if self._horizon is not None and began < self._horizon:
                break
            recent[session_id] = began, row
        fresh = (
            [] if self._seen is None else [row for each, (_, row) in recent.items() if each not in self._seen]
        )
        self._note(recent)
        return fresh[::-1]

    def _note(self, recent: dict[str, tuple[datetime, Row]]) -> None:
        """Remember what the next look compares with: what is now where it will look."""
        begun = [began for began, _ in recent.values()]
        if begun:
            self._horizon = max(begun) - OVERLAP
        self._seen = {
            each for each, (began, _) in recent.items() if self._horizon is None or began >= self._horizon
        }
