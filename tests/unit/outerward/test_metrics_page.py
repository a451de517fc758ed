"""The page that Prometheus reads: what its own parser makes of it, and the two health paths beside it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from outerward.metrics_page import FAMILIES, metrics_app
from outerward.process_metrics import ProcessMetrics
from proxy import Counted, Sample

REQUESTS = Sample("outerward_requests_total", ('https://a.example/"x"\n', "2xx", "allow"), (7,))
SECONDS = Sample("outerward_check_seconds", (), (1, *(0,) * 10, 2, 3, 1.5))
OPEN = Sample("outerward_connections", (), (4,))


async def counted() -> Counted:
    return Counted((REQUESTS, SECONDS), (OPEN,))


async def silent() -> Counted:
    raise TimeoutError


@asynccontextmanager
async def page(
    missing: dict[str, str] | None = None, counts: Callable[[], Awaitable[Counted]] = counted
) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    async def parts() -> dict[str, str]:
        return missing or {}

    async with TestClient(TestServer(metrics_app(counts, parts))) as client:
        yield client


async def samples(client: TestClient) -> dict[tuple[str, ...], float]:  # type: ignore[type-arg]
    text = await (await client.get("/metrics")).text()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_counters_gauges_and_histograms_are_what_prometheus_reads() -> None:
    async with page() as client:
        read = await samples(client)
    assert read["outerward_requests_total", 'https://a.example/"x"\n', "2xx", "allow"] == 7
    assert read["outerward_connections",] == 4
    buckets = {key[1]: value for key, value in read.items() if key[0] == "outerward_check_seconds_bucket"}
    assert (buckets["0.0001"], buckets["0.25"], buckets["0.5"], buckets["+Inf"]) == (1, 1, 3, 6)
    assert (read["outerward_check_seconds_count",], read["outerward_check_seconds_sum",]) == (6, 1.5)


async def test_series_without_labels_are_there_before_anything_was_counted() -> None:
    async def nothing() -> Counted:
        return Counted()

    async with page(counts=nothing) as client:
        read = await samples(client)
    assert read["outerward_checks_failed_total",] == 0
    assert read["outerward_revocation_seconds_bucket", "+Inf"] == 0
    assert not any(key[0] == "outerward_requests_total" for key in read)


@pytest.mark.parametrize(("missing", "up"), [({}, 1), ({"edge": "starting"}, 1), ({"store": "down"}, 0)])
async def test_the_store_is_up_when_it_answers(missing: dict[str, str], up: int) -> None:
    async with page(missing) as client:
        assert (await samples(client))["outerward_store_up",] == up


async def test_openmetrics_is_given_to_who_asks_for_it() -> None:
    async with page() as client:
        answer = await client.get("/metrics", headers={"Accept": "application/openmetrics-text"})
        assert answer.content_type == "application/openmetrics-text"
        assert (await answer.text()).endswith("# EOF\n")


async def test_without_the_supervisors_word_there_are_no_figures() -> None:
    async with page(counts=silent) as client:
        assert (await client.get("/metrics")).status == 503


async def test_health_is_told_in_a_status_and_in_words() -> None:
    async with page({"store": "down"}) as client:
        alive, ready = await client.get("/healthz"), await client.get("/readyz")
        assert (alive.status, ready.status, await ready.json()) == (200, 503, {"store": "down"})
        assert ready.headers["Retry-After"] == "1"
    async with page() as client:
        ready = await client.get("/readyz")
        assert (ready.status, await ready.json()) == (200, {})


async def test_nothing_else_is_there_and_no_answer_names_a_version() -> None:
    async with page() as client:
        for method, path, status in (
            ("GET", "/", 404),
            ("POST", "/metrics", 405),
            ("GET", "/app/users", 404),
        ):
            answer = await client.request(method, path)
            assert answer.status == status
            assert answer.headers["Server"] == "outerward"
            assert answer.headers["Cache-Control"] == "no-store"
            assert path not in await answer.text() or path == "/"


def test_a_process_tells_what_was_added_since_it_did_so_last() -> None:
    dropped = iter([5, 7])
    process = ProcessMetrics("worker 1", lambda: next(dropped))
    first, second = process.take(), process.take()
    lost = [
        each.values[0]
        for told in (first, second)
        for each in told.added
        if each.name == "outerward_log_lines_dropped_total"
    ]
    assert lost == [5, 2]
    spent = [
        each.values[0]
        for told in (first, second)
        for each in told.added
        if each.name == "outerward_process_cpu_seconds_total"
    ]
    assert spent[0] > 0
    assert 0 <= spent[1] < spent[0]
    (memory,) = second.gauges
    assert memory.labels == ("worker 1",)
    assert memory.values[0] > 1 << 20


def test_the_document_names_every_metric_and_no_other() -> None:
    text = (Path(__file__).parents[3] / "docs/observability.md").read_text()
    rows = re.findall(r"^\| `(outerward_\w+)` \| (\w+) \|(?: ([^|]+))? \|", text, re.MULTILINE)
    assert {name: (kind, labels) for name, kind, labels in rows} == {
        family.name: (family.kind, ", ".join(f"`{label}`" for label in family.labels)) for family in FAMILIES
    }
