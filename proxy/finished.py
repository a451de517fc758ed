"""What is known of a request once it has ended here: the one record that the access log and metrics read.

Made once a request on the data path, so it only points at what is there already. Nothing in it is a secret's
value by itself, but the request has its cookies and its query: whoever reads it takes neither.
"""

from typing import Literal

import msgspec

from proxy.fields import Refusal
from proxy.head import Request
from proxy.routes import Route
from session_store import ApplicationSession

Outcome = Literal[
    "allow", "login", "forbid", "unavailable", "refused", "public", "internal", "ended", "failed"
]
"""A verdict of the gate, or why there was none.

*refused* before it was reached, *public* past it, *internal* for reserved paths, *ended* with the session
while it was under way, *failed* by an error of ours.
"""


class Finished(msgspec.Struct, gc=False):
    """One request that has finished: answered, or broken off.

    Times are of one monotonic clock, in seconds: when its turn began, when the store had answered, when the
    answer's head was there, when all was over; 0 for what never happened. ``request`` is None where nothing
    could be read. ``status`` is 0 where no answer had begun. ``sent`` counts the answer's bytes, its head
    too. ``complete``: the answer is whole. ``session``: who passed.
    """

    began_s: float
    checked_s: float
    answered_s: float
    ended_s: float
    request_id: str
    client: str
    request: Request | Refusal | None
    route: Route | None
    outcome: Outcome
    status: int
    sent: int
    complete: bool
    session: ApplicationSession | None
