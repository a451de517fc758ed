"""Where a bulk revocation goes on: all that the next call needs, as one text that the caller hands back.

Nothing is kept here between two calls. Whatever comes back is judged as what a stranger wrote: at worst it is
a revocation that its author might have asked for outright.
"""

from base64 import b64decode, urlsafe_b64encode
from typing import Annotated

import msgspec

from admin_api.bodies import Note
from admin_api.problems import Code, Problem
from session_store import SESSION_PREFIX, is_id

Number = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class Run(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bulk revocation under way.

    ``run`` names it: the operation id of its first call. ``before`` is the id of the last session that it has
    come to, "" at its beginning; ``matched`` and ``yours`` are counted up to there.
    """

    filter: str
    reason: Note
    dry_run: bool
    run: Annotated[str, msgspec.Meta(pattern=r"^op_[0-9a-f]{32}\Z")]
    before: str = ""
    matched: Number = 0
    yours: Number = 0


def write_next(run: Run) -> str:
    """``run`` as one text of ASCII characters (base64url of JSON)."""
    return urlsafe_b64encode(msgspec.json.encode(run)).decode()


def read_next(text: str) -> Run:
    """What ``write_next`` wrote. Raises Problem (400) for any other text."""
    try:
        run = msgspec.json.decode(b64decode(text, altchars=b"-_", validate=True), type=Run)
    except (ValueError, RecursionError, msgspec.MsgspecError):
        raise Problem(Code.BAD_NEXT) from None
    if not is_id(run.before, SESSION_PREFIX) or not run.reason.isprintable():
        raise Problem(Code.BAD_NEXT)
    return run
