"""What a worker counts: requests by endpoint, what they waited for, revocations. Plain numbers, no library.

A worker hands over what was added since it did so last, so whoever adds these up needs to know nothing of a
worker that died: what it had handed over stays counted. Labels are endpoints and closed sets, so that no
client makes a new series.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from proxy.finished import Finished, Outcome
from proxy.routes import Route

LATENCY_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
CHECK_BUCKETS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5)
REVOCATION_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


@dataclass(frozen=True, slots=True)
class Family:
    """One metric: what it is called and means. ``buckets`` are upper bounds in the metric's unit."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """A series of the family called ``name``.

    A counter or gauge has one value; a histogram the number in each bucket, in the one above the last bound,
    and the sum.
    """

    name: str
    labels: tuple[str, ...]
    values: tuple[float, ...]


class Counted(msgspec.Struct, frozen=True, array_like=True):
    """``added``: what was counted since the last of these, counters and histograms. ``gauges``: as it is."""

    added: tuple[Sample, ...] = ()
    gauges: tuple[Sample, ...] = ()


REQUESTS = Family(
    "outerward_requests_total", "counter", "Requests that ended.", ("endpoint", "status", "verdict")
)
REQUEST_SECONDS = Family(
    "outerward_request_seconds",
    "histogram",
    "From a request's turn to the end of its answer, WebSockets left out.",
    ("endpoint",),
    LATENCY_BUCKETS_S,
)
UPSTREAM_SECONDS = Family(
    "outerward_upstream_seconds",
    "histogram",
    "From passing a request on to the head of the upstream's answer.",
    ("endpoint",),
    LATENCY_BUCKETS_S,
)
SENT_BYTES = Family("outerward_sent_bytes_total", "counter", "Bytes of answers.", ("endpoint",))
CHECK_SECONDS = Family(
    "outerward_check_seconds",
    "histogram",
    "From a request's turn to the store's answer on its session.",
    (),
    CHECK_BUCKETS_S,
)
CHECKS_FAILED = Family(
    "outerward_checks_failed_total", "counter", "Requests refused because the store did not answer."
)
REVOCATION_SECONDS = Family(
    "outerward_revocation_seconds",
    "histogram",
    "From a session's end to the end of its open streams.",
    (),
    REVOCATION_BUCKETS_S,
)
CONNECTIONS = Family("outerward_connections", "gauge", "Open connections of clients.")
OPEN_STREAMS = Family(
    "outerward_open_streams", "gauge", "WebSockets, event streams and long bodies of sessions, under way."
)
UPSTREAM_CONNECTIONS = Family(
    "outerward_upstream_connections", "gauge", "Connections to an upstream.", ("upstream", "state")
)
FAMILIES = (
    REQUESTS,
    REQUEST_SECONDS,
    UPSTREAM_SECONDS,
    SENT_BYTES,
    CHECK_SECONDS,
    CHECKS_FAILED,
    REVOCATION_SECONDS,
    CONNECTIONS,
    OPEN_STREAMS,
    UPSTREAM_CONNECTIONS,
)
"""All that a worker tells."""

NO_ENDPOINT = "none"
"""The endpoint of requests that led to none: refused ones, unknown hosts, the reserved paths."""


class Histogram:
    """Numbers of observations by bucket, and their sum."""

    __slots__ = ("_bounds", "_counts", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count ``value``; a bound belongs to its bucket."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def take(self) -> tuple[float, ...] | None:
        """A sample's values since the last call; None for none."""
        if not any(self._counts):
            return None
        values = (*self._counts, self._sum)
        self._counts = [0] * len(self._counts)
        self._sum = 0.0
        return values


class _EndpointCounts:
    """What is counted of one endpoint."""

    __slots__ = ("request_s", "requests", "sent", "upstream_s")

    def __init__(self) -> None:
        self.requests: dict[tuple[int, Outcome], int] = {}
        self.request_s = Histogram(LATENCY_BUCKETS_S)
        self.upstream_s = Histogram(LATENCY_BUCKETS_S)
        self.sent = 0

    def take(self, endpoint: str) -> Iterable[Sample]:
        labels = (endpoint,)
        for (hundreds, outcome), number in self.requests.items():
            status = f"{hundreds}xx" if hundreds else "none"
            yield Sample(REQUESTS.name, (endpoint, status, outcome), (number,))
        self.requests.clear()
        for family, histogram in ((REQUEST_SECONDS, self.request_s), (UPSTREAM_SECONDS, self.upstream_s)):
            if (values := histogram.take()) is not None:
                yield Sample(family.name, labels, values)
        if self.sent:
            yield Sample(SENT_BYTES.name, labels, (self.sent,))
            self.sent = 0


class Metrics:
    """The counts of one worker."""

    def __init__(self) -> None:
        self._endpoints: dict[str, _EndpointCounts] = {}
        self._check_s = Histogram(CHECK_BUCKETS_S)
        self._checks_failed = 0
        self._revocation_s = Histogram(REVOCATION_BUCKETS_S)

    def count(self, records: Iterable[Finished]) -> None:
        """Count requests that ended."""
        endpoints, check_s = self._endpoints, self._check_s
        for record in records:
            counts = endpoints.get(name := endpoint_label(record.route)) or self._begin(name)
            began_s, checked_s, answered_s = record.began_s, record.checked_s, record.answered_s
            status = record.status
            key = (status // 100, record.outcome)
            counts.requests[key] = counts.requests.get(key, 0) + 1
            counts.sent += record.sent
            if status != 101:
                counts.request_s.observe(record.ended_s - began_s)
            if answered_s:
                counts.upstream_s.observe(answered_s - (checked_s or began_s))
            if record.outcome == "unavailable":
                self._checks_failed += 1
            elif checked_s:
                check_s.observe(checked_s - began_s)

    def revoked(self, seconds: float) -> None:
        """A stream was ended ``seconds`` after its session was."""
        self._revocation_s.observe(seconds)

    def take(self) -> Sequence[Sample]:
        """What was counted since the last call."""
        added = [sample for name, counts in self._endpoints.items() for sample in counts.take(name)]
        for family, histogram in ((CHECK_SECONDS, self._check_s), (REVOCATION_SECONDS, self._revocation_s)):
            if (values := histogram.take()) is not None:
                added.append(Sample(family.name, (), values))
        if self._checks_failed:
            added.append(Sample(CHECKS_FAILED.name, (), (self._checks_failed,)))
            self._checks_failed = 0
        return added

    def _begin(self, name: str) -> _EndpointCounts:
        counts = self._endpoints[name] = _EndpointCounts()
        return counts


def endpoint_label(route: Route | None) -> str:
    """How an endpoint is called in metrics: its public URL."""
    return NO_ENDPOINT if route is None else route.endpoint.public_url
