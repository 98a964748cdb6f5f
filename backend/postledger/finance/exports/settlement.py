"""Decides what becomes of an export after an attempt. Pure: the time and the dice are passed in."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from postledger.finance.exports.target import ExportedBill, Failed, Outcome, Refused, Sent, Unknown
from postledger.outgoing.rules.retries import delay_retry

State = Literal["waiting", "sent_unknown", "exported", "refused"]
Result = Literal["exported", "refused", "unknown", "failed"]
RESULTS: tuple[Result, ...] = ("exported", "refused", "unknown", "failed")
"""How an attempt is counted. The values are labels of a metric."""
_MOST_WORDS = 2_000
_LONGEST_STEP = 100  # beyond it all pauses are equal; a bill is never given up
_LONGEST_PAUSE_STEP = 3
_LONGEST_ASKED = timedelta(hours=1)


class Leased(msgspec.Struct, frozen=True):
    """A bill that this worker may send to a target. `state` is the one before, `attempts` counts this one too."""

    bill_id: UUID
    state: State
    attempts: int
    content_sha256: bytes


class Attempt(msgspec.Struct, frozen=True):
    """One attempt. `outcome` is None if the bill was not sent, so it is given back as it was."""

    leased: Leased
    bill: ExportedBill | None
    outcome: Outcome | None = None
    took_ms: int = 0


class Settled(msgspec.Struct, frozen=True):
    """What is written for an export."""

    bill_id: UUID
    state: State
    due_at: datetime
    attempts: int
    reference: str | None = None
    fault: str | None = None


def settle(attempt: Attempt, now: datetime, dice: float) -> Settled:
    """Settle an attempt. `dice` is a random number from 0 to 1."""
    leased = attempt.leased
    match attempt.outcome:
        case None:
            return Settled(leased.bill_id, leased.state, now, leased.attempts - 1)
        case Sent(reference):
            return Settled(leased.bill_id, "exported", now, leased.attempts, reference=reference[:_MOST_WORDS])
        case Refused(words):
            return Settled(leased.bill_id, "refused", now, leased.attempts, fault=words[:_MOST_WORDS])
        case Unknown(fault):
            due_at = now + _delay(leased.attempts, None, dice)
            return Settled(leased.bill_id, "sent_unknown", due_at, leased.attempts, fault=fault)
        case Failed(fault, retry_after_s):
            # What may have arrived before is still to be looked up.
            due_at = now + _delay(leased.attempts, retry_after_s, dice)
            return Settled(leased.bill_id, leased.state, due_at, leased.attempts, fault=fault)


def name_result(outcome: Outcome) -> Result:
    """Return the label of an outcome."""
    match outcome:
        case Sent():
            return "exported"
        case Refused():
            return "refused"
        case Unknown():
            return "unknown"
        case Failed():
            return "failed"


def is_trouble(outcome: Outcome | None) -> bool:
    """Return whether the target is in trouble, so that its other bills should wait too."""
    return isinstance(outcome, Unknown | Failed)


def delay_target(failures: int, outcome: Outcome | None, dice: float) -> timedelta:
    """Return how long a target rests after so many failures in a row: up to 5 minutes, or what it asked for."""
    asked_s = outcome.retry_after_s if isinstance(outcome, Failed) else None
    return _delay(min(failures, _LONGEST_PAUSE_STEP), asked_s, dice)


def _delay(attempts: int, asked_s: float | None, dice: float) -> timedelta:
    asked = None if asked_s is None else min(timedelta(seconds=max(asked_s, 1)), _LONGEST_ASKED)
    delay = delay_retry(min(max(attempts, 1), _LONGEST_STEP), asked, dice)
    assert delay is not None, "the schedule is longer"
    return delay
