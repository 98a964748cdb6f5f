"""Decides what becomes of a delivery after an attempt. Pure: the time and the dice are passed in."""

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from postledger.outgoing.answer import Answer, Fault
from postledger.outgoing.delivery import Leased, Result, State
from postledger.outgoing.rules.forward import Forward
from postledger.outgoing.rules.retries import Judgement, delay_retry, judge, read_retry_after

GIVE_UP_AFTER = timedelta(days=7)
"""After the first attempt. The time before it does not count, because the circuit may have been open for long."""


class Outcome(StrEnum):
    """How an attempt is counted. The values are labels of a metric."""

    DELIVERED = "delivered"
    RETRIED = "retried"
    FAILED = "failed"
    BLOCKED = "blocked"
    """The address is refused. The delivery is tried again like any other, because the name may lead elsewhere then."""


class Attempt(msgspec.Struct, frozen=True):
    """One attempt: the delivery, when it began, how long it took, and its answer."""

    leased: Leased
    at: datetime
    took_ms: int
    answer: Answer


def conclude(attempt: Attempt, forward: Forward, now: datetime, dice: float) -> tuple[Result, Outcome]:
    """Judge an attempt. `dice` is a random number from 0 to 1."""
    if attempt.answer.fault is Fault.FORGOTTEN:
        return _write(attempt, "discarded", now), Outcome.FAILED
    judgement = judge(attempt.answer.status, forward.expect)
    if judgement is Judgement.DELIVERED:
        return _write(attempt, "delivered", now), Outcome.DELIVERED
    due_at = _find_next(attempt, now, dice) if judgement is Judgement.RETRY else None
    outcome = Outcome.FAILED if due_at is None else Outcome.RETRIED
    state: State = "failed" if due_at is None else "waiting"
    return _write(attempt, state, due_at or now), Outcome.BLOCKED if attempt.answer.blocked else outcome


def _find_next(attempt: Attempt, now: datetime, dice: float) -> datetime | None:
    retry_after = read_retry_after(attempt.answer.retry_after, now)
    delay = delay_retry(attempt.leased.attempts + 1, retry_after, dice)
    since = attempt.leased.first_at or attempt.at
    return None if delay is None or now + delay - since > GIVE_UP_AFTER else now + delay


def _write(attempt: Attempt, state: State, due_at: datetime) -> Result:
    leased, answer = attempt.leased, attempt.answer
    return Result(
        leased.dedup_key,
        leased.receipt,
        leased.facts.revision,
        leased.attempts + 1,
        state,
        due_at,
        attempt.at,
        attempt.took_ms,
        answer.status,
        None if state == "delivered" else answer.fault_word,
        moves_later=state == "waiting" or leased.attempts > 0,
    )
