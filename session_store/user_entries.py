"""The entries of a user in the lists, where a record that they were written for was not written after all."""

from contextlib import suppress

from session_store import indexes, keys
from session_store.commands import Commands
from session_store.errors import StoreUnavailable
from session_store.records import User, decode


async def take_back(commands: Commands, entered: User) -> None:
    """Make the lists say of ``entered`` what the record says that stands, if one does.

    The id of a user who is gone never comes back, so nothing is taken from anybody. What cannot be taken back
    now the sweep drops.
    """
    with suppress(StoreUnavailable):
        record = await commands.run("GET", keys.user(entered.tag))
        stands = decode(record, User) if isinstance(record, bytes) else None
        if stands is not None and stands.id == entered.id:
            await commands.run_all(indexes.leave_words(entered, stands))
        else:
            await commands.run_all(indexes.leave_user(entered))
