"""What an exchange keeps of itself until it has finished, to tell the journal once. It decides nothing."""

from proxy.fields import Refusal
from proxy.finished import Finished, Outcome
from proxy.head import Request
from proxy.journal import Journal
from proxy.routes import Route
from session_store import ApplicationSession


class Account:
    """The part of an exchange that is for the journal.

    ``sent`` counts the bytes of its answer. Whoever decides on the request sets ``_outcome``, ``_taken``, the
    route, and ``_allowed``, the session that passes with its route.
    """

    _journal: Journal
    _judged: Request | Refusal
    # What mostly stays as it is here is not set for each request.
    sent = 0
    _request_id = ""
    _client = ""
    _began_s = _checked_s = _answered_s = 0.0
    _status = 0
    _outcome: Outcome = "refused"
    _taken: Route | None = None
    _allowed: tuple[ApplicationSession, Route] | None = None
    _told = False

    def answer_begun(self, status: int) -> None:
        """The head of the upstream's answer has come."""
        self._status = status
        self._answered_s = self._journal.clock_s()

    def _own(self, answer: bytes) -> bytes:
        """``answer``, whole and made here, which goes out now."""
        self._status = int(answer[9:12])
        self.sent += len(answer)
        return answer

    def _tell(self, *, complete: bool) -> None:
        """Tell, once, how it ended; ``complete``: the answer is whole."""
        journal = self._journal
        if self._told or not journal.wanted:
            return
        self._told = True
        allowed = self._allowed
        journal.note(
            Finished(
                self._began_s,
                self._checked_s,
                self._answered_s,
                journal.clock_s(),
                self._request_id,
                self._client,
                self._judged,
                self._taken,
                self._outcome,
                self._status,
                self.sent,
                complete,
                allowed[0] if allowed is not None else None,
            )
        )
