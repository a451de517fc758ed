"""``/endpoints``, ``/tunnels``, ``/edges``: what is configured, and how many live sessions there are at each.

An endpoint that is not configured any more is not here, though sessions that began at it may still be listed.
Knows no configuration file: it is told what there is.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from aiohttp import web

from admin_api.operations import Call, Operation, Resource
from admin_api.paging import PAGE_PARAMETERS, next_page_uri, requested_slice
from admin_api.problems import Code, Problem, json_response
from admin_api.shapes import Shapes
from admin_api.topology_shapes import Counts, EdgeList, EndpointList, TopologyShapes, TunnelList
from session_store import (
    EDGE_PREFIX,
    ENDPOINT_PREFIX,
    ROUTE_PREFIX,
    TUNNEL_PREFIX,
    Endpoint,
    Store,
    edge_id,
    route_id,
    tunnel_id,
)

V = TypeVar("V")
Run = Callable[[Call], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topology:
    """What is configured: the names of all tunnels, and every endpoint."""

    tunnels: tuple[str, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()


NOTHING_CONFIGURED = Topology()


class ConfiguredThings:
    """The operations on what is configured. Each raises StoreUnavailable and Problem (400, 404)."""

    def __init__(self, store: Store, shapes: Shapes, topology: Topology) -> None:
        self._store = store
        self._uri = shapes.uri
        self._shapes = TopologyShapes(shapes)
        self._endpoints: dict[str, Endpoint] = {each.id: each for each in topology.endpoints}
        self._tunnels = {tunnel_id(name): name for name in topology.tunnels}
        self._edges = {edge_id(each.edge): each.edge for each in topology.endpoints if each.edge is not None}
        self._of_tunnel: defaultdict[str, list[Endpoint]] = defaultdict(list)
        self._of_edge: defaultdict[str, list[Endpoint]] = defaultdict(list)
        for each in topology.endpoints:
            self._of_tunnel[each.tunnel].append(each)
            if each.edge is not None:
                self._of_edge[each.edge].append(each)

    def resources(self) -> Sequence[Resource]:
        """The paths of what is configured."""
        return [
            Resource("/endpoints", _page_of(self.endpoints)),
            Resource("/endpoints/{id}", _one(self.endpoint, ENDPOINT_PREFIX)),
            Resource("/tunnels", _page_of(self.tunnels)),
            Resource("/tunnels/{id}", _one(self.tunnel, TUNNEL_PREFIX)),
            Resource("/edges", _page_of(self.edges)),
            Resource("/edges/{id}", _one(self.edge, EDGE_PREFIX)),
            Resource("/edges/{edge}/routes/{id}", _one(self.route, ROUTE_PREFIX)),
        ]

    async def endpoints(self, call: Call) -> web.Response:
        """A page of endpoints."""
        some, uri, following = self._page(call, self._endpoints, ENDPOINT_PREFIX, "endpoints")
        counts = await self._count(some)
        shown = [self._shapes.endpoint(each, counts) for each in some]
        return json_response(EndpointList(endpoints=shown, uri=uri, next_page_uri=following))

    async def endpoint(self, call: Call) -> web.Response:
        """One endpoint."""
        endpoint = _known(self._endpoints.get(call.id))
        return json_response(self._shapes.endpoint(endpoint, await self._count([endpoint])))

    async def tunnels(self, call: Call) -> web.Response:
        """A page of tunnels."""
        names, uri, following = self._page(call, self._tunnels, TUNNEL_PREFIX, "tunnels")
        counts = await self._count(each for name in names for each in self._of_tunnel[name])
        shown = [self._shapes.tunnel(name, self._of_tunnel[name], counts) for name in names]
        return json_response(TunnelList(tunnels=shown, uri=uri, next_page_uri=following))

    async def tunnel(self, call: Call) -> web.Response:
        """One tunnel."""
        name = _known(self._tunnels.get(call.id))
        endpoints = self._of_tunnel[name]
        return json_response(self._shapes.tunnel(name, endpoints, await self._count(endpoints)))

    async def edges(self, call: Call) -> web.Response:
        """A page of edges."""
        names, uri, following = self._page(call, self._edges, EDGE_PREFIX, "edges")
        counts = await self._count(each for name in names for each in self._of_edge[name])
        shown = [self._shapes.edge(name, self._of_edge[name], counts) for name in names]
        return json_response(EdgeList(edges=shown, uri=uri, next_page_uri=following))

    async def edge(self, call: Call) -> web.Response:
        """One edge with its routes."""
        name = _known(self._edges.get(call.id))
        endpoints = self._of_edge[name]
        return json_response(self._shapes.edge(name, endpoints, await self._count(endpoints)))

    async def route(self, call: Call) -> web.Response:
        """One route of an edge."""
        edge = _known(self._edges.get(call.within))
        by_id = {route_id(edge, each.path_prefix or ""): each for each in self._of_edge[edge]}
        endpoint = _known(by_id.get(call.id))
        return json_response(self._shapes.route(edge, endpoint, await self._count([endpoint])))

    def _page(
        self, call: Call, things: Mapping[str, V], prefix: str, path: str
    ) -> tuple[list[V], str, str | None]:
        """A page of ``things``, by id, downwards as all lists are; its address, and the next one's."""
        part, uri = requested_slice(call.query, prefix), self._uri(path)
        rest = [each for each in sorted(things, reverse=True) if part.before is None or each < part.before]
        ids = rest[: part.limit]
        following = next_page_uri(uri, call.query, ids[-1]) if len(rest) > len(ids) else None
        return [things[each] for each in ids], uri, following

    async def _count(self, endpoints: Iterable[Endpoint]) -> Counts:
        ids = [endpoint.id for endpoint in endpoints]
        return dict(zip(ids, await self._store.sessions_at(ids), strict=True))


def _page_of(run: Run) -> Mapping[str, Operation]:
    return {"GET": Operation(run, query=PAGE_PARAMETERS)}


def _one(run: Run, prefix: str) -> Mapping[str, Operation]:
    return {"GET": Operation(run, id_prefixes=(prefix,))}


def _known(found: V | None) -> V:
    """What was found. Raises Problem (404) where nothing was."""
    if found is None:
        raise Problem(Code.NOT_FOUND)
    return found
