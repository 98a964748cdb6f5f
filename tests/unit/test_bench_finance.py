"""What `make bench FINANCE=1` says of ingest beside a worker."""

import pytest

from loadtests.bench.finance import BARS, choose, judge_ingest
from loadtests.bench.plan import BadPlan
from loadtests.bench.turns import Pair


@pytest.mark.parametrize(("ours", "kept"), [((94, 96), True), ((93, 96), False)])
def test_the_mean_of_the_turns_beside_a_worker_is_judged(ours: tuple[float, float], kept: bool) -> None:
    promised, error, rate, _ = judge_ingest([Pair(one, 100, 120, 110) for one in ours], "idle", 0.95)

    assert promised.kept is kept
    assert error.measured > 0
    assert (rate.measured, rate.what) == (sum(ours) / 2, "ingest with outbox and idle worker, req/s (without 100)")


def test_one_turn_has_no_standard_error() -> None:
    _, error, *_ = judge_ingest([Pair(94, 100, 120, 110)], "idle", 0.95)

    assert error.measured == 0


def test_a_bar_is_chosen_by_a_part_of_its_name() -> None:
    assert [bar.__name__ for bar in choose("idle")] == ["ingest_beside_an_idle_worker"]
    assert choose("") == list(BARS)


def test_a_bar_that_does_not_exist_is_refused() -> None:
    with pytest.raises(BadPlan, match="ingest_beside_an_idle_worker"):
        choose("speed of light")


def test_every_bar_says_what_it_measures() -> None:
    assert all(bar.__doc__ for bar in BARS)
