"""What is configured as the API shows it: endpoints, tunnels, edges and routes, each with its live sessions.

Knows no configuration file and no store: it is told what there is and how many sessions are where.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from admin_api.shapes import Ref, Shapes
from session_store import Endpoint, EndpointId, edge_id, route_id, tunnel_id

Counts = Mapping[EndpointId, int]
"""How many live sessions there are at each endpoint."""


class ShownEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A public address; ``edge``, ``route`` and ``path_prefix`` are set where it is a route of an edge."""

    id: str
    uri: str
    public_url: str
    tunnel: Ref
    edge: Ref | None
    route: Ref | None
    path_prefix: str | None
    sessions: int


class Tunnel(msgspec.Struct, frozen=True, kw_only=True):
    """A named way to an upstream, with the endpoints that lead to it."""

    id: str
    uri: str
    name: str
    endpoints: list[Ref]
    sessions: int


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One route of an edge."""

    id: str
    uri: str
    public_url: str
    path_prefix: str
    endpoint: Ref
    tunnel: Ref
    sessions: int


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """An edge with its routes."""

    id: str
    uri: str
    name: str
    routes: list[Route]
    sessions: int


class EndpointList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of endpoints."""

    endpoints: list[ShownEndpoint]
    uri: str
    next_page_uri: str | None


class TunnelList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of tunnels."""

    tunnels: list[Tunnel]
    uri: str
    next_page_uri: str | None


class EdgeList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of edges."""

    edges: list[Edge]
    uri: str
    next_page_uri: str | None


@dataclass(frozen=True, slots=True)
class TopologyShapes:
    """Makes the objects; their addresses are those of ``shapes``."""

    shapes: Shapes

    def endpoint(self, endpoint: Endpoint, counts: Counts) -> ShownEndpoint:
        """One endpoint."""
        edge, route = self.shapes.edge_and_route(endpoint)
        return ShownEndpoint(
            id=endpoint.id,
            uri=self.shapes.uri("endpoints", endpoint.id),
            public_url=endpoint.public_url,
            tunnel=self._tunnel_ref(endpoint.tunnel),
            edge=edge,
            route=route,
            path_prefix=endpoint.path_prefix,
            sessions=counts[endpoint.id],
        )

    def tunnel(self, name: str, endpoints: Sequence[Endpoint], counts: Counts) -> Tunnel:
        """The tunnel called ``name`` and the ``endpoints`` that lead to it."""
        ref = self._tunnel_ref(name)
        return Tunnel(
            id=ref.id,
            uri=ref.uri,
            name=name,
            endpoints=[self.shapes.endpoint_ref(endpoint) for endpoint in endpoints],
            sessions=sum(counts[endpoint.id] for endpoint in endpoints),
        )

    def edge(self, name: str, endpoints: Sequence[Endpoint], counts: Counts) -> Edge:
        """The edge called ``name``, which has ``endpoints``."""
        return Edge(
            id=edge_id(name),
            uri=self.shapes.uri("edges", edge_id(name)),
            name=name,
            routes=[self.route(name, endpoint, counts) for endpoint in endpoints],
            sessions=sum(counts[endpoint.id] for endpoint in endpoints),
        )

    def route(self, edge: str, endpoint: Endpoint, counts: Counts) -> Route:
        """The route of ``edge`` that is ``endpoint``."""
        path_prefix = endpoint.path_prefix or ""
        its_id = route_id(edge, path_prefix)
        return Route(
            id=its_id,
            uri=self.shapes.uri("edges", edge_id(edge), "routes", its_id),
            public_url=endpoint.public_url,
            path_prefix=path_prefix,
            endpoint=self.shapes.endpoint_ref(endpoint),
            tunnel=self._tunnel_ref(endpoint.tunnel),
            sessions=counts[endpoint.id],
        )

    def _tunnel_ref(self, name: str) -> Ref:
        return Ref(id=tunnel_id(name), uri=self.shapes.uri("tunnels", tunnel_id(name)))
