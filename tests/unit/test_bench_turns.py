"""What metrics and request log are said to cost, from turns of both contestants."""

import pytest

from loadtests.bench.turns import COMPARISONS, Pair, judge_baseline, judge_cost


@pytest.mark.parametrize(("shipped", "kept"), [((94, 96), True), ((93, 96), False)])
def test_the_mean_of_the_turns_is_held_against_the_promise(shipped: tuple[float, float], kept: bool) -> None:
    promised, *_ = judge_cost([Pair(one, 100, 120, 110) for one in shipped])

    assert promised.kept is kept


def test_it_is_told_how_sure_the_mean_is_and_what_the_backend_spends() -> None:
    _, error, spent = judge_cost([Pair(90, 100, 120, 112), Pair(100, 100, 130, 118)])

    assert error.measured == pytest.approx(0.05)
    assert spent.measured == pytest.approx(10)
    assert "of the backend's 125 for a request" in spent.what


def test_nothing_is_said_of_who_did_not_take_part() -> None:
    assert judge_cost([]) == []


@pytest.mark.parametrize(
    ("letter", "ours", "kept"),
    [("r", (94, 96), True), ("r", (93, 96), False), ("m", (89, 91), True), ("m", (88, 91), False)],
)
def test_repeats_and_many_sources_are_compared_with_b(letter: str, ours: tuple[float, float], kept: bool) -> None:
    promised, *_ = COMPARISONS[letter].judge([Pair(one, 100, 120, 110) for one in ours])

    assert promised.what.startswith(f"{letter} / b")
    assert promised.kept is kept


@pytest.mark.parametrize(("ours", "kept"), [((97, 98), True), ((94, 100), False), ((95, 95), False)])
def test_a_baseline_is_reached_only_beyond_the_error(ours: tuple[float, float], kept: bool) -> None:
    _, lower, _ = judge_baseline([Pair(one, 100, 120, 110) for one in ours])

    assert lower.kept is kept
