"""``metrics.listen``: Prometheus' text of all that the processes counted, and the two health paths.

Open to whoever reaches the listener, so it names endpoints and upstreams and nobody who visits them.
"""

from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from outerward.process_metrics import FAMILIES as PROCESS_FAMILIES
from proxy import FAMILIES as WORKER_FAMILIES
from proxy import Counted, Family, Sample

STORE_UP = Family("outerward_store_up", "gauge", "Whether the store answers.")
FAMILIES = (*WORKER_FAMILIES, *PROCESS_FAMILIES, STORE_UP)

CountedOf = Callable[[], Awaitable[Counted]]
"""Asks for everything counted so far. Raises TimeoutError."""

Missing = Callable[[], Awaitable[dict[str, str]]]
"""Asks what keeps the program from being ready, by part."""


def metrics_app(counted: CountedOf, missing: Missing) -> web.Application:
    """The application that answers on ``metrics.listen``."""

    async def metrics(request: web.Request) -> web.Response:
        try:
            samples = await counted()
        except TimeoutError:
            return web.json_response({"supervisor": "silent"}, status=503)
        up = Sample(STORE_UP.name, (), (float("store" not in await missing()),))
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        registry = CollectorRegistry()
        registry.register(_Collected((*samples.added, *samples.gauges, up)))
        return web.Response(body=encode(registry), headers={"Content-Type": content_type})

    async def alive(_request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def ready(_request: web.Request) -> web.Response:
        parts = await missing()
        headers = {"Retry-After": "1"} if parts else {}
        return web.json_response(parts, status=503 if parts else 200, headers=headers)

    app = web.Application(middlewares=[_plainly])
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)
    return app


@web.middleware
async def _plainly(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The headers of every answer; aiohttp's own ``Server`` would name versions."""
    response: web.StreamResponse
    try:
        response = await handler(request)
    except web.HTTPException as refusal:
        response = web.json_response({"status": refusal.reason}, status=refusal.status)
        if refusal.status == web.HTTPMethodNotAllowed.status_code:
            response.headers["Allow"] = "GET, HEAD"
    response.headers["Server"] = "outerward"
    response.headers["Cache-Control"] = "no-store"
    return response


class _Collected(Collector):
    """Samples as the library wants them."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._by_name: dict[str, list[Sample]] = {}
        for sample in samples:
            self._by_name.setdefault(sample.name, []).append(sample)

    def collect(self) -> Iterable[Metric]:
        """Each family that has samples; one without labels is there from the start."""
        for family in FAMILIES:
            samples = self._by_name.get(family.name, [])
            if not samples and not family.labels:
                samples = [Sample(family.name, (), (0,) * (len(family.buckets) + 2 if family.buckets else 1))]
            if samples:
                yield _metric(family, samples)


def _metric(family: Family, samples: Iterable[Sample]) -> Metric:
    if family.kind == "histogram":
        histogram = HistogramMetricFamily(family.name, family.meaning, labels=family.labels)
        for sample in samples:
            histogram.add_metric(sample.labels, _cumulative(family, sample), sample.values[-1])
        return histogram
    kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = kind(family.name, family.meaning, labels=family.labels)
    for sample in samples:
        metric.add_metric(sample.labels, sample.values[0])
    return metric


def _cumulative(family: Family, sample: Sample) -> list[tuple[str, float]]:
    """The numbers up to each bound, as the format has them."""
    bounds = [*map(str, family.buckets), "+Inf"]
    below = 0.0
    buckets = []
    for bound, number in zip(bounds, sample.values[:-1], strict=True):
        below += number
        buckets.append((bound, below))
    return buckets
