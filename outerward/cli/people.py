"""Who somebody is, in a word: for tables and lines that are read by people, who do not know ids by heart."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from outerward.cli.client import AdminClient, Row
from outerward.cli.named import USER, can_be_id
from outerward.cli.output import value_at
from outerward.cli.refusals import Refused
from outerward.plain_text import printable

AT_ONCE = 50
"""Users that are asked for by one filter: as many ids as its 2,000 characters hold."""

MOST_ASKED = 1000
"""So many users are known; whoever is named alone then is shown by id."""

_LONGEST = 60


def person(user: Row) -> str:
    """E-mail, username, name or id at the provider: the first that ``user`` has."""
    told = (user.get(name) for name in ("email", "username", "name", "provider_user_id", "id"))
    return next((printable(text, _LONGEST) for text in told if isinstance(text, str) and text), "-")


class People:
    """Users by id, each asked for once."""

    def __init__(self, client: AdminClient) -> None:
        self._client = client
        self._known: dict[str, str] = {}

    def ahead(self, rows: Iterable[Row], path: Sequence[str]) -> Iterator[Row]:
        """``rows`` as they come; the users whose ids they have at ``path`` are asked for many at a time.

        Raises OuterwardError.
        """
        left = iter(rows)
        while some := list(islice(left, AT_ONCE)):
            self._learn(value_at(row, path) for row in some)
            yield from some

    def name(self, user_id: object) -> str:
        """What to call the user; the id where nobody knows more. Raises OuterwardError."""
        if not isinstance(user_id, str) or not user_id:
            return "-"
        if user_id not in self._known:
            if len(self._known) >= MOST_ASKED:
                return printable(user_id)
            self._known[user_id] = self._asked(user_id)
        return self._known[user_id]

    def _learn(self, user_ids: Iterable[object]) -> None:
        fresh = [each for each in dict.fromkeys(user_ids) if isinstance(each, str) and can_be_id(each)]
        unknown = [each for each in fresh if each not in self._known]
        if not unknown:
            return
        query = {"filter": f"obj.id in {json.dumps(unknown)}"}
        rows = self._client.rows(USER.path, "application_users", len(unknown), query)
        found = {row.get("id"): person(row) for row in rows}
        self._known |= {each: found.get(each, each) for each in unknown}

    def _asked(self, user_id: str) -> str:
        if not can_be_id(user_id):
            return printable(user_id)
        try:
            return person(self._client.get(f"{USER.path}/{user_id}", Row, "such user"))
        except Refused as refused:
            if refused.status != 404:
                raise
            return user_id
