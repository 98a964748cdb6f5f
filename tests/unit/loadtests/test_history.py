"""The history of a run, second by second, and its figures."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from loadtests.acks import join_logs, read_acks, write_acks
from loadtests.flood_turns import TURNS, count_missing, find_cost
from loadtests.history import Mark, Sample, by_second, find_growth, percentile
from loadtests.lost import lost_by_rule
from loadtests.month import IMPORTED, OVER, QUIET, count_unfinished, find_slowdown
from loadtests.ramp import factor_at
from loadtests.report.plots import Plot, draw, nice_ceiling
from loadtests.report.summary import figures
from tests.unit.loadtests.made_runs import START_S, ack, run_of


def test_latency_counts_from_when_a_request_was_due() -> None:
    values = figures(run_of(ack(late_s=2.0, took_s=0.5)))
    assert (values["due_p99_ms"], values["sent_p99_ms"]) == (2500.0, 500.0)


def test_a_second_counts_what_was_due_and_what_was_done() -> None:
    rows = by_second(run_of(ack(0.1), ack(0.2, took_s=1.0), ack(1.5, said="refused", reason="conflict", http=409)))
    assert [(row["due"], row["done"]) for row in rows] == [(2, 1), (1, 2)]
    assert rows[1]["said conflict"] == rows[1]["said accepted"] == 1


def test_processor_time_is_that_since_the_sample_before() -> None:
    run = run_of(ack(11))
    run.samples.append(Sample(START_S + 11, {"backend": 5.75}, {"backend": 3 * 2**20}, 6.0, {}))
    row = by_second(run)[11]
    assert (row["cores backend"], row["MiB backend"]) == (0.75, 3.0)


@pytest.mark.parametrize(
    ("duration_s", "grown_mib", "an_hour"),
    [(7200, 2, 1.0), (14_400, 4, 1.0), (60, 2, 1.0), (60, 12, 6.0), (7200, 0, 0.0)],
)
def test_growth_is_that_of_an_hour_and_of_two_in_a_short_run(
    duration_s: float, grown_mib: float, an_hour: float
) -> None:
    samples = [
        Sample(START_S + share * duration_s, {}, {"backend": int(share * grown_mib * 2**20), "edge": 5}, 0.0, {})
        for share in (number / 100 for number in range(101))
    ]
    run = msgspec.structs.replace(run_of(ack()), samples=samples, duration_s=duration_s)

    assert find_growth(run, ("backend", "edge", "gone")) == pytest.approx(an_hour, rel=0.01, abs=1e-6)


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 51), (0.99, 100), (1.0, 100)])
def test_percentile(share: float, value: int) -> None:
    assert percentile(range(1, 101), share) == value
    assert percentile([], share) == 0


@pytest.mark.parametrize(("at", "factor"), [(0.0, 1), (0.2, 1), (0.25, 10.5), (0.5, 20), (1.0, 1)])
def test_a_shape_moves_between_its_stages(at: float, factor: float) -> None:
    assert factor_at([(0.2, 1), (0.3, 20), (0.7, 20), (0.71, 1), (1, 1)], at) == pytest.approx(factor)


def test_a_conversion_is_lost_when_no_try_was_taken() -> None:
    unknown: dict[str, Any] = {"http": 503, "said": "refused", "sender": "awin"}
    acks = [ack(transaction="A", **unknown), ack(transaction="A", sender="awin"), ack(transaction="B", **unknown)]
    assert lost_by_rule(acks) == {"awin": {"sent": 2, "taken": 1, "repeats": 1, "lost": 1}}


def test_ack_logs_of_several_processes_become_one(tmp_path: Path) -> None:
    paths = [tmp_path / "one.tsv", tmp_path / "two.tsv"]
    for path, at_s in zip(paths, (2.0, 1.0), strict=True):
        write_acks([ack(at_s, transaction=path.stem)], path)
    with paths[0].open("a") as file:
        file.write("cut off by the end of its")
    join_logs(paths, tmp_path / "acks.tsv")
    assert [one.transaction for one in read_acks(tmp_path / "acks.tsv")] == ["two", "one"]
    assert next(read_acks(tmp_path / "acks.tsv")) == ack(1.0, transaction="two")


def test_a_plot_shows_each_series_and_each_mark() -> None:
    svg = draw(
        Plot("Load & more", "/s", {"due": [1, 2, 3], "<done>": [1, 1, 1]}),
        [Mark(START_S + 1, "a worker killed")],
        START_S,
    )
    assert svg.count("<polyline") == 2
    assert "&lt;done&gt;" in svg
    assert "a worker killed, 1.0 s" in svg


@pytest.mark.parametrize(("value", "ceiling"), [(0, 1), (0.3, 0.5), (1, 1), (1.2, 2), (37, 50), (51, 100), (100, 100)])
def test_the_top_of_a_plot_is_a_round_number(value: float, ceiling: float) -> None:
    assert nice_ceiling(value) == pytest.approx(ceiling)


@pytest.mark.parametrize(("before_s", "after_s"), [(0.1, 9.0), (9.0, 0.1)])
def test_the_slowdown_is_that_while_the_commands_of_the_month_end_run(before_s: float, after_s: float) -> None:
    """It is compared with the quieter time, before or after: the disk may still write what was prepared."""
    run = run_of(ack(1, took_s=9.0), ack(3, took_s=before_s), ack(6, took_s=0.3), ack(9, took_s=after_s))
    run.marks += [Mark(START_S + 2, QUIET), Mark(START_S + 5, IMPORTED), Mark(START_S + 8, OVER)]

    assert find_slowdown(run) == pytest.approx(3)
    assert count_unfinished(run) == 0


def test_a_month_end_that_did_not_come_to_its_end_is_counted() -> None:
    run = run_of(ack(3))
    run.marks.append(Mark(START_S + 2, QUIET))

    assert count_unfinished(run) == 1
    assert find_slowdown(run) == float("inf")


def test_a_flood_costs_the_difference_of_its_turns() -> None:
    begins, settled = 0.05, 0.5
    calm = [ack((turn + settled) / TURNS * 10, took_s=0.01) for turn in range(2, TURNS, 2)]
    flooded = [ack((turn + settled) / TURNS * 10, took_s=0.03) for turn in range(3, TURNS, 2)]
    left_out = [ack((turn + begins) / TURNS * 10, took_s=5.0) for turn in range(TURNS)]
    warm_up = [ack((turn + settled) / TURNS * 10, took_s=5.0) for turn in (0, 1)]

    assert find_cost(run_of(*warm_up, *left_out, *calm, *flooded)) == pytest.approx(3.0)


def test_a_flood_that_did_not_come_is_counted() -> None:
    tried = ack(kind="tried")

    assert (count_missing(run_of(tried)), count_missing(run_of(*[tried] * 800))) == (799, 0)
