"""A filter, ready to be asked: made from text, once, and then a pure test of rows.

Parsing raises FilterError for whatever a text may be, and nothing else; what a filter is asked of its rows
raises nothing. Knows no store.
"""

from dataclasses import dataclass

from session_store.query.condition import Condition
from session_store.query.fields import FIELDS, Kind
from session_store.query.lookups import Union
from session_store.query.meaning import Meaning
from session_store.query.syntax import parse
from session_store.views import SessionView, UserView

__all__ = ["Filter", "parse_filter"]


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on the rows of ``kind``."""

    kind: Kind
    condition: Condition

    def matches(self, view: SessionView | UserView) -> bool:
        """Whether ``view``, which is of this filter's kind, is wanted."""
        return self.condition.holds(view)

    @property
    def conjuncts(self) -> tuple[Union, ...]:
        """What indexes can be asked: every row that matches is found by each of these."""
        return self.condition.conjuncts

    @property
    def is_exact(self) -> bool:
        """Whether what the conjuncts find together is just what matches."""
        return self.condition.exact


def parse_filter(text: str, kind: Kind) -> Filter:
    """The filter that ``text`` writes (admin API part 2, "filter"). Raises FilterError."""
    return Filter(kind, Meaning(FIELDS[kind]).condition(parse(text)))
