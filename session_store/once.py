"""What happens once among all workers: something is used up, and something is settled for good."""

from session_store import keys, lua
from session_store.commands import Commands
from session_store.errors import StoreRefused, StoreUnavailable
from session_store.records import Milliseconds
from session_store.sealing import Sealer


class Once:
    """Decides by the store alone which worker was first."""

    def __init__(self, commands: Commands, sealer: Sealer) -> None:
        self._commands = commands
        self._sealer = sealer

    async def use(self, key: str, until_ms: Milliseconds) -> bool:
        """See Store.use_once."""
        return await self._commands.run(*lua.USE_ONCE.call([keys.used(key)], until_ms)) == 1

    async def was_used(self, key: str) -> bool:
        """See Store.was_used."""
        return await self._commands.run("EXISTS", keys.used(key)) == 1

    async def settle(self, name: str, proposal: bytes) -> bytes:
        """See Store.settle."""
        place = keys.settled(name)
        standing = await self._commands.run("GET", place)
        if standing is None:
            async with self._commands.confirmed():
                sealed = self._sealer.seal(proposal, place)
                _, standing = await self._commands.run_all([("SET", place, sealed, "NX"), ("GET", place)])
        if not isinstance(standing, bytes):
            raise StoreUnavailable("what was settled is gone")
        settled = self._sealer.open(standing, place)
        if settled is None:
            raise StoreRefused(
                f"store.secret: none of the secrets opens what the store keeps as {name[:80]!r};"
                " add the one that it was sealed under"
            )
        return settled
