"""What an exchange needs around it: its client's connection, and the worker's services. Shapes, no code."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Protocol

from proxy.context import Contexts, TrustedProxies
from proxy.forwarding import Client
from proxy.gate import Gate
from proxy.journal import Journal
from proxy.recorder import Recorder
from proxy.refresher import Refresher
from proxy.routes import Site, UpstreamAddress
from proxy.standing import Standing
from proxy.streams import Streams
from proxy.upstream_pool import UpstreamPool
from session_store import Store, StoreUnavailable


class Connection(Client, Protocol):
    """The client's connection, as its exchanges see it; ``address`` is the peer's, ``trusted`` a proxy's."""

    address: str
    trusted: bool
    standing: Standing | None

    def finish(self, exchange: object, *, close: bool) -> None:
        """This exchange has answered."""

    def abort(self) -> None:
        """Break off."""

    def update_reading(self) -> None:
        """Look again whether more can be taken."""


class Services(Protocol):
    """What a worker has for the exchanges of all its connections."""

    site: Site
    store: Store
    gate: Gate
    recorder: Recorder
    refresher: Refresher
    journal: Journal
    contexts: Contexts
    trusted: TrustedProxies
    streams: Streams
    control_pool: UpstreamPool
    draining: bool
    now_ms: Callable[[], int]

    def pool(self, address: UpstreamAddress) -> UpstreamPool:
        """The connections to an upstream."""

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Run what has to wait; it ends with the worker."""

    def note_unavailable(self, error: StoreUnavailable) -> None:
        """A request was refused because the store did not answer."""

    def request_id(self) -> str:
        """A new request id."""

    def trusted_request_id(self, values: Sequence[bytes]) -> str | None:
        """The id that a trusted proxy gave a request, where it is one."""
