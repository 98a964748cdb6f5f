"""Exports approved bills: queues them for each target, leases what is due, sends it and records what came of it.

Each target has a greenlet of its own, so one that is down or slow delays no other. Sending never waits for Postgres.
"""

import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import gevent
from gevent.event import Event
from psycopg import Connection

from postledger.finance.exports.queue import (
    TargetState,
    finish_bills,
    lease,
    queue_missing,
    read_states,
    write_settled,
    write_state,
)
from postledger.finance.exports.read_bills import hash_content, read_bills
from postledger.finance.exports.settlement import Attempt, Leased, delay_target, is_trouble, settle
from postledger.finance.exports.target import ExportedBill, Outcome, Refused, Sent, Target, Unknown
from postledger.people.audit_chain import Entry, append_all, write_body
from postledger.platform.leases import LEASE_S
from postledger.platform.logs import tell_where
from postledger.platform.postgres.connection import read_clock

POLL_S = 0.2
BATCH = 20
"""How many bills are leased together. They are sent one after the other."""
_LONGEST_SEND_S = 30
_CHANGED = "the bill has changed since it was approved; run postledger finance check, and cancel it with bills cancel"
_log = logging.getLogger("postledger.export")

Report = Callable[[str, Attempt], None]
"""Is called with the slug of a target and each attempt, once it is recorded."""
OnRefused = Callable[[Connection[Any], UUID, str, datetime], None]
"""Is called in the transaction that records a refusal, with the id of the bill and the slug of the target."""


class Targets(Protocol):
    """The targets in force, and the version of the configuration that they are of."""

    version: int

    def find(self, connection: Connection[Any]) -> Mapping[str, Target]:
        """Return the targets by slug."""
        ...

    def close(self) -> None:
        """Close them all."""
        ...


class Exporter:
    """Holds what this worker has leased. `work` is called again and again on one connection, and `close` at the end."""

    def __init__(
        self,
        targets: Targets,
        report: Report,
        on_refused: OnRefused,
        *,
        clock: Callable[[Connection[Any]], datetime] = read_clock,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._targets, self._report, self._on_refused = targets, report, on_refused
        self._clock, self._dice = clock, dice
        self._sending: dict[str, gevent.Greenlet[..., None]] = {}
        self._finished: dict[str, list[Attempt]] = defaultdict(list)
        self._has_finished, self._stops = Event(), False
        self._version: int | None = None

    def work(self, connection: Connection[Any]) -> int:
        """Do one round. Returns 0 if there is nothing to do and nothing under way."""
        now = self._clock(connection)
        done = self._settle_all(connection, now) + queue_missing(connection, now)
        targets = self._targets.find(connection)
        if (
            self._targets.version != self._version
        ):  # a target that is gone may have been the last that a bill waited for
            finish_bills(connection, None, now)
            self._version = self._targets.version
        states = read_states(connection)
        for slug in states.keys() & targets.keys():
            done += self._tend(connection, slug, states[slug], targets[slug], now)
        if self._is_busy():
            self._wait()
            return 1
        return done

    def stop(self) -> None:
        """Begin no other bill."""
        self._stops = True

    def close(self, connection: Connection[Any]) -> None:
        """Finish the bill that is being sent to each target, record it, and give back the rest."""
        self.stop()
        while self._is_busy():
            self._wait()
            self._settle_all(connection, self._clock(connection))
        self._targets.close()

    def _is_busy(self) -> bool:
        self._sending = {slug: greenlet for slug, greenlet in self._sending.items() if not greenlet.dead}
        return bool(self._sending or self._finished)

    def _wait(self) -> None:
        self._has_finished.wait(POLL_S)
        self._has_finished.clear()

    def _tend(self, connection: Connection[Any], slug: str, state: TargetState, target: Target, now: datetime) -> int:
        """Lease what is due to one target, and begin to send it. After a failure, one bill is a probe."""
        if state.is_paused(now) or (slug in self._sending and not self._sending[slug].dead) or slug in self._finished:
            return 0
        leased = lease(connection, slug, 1 if state.failures else BATCH, now)
        if leased:
            bills = read_bills(connection, [each.bill_id for each in leased])
            self._sending[slug] = gevent.spawn(self._send_all, slug, target, leased, bills)
        return len(leased)

    # -- Sending, between the rounds.

    def _send_all(
        self, slug: str, target: Target, leased: Sequence[Leased], bills: Mapping[UUID, ExportedBill]
    ) -> None:
        begun_s, is_well = time.monotonic(), True
        for each in leased:
            attempt = Attempt(each, bills.get(each.bill_id))
            if is_well and not self._stops and time.monotonic() - begun_s < LEASE_S - _LONGEST_SEND_S:
                attempt = self._send(slug, target, attempt)
                is_well = not is_trouble(attempt.outcome)
            self._finished[slug].append(attempt)
            self._has_finished.set()

    def _send(self, slug: str, target: Target, attempt: Attempt) -> Attempt:
        started_s = time.monotonic()
        outcome = self._ask(slug, target, attempt.leased, attempt.bill)
        return Attempt(attempt.leased, attempt.bill, outcome, round((time.monotonic() - started_s) * 1000))

    def _ask(self, slug: str, target: Target, leased: Leased, bill: ExportedBill | None) -> Outcome:
        if bill is None or hash_content(bill) != leased.content_sha256:
            return Refused(_CHANGED)
        try:
            return target.send(bill, find_first=leased.state == "sent_unknown")
        except Exception as error:  # one bill must not end the sending
            fields = {"target": slug, "type": type(error).__name__, "at": tell_where(error.__traceback__)}
            _log.error("a bug in an export", extra={"fields": fields})
            return Unknown("bug")

    # -- Recording what came of it.

    def _settle_all(self, connection: Connection[Any], now: datetime) -> int:
        settled = 0
        for slug in list(self._finished):
            attempts = list(self._finished[slug])
            self._settle(connection, slug, attempts, now)
            del self._finished[slug][: len(attempts)]
            if not self._finished[slug]:
                del self._finished[slug]
            for attempt in attempts:
                if attempt.outcome is not None:
                    self._report(slug, attempt)
            settled += len(attempts)
        return settled

    def _settle(self, connection: Connection[Any], slug: str, attempts: Sequence[Attempt], now: datetime) -> None:
        sent = [attempt for attempt in attempts if isinstance(attempt.outcome, Sent)]
        with connection.transaction():
            write_settled(connection, slug, [settle(attempt, now, self._dice()) for attempt in attempts], now)
            self._note_state(connection, slug, attempts, now)
            for attempt in attempts:
                if isinstance(attempt.outcome, Refused):
                    self._on_refused(connection, attempt.leased.bill_id, slug, now)
            if sent:
                finish_bills(connection, [attempt.leased.bill_id for attempt in sent], now)
                append_all(connection, [_describe(slug, attempt) for attempt in sent], now)

    def _note_state(self, connection: Connection[Any], slug: str, attempts: Sequence[Attempt], now: datetime) -> None:
        before = state = read_states(connection).get(slug, TargetState(0, None))
        for attempt in attempts:
            if is_trouble(attempt.outcome):
                failures = state.failures + 1
                pause = delay_target(failures, attempt.outcome, self._dice())
                state = TargetState(failures, now + pause)
            elif attempt.outcome is not None:
                state = TargetState(0, None)
        if state != before:
            write_state(connection, slug, state)


def _describe(slug: str, attempt: Attempt) -> Entry:
    """Write the entry of the audit chain: which bill, where to, with what content, and what it is called there."""
    assert isinstance(attempt.outcome, Sent)
    assert attempt.bill is not None
    content = attempt.leased.content_sha256.hex()
    body = write_body(target=slug, bill=str(attempt.bill.id), reference=attempt.outcome.reference, sha256=content)
    return Entry("postledger", "bill.export", attempt.bill.number, body)
