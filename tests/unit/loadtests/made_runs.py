"""Runs that were never run, for tests of what is made of one."""

from collections import Counter
from typing import Any

from loadtests.acks import Ack
from loadtests.generator_report import Honesty
from loadtests.history import Run, Sample
from loadtests.verify import Finding, Verification

START_S = 1_000_000.0
GOOD = Verification({"taken": 1}, 0, {}, [Finding("a promise", 0, [])])


def ack(at_s: float = 0.0, took_s: float = 0.01, late_s: float = 0.0, **changes: Any) -> Ack:
    """An accepted postback that was due so many seconds after the start."""
    fields: dict[str, Any] = {
        "receipt": "0197", "due": START_S + at_s, "sent": START_S + at_s + late_s, "took": took_s, "http": 200,
        "said": "accepted", "reason": "", "transaction": "T1", "payout": "1.50", "currency": "EUR", "kind": "postback",
        "source": "load-get", "event": "sale", "status": "approved", "click": "C1", "sender": "Network",
        "expected": "accepted",
    }  # fmt: skip
    return Ack(**(fields | changes))


def run_of(*acks: Ack, lag_s: float = 0.001, cores: float = 0.3, others: float = 0.0) -> Run:
    """A run of ten seconds with two samples of the system."""
    samples = [Sample(START_S + at, {"backend": at / 2}, {"backend": 2**20}, at * (0.5 + others), {}) for at in (0, 10)]
    said = Counter(f"verdict {one.said}" for one in acks)
    return Run(START_S, 10.0, list(acks), samples, [], [Honesty("honest", lag_s, cores)], {}, dict(said))
