"""What a worker counts, and that it hands each count over once."""

import pytest

from proxy.metrics import FAMILIES, Metrics, Sample
from tests.support.finished import at_endpoint, finished


def taken(metrics: Metrics) -> dict[tuple[str, ...], tuple[float, ...]]:
    return {(each.name.removeprefix("outerward_"), *each.labels): each.values for each in metrics.take()}


def test_requests_are_counted_by_endpoint_status_and_verdict_and_handed_over_once() -> None:
    metrics = Metrics()
    a, b = at_endpoint("https://a.example"), at_endpoint("https://b.example")
    metrics.count([finished(route=a), finished(route=a, status=204), finished(route=b, status=502)])
    metrics.count([finished(route=None, session=None, outcome="refused", status=400, checked_s=0.0)])
    requests = {key[1:]: values for key, values in taken(metrics).items() if key[0] == "requests_total"}
    assert requests == {
        ("https://a.example", "2xx", "allow"): (2,),
        ("https://b.example", "5xx", "allow"): (1,),
        ("none", "4xx", "refused"): (1,),
    }
    assert taken(metrics) == {}
    metrics.count([finished(route=b, status=0)])
    assert taken(metrics)["requests_total", "https://b.example", "none", "allow"] == (1,)


def test_durations_fall_into_the_bucket_whose_bound_they_do_not_exceed() -> None:
    metrics = Metrics()
    metrics.count([finished(), finished(ended_s=100.2500001), finished(ended_s=200.0)])
    *buckets, total = taken(metrics)["request_seconds", "http://app.localhost"]
    bounds = next(family.buckets for family in FAMILIES if family.name == "outerward_request_seconds")
    assert {bounds[i]: number for i, number in enumerate(buckets[:-1]) if number} == {0.25: 1, 0.5: 1}
    assert buckets[-1] == 1
    assert total == pytest.approx(0.25 + 0.2500001 + 100)


def test_a_websocket_is_no_duration_and_what_no_app_answered_none_of_an_app() -> None:
    metrics = Metrics()
    metrics.count([finished(status=101, answered_s=0.0)])
    assert {key[0] for key in taken(metrics)} == {"requests_total", "sent_bytes_total", "check_seconds"}


def test_a_check_counts_once_the_store_has_answered_and_as_failed_where_it_has_not() -> None:
    metrics = Metrics()
    metrics.count([finished(outcome="unavailable", status=503), finished(outcome="refused", checked_s=0.0)])
    counted = taken(metrics)
    assert counted["checks_failed_total",] == (1,)
    assert ("check_seconds",) not in counted


def test_revocations_are_timed() -> None:
    metrics = Metrics()
    metrics.revoked(0.05)
    (only,) = metrics.take()
    assert (only.name, sum(only.values[:-1]), only.values[-1]) == ("outerward_revocation_seconds", 1, 0.05)


def test_every_sample_has_the_labels_and_values_of_its_family() -> None:
    metrics = Metrics()
    metrics.count([finished(), finished(outcome="unavailable")])
    metrics.revoked(0.1)
    families = {family.name: family for family in FAMILIES}
    for sample in metrics.take():
        family = families[sample.name]
        assert len(sample.labels) == len(family.labels)
        assert len(sample.values) == (len(family.buckets) + 2 if family.buckets else 1)
        assert isinstance(sample, Sample)
