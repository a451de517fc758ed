"""What the search bar asks: rows of which a word or an id begins with what was typed. Knows no store.

A word is compared without case; an id with it, and only where its whole kind was typed (``edgusr_``), since
what begins an id's kind begins every id.
"""

from dataclasses import dataclass, field

from session_store.ids import SESSION_PREFIX, USER_PREFIX
from session_store.query.fields import Kind
from session_store.query.lookups import Prefix, Union, Word
from session_store.query.words import folded, principal_words, provider_of, searched_words
from session_store.views import SessionView, UserView

LONGEST_SEARCH = 200
"""Characters of a search; a longer one is the caller's to refuse."""


@dataclass(frozen=True, slots=True)
class Search:
    """What was typed, without the white space around it; where nothing else is left, everything matches."""

    text: str
    _folded: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self.text.strip())
        object.__setattr__(self, "_folded", folded(self.text))

    def matches(self, view: SessionView | UserView) -> bool:
        """Whether ``view`` is found."""
        if self.text.startswith((USER_PREFIX, SESSION_PREFIX)):
            ids = (view.user.id,) if isinstance(view, UserView) else (view.session.id, view.session.user_id)
            return any(known.startswith(self.text) for known in ids)
        if isinstance(view, UserView):
            words = searched_words(view.user)
        else:
            words = principal_words(provider_of(view.session), view.session.principal)
        return not self._folded or any(word.startswith(self._folded) for word in words)

    def conjuncts(self, kind: Kind) -> tuple[Union, ...]:
        """What indexes can be asked for what is found; the words of users who are gone are in none."""
        if self.text.startswith(USER_PREFIX):
            return ((Prefix("id" if kind == "users" else "application_user_id", self.text),),)
        if self.text.startswith(SESSION_PREFIX):
            return ((),) if kind == "users" else ((Prefix("id", self.text),),)
        return ((Word(self._folded),),) if self._folded and kind != "ended" else ()
