"""Series at zero: what a scrape shows of counters that never rose."""

import pytest
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from postledger.platform.metrics.zero_series import ZeroSeries


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def refused(registry: CollectorRegistry) -> Counter:
    return Counter("refused", "Refused, as told.", ["source", "reason"], registry=registry)


@pytest.fixture
def zeros(registry: CollectorRegistry, refused: Counter) -> ZeroSeries:
    seen = Counter("seen", "Seen.", ["source"], registry=registry)
    return ZeroSeries([(seen, ()), (refused, ("late",)), (refused, ("early",))])


def scrape(registry: CollectorRegistry, zeros: ZeroSeries) -> dict[tuple[str, ...], float]:
    """All samples, by name and label values."""
    text = zeros.add_to(generate_latest(registry).decode())
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    found = {(one.name, *one.labels.values()): one.value for one in samples if one.name.endswith("_total")}
    assert len(found) == len([one for one in samples if one.name.endswith("_total")]), "no series is there twice"
    return found


def test_each_shown_series_is_zero(registry: CollectorRegistry, zeros: ZeroSeries) -> None:
    zeros.show(["a", "b"])

    assert scrape(registry, zeros) == {
        ("seen_total", "a"): 0,
        ("seen_total", "b"): 0,
        ("refused_total", "late", "a"): 0,
        ("refused_total", "late", "b"): 0,
        ("refused_total", "early", "a"): 0,
        ("refused_total", "early", "b"): 0,
    }


def test_a_series_that_rose_has_its_value(registry: CollectorRegistry, zeros: ZeroSeries, refused: Counter) -> None:
    zeros.show(["a"])
    refused.labels("a", "late").inc(2)

    found = scrape(registry, zeros)

    assert found["refused_total", "late", "a"] == 2
    assert found["refused_total", "early", "a"] == 0


def test_what_is_not_shown_is_kept(registry: CollectorRegistry, zeros: ZeroSeries, refused: Counter) -> None:
    Counter("other", "Other.", registry=registry).inc()
    refused.labels("gone", "late").inc()

    assert scrape(registry, zeros) == {("other_total",): 1, ("refused_total", "late", "gone"): 1}


def test_the_series_of_a_counter_stay_together(
    registry: CollectorRegistry, zeros: ZeroSeries, refused: Counter
) -> None:
    zeros.show(["a"])
    refused.labels("a", "late").inc()

    lines = zeros.add_to(generate_latest(registry).decode()).splitlines()

    names = [line.split()[2] if line.startswith("#") else line.partition("{")[0] for line in lines]
    assert [name for name in names if name.endswith("_total")] == ["refused_total"] * 4 + ["seen_total"] * 3


def test_a_counter_that_no_process_has_yet_gets_its_head(zeros: ZeroSeries) -> None:
    zeros.show(["a"])

    assert zeros.add_to("").splitlines()[:3] == [
        "# HELP seen_total Seen.",
        "# TYPE seen_total counter",
        'seen_total{source="a"} 0.0',
    ]
