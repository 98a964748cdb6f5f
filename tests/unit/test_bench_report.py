"""The report of the benchmark: medians, the best variant of each contestant, promises judged the right way round."""

import pytest

from loadtests.bench.processes import Memory
from loadtests.bench.report import best, judge, judge_sizes, summarize
from loadtests.bench.rounds import Round

MIB = 2**20


def a_round(letter: str, per_second: float, *, name: str = "", p99_ms: float = 20, rss_mib: int = 60) -> Round:
    return Round(
        letter=letter, name=name or letter, per_second=per_second, p50_ms=10, p90_ms=15, p99_ms=p99_ms, max_ms=30,
        answered=100, cpu_us={"backend": per_second, "wrk": 7},
        worker_memory=[Memory(rss_mib * MIB, MIB), Memory(MIB, MIB)],
    )  # fmt: skip


def test_one_noisy_round_does_not_move_the_median() -> None:
    summary = summarize([a_round("b", 5000), a_round("b", 90), a_round("b", 5100)])

    assert [one.per_second for one in summary] == [5000]


def test_memory_is_the_largest_worker_of_any_round() -> None:
    targets = judge(summarize([a_round("b", 1, rss_mib=90), a_round("b", 1, rss_mib=151)]))

    assert [target.kept for target in targets if "memory" in target.what] == [False]


def test_the_textbook_counts_in_its_best_worker_class() -> None:
    summary = [a_round("c", 900, name="sync"), a_round("c", 1100, name="gthread")]

    chosen = best(summary, "c")

    assert chosen is not None
    assert chosen.name == "gthread"


@pytest.mark.parametrize(("ours", "kept"), [(6600, True), (6599, False)])
def test_six_times_the_best_textbook_keeps_the_promise_and_less_does_not(ours: float, kept: bool) -> None:
    summary = [a_round("b", ours), a_round("c", 900, name="sync"), a_round("c", 1100, name="gthread")]

    assert [target.kept for target in judge(summary) if target.what.startswith("b / c")] == [kept]


def test_a_p99_of_25_ms_is_too_slow_and_80_with_many_connections() -> None:
    late = judge([a_round("b", 1, p99_ms=25), a_round("w", 1, p99_ms=80)])
    early = judge([a_round("b", 1, p99_ms=24.9), a_round("w", 1, p99_ms=79.9)])

    assert [target.kept for target in late if "p99" in target.what] == [False, False]
    assert [target.kept for target in early if "p99" in target.what] == [True, True]


def test_the_generators_part_is_not_ours() -> None:
    (target,) = (target for target in judge([a_round("b", 229)]) if "µs" in target.what)

    assert (target.measured, target.kept) == (229, True)


def test_a_contestant_that_did_not_take_part_is_not_compared_with() -> None:
    assert not any("b / " in target.what for target in judge([a_round("b", 5000)]))


@pytest.mark.parametrize(("fullest", "kept"), [(900, True), (899, False)])
def test_the_fullest_ledger_is_held_against_the_emptiest(fullest: float, kept: bool) -> None:
    summary = [a_round("b", 1000, name="10 rows"), a_round("b", 500, name="20 rows"), a_round("b", fullest, name="30")]

    assert [target.kept for target in judge_sizes(summary)] == [kept]


@pytest.mark.parametrize(("new", "kept"), [(500, True), (499, False)])
def test_half_of_the_throughput_is_promised_with_new_connections(new: float, kept: bool) -> None:
    targets = judge([a_round("b", 1000), a_round("n", new)])

    assert [target.kept for target in targets if target.what.startswith("n / b")] == [kept]


def test_the_generators_own_part_of_new_connections_is_reported() -> None:
    targets = judge([a_round("b", 300), a_round("n", 400)])

    assert [target.measured for target in targets if target.what.endswith("of n, without wrk")] == [0.75]
