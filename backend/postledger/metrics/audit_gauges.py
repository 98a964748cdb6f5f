"""The gauges of the audit chain: how long it is, when it was in order for the last time, and what is wrong with it."""

import math

from prometheus_client import CollectorRegistry, Gauge

from postledger.metrics.backlog import AuditState
from postledger.people.verify_chain import FAULTS


class AuditGauges:
    """The gauges of one worker. Until it has read the ledger they are NaN: a chain of length 0 would have gone back."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seq = Gauge("postledger_audit_seq", "The number of the last entry of the audit chain.", registry=registry)
        self._verified = Gauge(
            "postledger_audit_verified_timestamp_seconds",
            "When the audit chain was verified and in order for the last time; NaN before the first time.",
            registry=registry,
        )
        self._broken = Gauge(
            "postledger_audit_broken",
            "1 if the last verification found this fault: broken (an entry), went_back (the end).",
            ["fault"],
            registry=registry,
        )
        self._seq.set(math.nan)
        self.show(None)

    def show(self, state: AuditState | None) -> None:
        """Set all gauges. None: nothing is known yet."""
        verified_at = None if state is None else state.verified_at
        self._verified.set(math.nan if verified_at is None else verified_at.timestamp())
        for fault in FAULTS:
            self._broken.labels(fault).set(state is not None and state.fault == fault)
        if state is not None:
            self._seq.set(state.seq)
