"""What becomes of a delivery after an attempt, and when it is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from postledger.outgoing.answer import Answer, Fault
from postledger.outgoing.conclusion import Attempt, Outcome, conclude
from postledger.outgoing.delivery import Leased, Result
from postledger.outgoing.rules.addresses import Blocked
from postledger.outgoing.rules.forward import Facts, Forward
from postledger.vocabulary.statuses import Status

NOW = datetime(2026, 11, 10, tzinfo=UTC)
FACTS = Facts("r-1", 3, "c-1", "acme", "sale", Status.APPROVED, "ABC1")
FORWARD = Forward("voluum", "https://track.example/")


def after(
    answer: Answer, *, attempts: int = 0, first_at: datetime | None = None, forward: Forward = FORWARD
) -> tuple[Result, Outcome]:
    leased = Leased("key-1", "r-1", attempts, first_at, FACTS)
    return conclude(Attempt(leased, NOW, 12, answer), forward, NOW, 0.5)


def test_a_success_is_recorded_with_its_number_and_duration() -> None:
    result, outcome = after(Answer(204), attempts=2)

    assert outcome is Outcome.DELIVERED
    assert (result.state, result.attempt, result.took_ms, result.http_status, result.fault) == (
        "delivered", 3, 12, 204, None,
    )  # fmt: skip


@pytest.mark.parametrize("answer", [Answer(503), Answer(429), Answer(fault=Fault.TIMEOUT), Answer(fault=Fault.TLS)])
def test_a_passing_fault_is_retried(answer: Answer) -> None:
    result, outcome = after(answer)

    assert (outcome, result.state, result.due_at) == (Outcome.RETRIED, "waiting", NOW + timedelta(seconds=30))


@pytest.mark.parametrize("answer", [Answer(404), Answer(410), Answer(302, Fault.REDIRECT)])
def test_another_answer_is_final(answer: Answer) -> None:
    result, outcome = after(answer)

    assert (outcome, result.state) == (Outcome.FAILED, "failed")


def test_an_expected_redirect_is_no_fault() -> None:
    result, outcome = after(
        Answer(302, Fault.REDIRECT), forward=Forward("voluum", "https://track.example/", expect=(302,))
    )

    assert (outcome, result.fault) == (Outcome.DELIVERED, None)


def test_a_refused_address_is_counted_as_blocked_and_retried() -> None:
    result, outcome = after(Answer(blocked=Blocked.LOOPBACK))

    assert (outcome, result.state, result.fault) == (Outcome.BLOCKED, "waiting", "blocked_loopback")


def test_retry_after_is_honoured_up_to_a_day() -> None:
    assert after(Answer(503, retry_after="120"))[0].due_at == NOW + timedelta(seconds=120)
    assert after(Answer(503, retry_after="9999999"))[0].due_at == NOW + timedelta(days=1)


@pytest.mark.parametrize(("days", "state"), [(6.9, "waiting"), (7, "failed")])
def test_it_fails_seven_days_after_its_first_attempt(days: float, state: str) -> None:
    result, _ = after(Answer(503), attempts=9, first_at=NOW - timedelta(days=days))

    assert result.state == state


def test_a_first_attempt_after_long_waiting_is_retried() -> None:
    assert after(Answer(503), attempts=0)[0].state == "waiting"


def test_an_erased_click_is_discarded() -> None:
    assert after(Answer(fault=Fault.FORGOTTEN))[0].state == "discarded"


def test_later_changes_move_with_one_that_was_put_off() -> None:
    assert not after(Answer(200))[0].moves_later
    assert after(Answer(503))[0].moves_later
    assert after(Answer(200), attempts=1, first_at=NOW)[0].moves_later
