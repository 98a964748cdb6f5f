"""The verdict of a load test and its exit code."""

import pytest

from loadtests.judge import Code, judge
from loadtests.scenario import Count, Scenario, Timing, count_partner_surprises
from loadtests.verify import Finding, Verification
from tests.unit.loadtests.made_runs import GOOD, ack, run_of

KEPT = Timing("seconds", 1.0, lambda run: 0.5)
BROKEN = Timing("seconds", 1.0, lambda run: 1.5)
WRONG = Verification({"taken": 1}, 0, {}, [Finding("money", 2, ["T1", "T2"])])


def scenario(**changes: object) -> Scenario:
    """A scenario with one promise in seconds, which is kept."""
    defaults = {"says": "", "rate": 1, "senders": 1, "duration_s": 10, "short_s": 1, "timings": (KEPT,)}
    return Scenario(**(defaults | changes))  # type: ignore[arg-type]


def test_a_run_that_keeps_every_promise_is_good() -> None:
    judgement = judge(scenario(), run_of(ack()), GOOD, is_short=False)
    assert (judgement.code, judgement.noise) == (Code.GOOD, [])


def test_a_wrong_ledger_is_wrong_whatever_the_timings() -> None:
    judgement = judge(scenario(timings=(BROKEN,)), run_of(ack(), lag_s=1), WRONG, is_short=False)
    assert judgement.code == Code.WRONG
    assert "money: 2 not" in judgement.sentence


def test_what_a_partner_tries_is_no_answer_of_production() -> None:
    tried = ack(kind="tried", said="", http=503)
    run = run_of(ack(), tried, ack(kind="tried", said="accepted"))
    run.after = {"verdict accepted": 1}

    judgement = judge(scenario(), run, GOOD, is_short=False)

    assert (judgement.code, run.answers()) == (Code.GOOD, {"verdict accepted": 1})


def test_a_wrong_answer_to_a_partner_is_counted() -> None:
    wrong = [ack(kind="tried", said="refused", reason="bad_signature", http=401), ack(kind="tried", said="", http=0)]

    assert count_partner_surprises(run_of(ack(), *wrong)) == 1


def test_a_run_in_which_nothing_was_sent_is_wrong() -> None:
    judgement = judge(scenario(), run_of(), Verification({}, 0, {}, []), is_short=False)
    assert judgement.code == Code.WRONG


def test_a_broken_timing_on_a_quiet_machine_is_slow() -> None:
    judgement = judge(scenario(timings=(BROKEN,)), run_of(ack()), GOOD, is_short=False)
    assert judgement.code == Code.SLOW
    assert "1.5, promised 1" in judgement.sentence


@pytest.mark.parametrize("noise", [{"lag_s": 0.03}, {"cores": 0.9}, {"others": 0.5}])
def test_noise_makes_timings_not_judged(noise: dict[str, float]) -> None:
    judgement = judge(scenario(timings=(BROKEN,)), run_of(ack(), **noise), GOOD, is_short=False)
    assert judgement.code == Code.NOT_JUDGED
    assert judgement.noise
    assert judgement.promises[-1].is_kept is None


def test_a_promise_that_needs_no_quiet_machine_is_judged_in_noise() -> None:
    grown = Timing("MiB", 1.0, lambda run: 1.5, needs_quiet=False)
    judgement = judge(scenario(timings=(grown, BROKEN)), run_of(ack(), lag_s=1), GOOD, is_short=False)
    assert judgement.code == Code.SLOW
    assert [one.is_kept for one in judgement.promises[-2:]] == [False, None]


@pytest.mark.parametrize("needs_quiet", [True, False])
def test_a_short_run_judges_no_timing(*, needs_quiet: bool) -> None:
    broken = Timing("seconds", 1.0, lambda run: 1.5, needs_quiet=needs_quiet)
    judgement = judge(scenario(timings=(broken,)), run_of(ack(), lag_s=1), GOOD, is_short=True)
    assert judgement.code == Code.GOOD


def test_an_unexpected_answer_is_wrong() -> None:
    refused = ack(said="refused", reason="bad_signature", http=401)
    judgement = judge(scenario(), run_of(refused), GOOD, is_short=False)
    assert judgement.code == Code.WRONG
    assert "401 bad_signature" in judgement.sentence


def test_an_unknown_answer_is_only_right_where_the_scenario_says_so() -> None:
    unknown = run_of(ack(http=503, said="refused", reason="unavailable"))
    assert judge(scenario(), unknown, GOOD, is_short=False).code == Code.WRONG
    assert judge(scenario(may_fail=True), unknown, GOOD, is_short=False).code == Code.GOOD


def test_a_count_that_a_stall_can_break_is_not_judged_in_a_short_run() -> None:
    counted = scenario(counts=(Count("lost", lambda run: 1, only_full=True),))
    assert judge(counted, run_of(ack()), GOOD, is_short=True).code == Code.GOOD
    assert judge(counted, run_of(ack()), GOOD, is_short=False).code == Code.WRONG


def test_a_counter_that_differs_from_the_answers_is_wrong() -> None:
    run = run_of(ack(), ack())
    run.after["verdict accepted"] = 3
    judgement = judge(scenario(), run, GOOD, is_short=True)
    assert judgement.code == Code.WRONG
    assert "the backend counted what it answered" in judgement.sentence


def test_a_late_generator_may_be_rate_limited() -> None:
    limited = ack(http=429, said="refused", reason="rate_limited")
    assert judge(scenario(), run_of(limited), GOOD, is_short=True).code == Code.WRONG
    assert judge(scenario(), run_of(limited, lag_s=0.5), GOOD, is_short=True).code == Code.GOOD
