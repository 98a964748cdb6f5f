"""Sends the deliveries of all forwards: leases what is due, sends it, and records what came of it, again and again.

One worker at a time sends for a forward, so that its limits hold; the others stand by. Sending happens between the
rounds, in greenlets, and never waits for Postgres.
"""

import logging
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import gevent
from gevent.event import Event
from psycopg import Connection

from postledger.outgoing.answer import Answer, Fault
from postledger.outgoing.conclusion import Attempt, Outcome, conclude
from postledger.outgoing.connect import Network
from postledger.outgoing.deliver import deliver
from postledger.outgoing.delivery import Leased, Result
from postledger.outgoing.lane import Lane
from postledger.outgoing.leases import (
    ForwardState,
    discard_waiting,
    lease,
    lock_circuit,
    note_delivered,
    prepare_session,
    read_states,
    release,
    settle,
    store_circuit,
    take_forwards,
)
from postledger.outgoing.rules.circuit import Circuit, after_failure, after_success, count_allowed, start_probe
from postledger.outgoing.rules.forward import Forward
from postledger.outgoing.rules.render import render
from postledger.outgoing.rules.retries import Judgement, judge
from postledger.outgoing.target import Target
from postledger.platform.leases import LEASE_S
from postledger.platform.logs import tell_where
from postledger.platform.postgres.connection import read_clock
from postledger.vocabulary.click import FORGOTTEN

POLL_S = 0.2
GATHER_S = 0.01
"""After the first result of a round, more are awaited for this long, because each round costs some statements."""
_SPARE_S = 5.0
_NOTE_EVERY = timedelta(seconds=1)
_NEVER = datetime.min.replace(tzinfo=UTC)
_log = logging.getLogger("postledger.forward")

Report = Callable[[str, Result, Outcome], None]
"""Is called with each attempt of a forward once it is recorded."""
OnSwitchOff = Callable[[Connection[Any], str, datetime], None]
"""Is called in the transaction that switches a forward off."""


class Forwarder:
    """Holds what this worker has leased. `work` is called again and again on one connection, and `close` at the end."""

    def __init__(
        self,
        find_targets: Callable[[Connection[Any]], Mapping[str, Target]],
        network: Network,
        report: Report,
        *,
        on_switch_off: OnSwitchOff = lambda *_: None,
        clock: Callable[[Connection[Any]], datetime] = read_clock,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self._find_targets, self._network, self._report = find_targets, network, report
        self._on_switch_off, self._clock, self._dice = on_switch_off, clock, dice
        self._connection: Connection[Any] | None = None
        self._held, self._lanes = set[str](), dict[str, tuple[Target, Lane]]()
        self._leaving: list[Lane] = []
        self._finished: dict[str, list[tuple[Target, Attempt]]] = defaultdict(list)
        self._has_finished = Event()
        self._noted: dict[str, datetime] = {}
        self._now, self._now_s = _NEVER, 0.0

    def work(self, connection: Connection[Any]) -> int:
        """Do one round. Returns 0 if there is nothing to do and nothing under way."""
        self._read_clock(connection)
        settled = self._settle_all(connection)
        states = read_states(connection)
        self._take_rights(connection, states)
        targets = self._find_targets(connection)
        leased = sum(self._tend(connection, slug, states[slug], targets.get(slug)) for slug in self._held & set(states))
        if self._is_busy():
            self._wait()
            return 1
        return settled + leased

    def close(self, connection: Connection[Any]) -> None:
        """Finish what is being sent, record it, and give back the rest."""
        for slug in list(self._lanes):
            self._stop(connection, slug)
        while self._is_sending():
            self._wait()
        self._read_clock(connection)
        self._settle_all(connection)

    def _read_clock(self, connection: Connection[Any]) -> None:
        self._now, self._now_s = self._clock(connection), time.monotonic()

    def _is_busy(self) -> bool:
        return bool(self._finished) or self._is_sending()

    def _is_sending(self) -> bool:
        self._leaving = [lane for lane in self._leaving if lane.is_busy]
        return bool(self._leaving) or any(lane.is_busy for _, lane in self._lanes.values())

    def _wait(self) -> None:
        if not self._has_finished.is_set() and self._has_finished.wait(POLL_S):
            gevent.sleep(GATHER_S)
        self._has_finished.clear()

    def _take_rights(self, connection: Connection[Any], slugs: Iterable[str]) -> None:
        if connection is not self._connection:  # the session that held them has ended
            prepare_session(connection)
            self._connection, self._held = connection, set()
        if missing := set(slugs) - self._held:
            self._held |= take_forwards(connection, sorted(missing))

    # -- Leasing.

    def _tend(self, connection: Connection[Any], slug: str, state: ForwardState, target: Target | None) -> int:
        """Lease what may be sent for one forward, and return how many."""
        if target is None or state.circuit.state in ("open", "off"):
            self._stop(connection, slug)
        if state.is_retired and (state.live_due_at or state.backfill_due_at):
            discard_waiting(connection, slug, self._now)
        allowed = count_allowed(state.circuit, self._now)
        if target is None or state.is_retired or allowed == 0:
            return 0
        lane = self._find_lane(connection, slug, target)
        room = lane.count_room() if allowed is None else int(not lane.is_busy)
        if not room or not state.is_due(self._now):
            return 0
        with connection.transaction():
            leased = self._lease(connection, slug, state, room)
            if leased and allowed is not None:
                store_circuit(connection, slug, start_probe(state.circuit, self._now))
        lane.add(leased)
        return len(leased)

    def _lease(self, connection: Connection[Any], slug: str, state: ForwardState, room: int) -> list[Leased]:
        leased: list[Leased] = []
        for is_backfill, due_at in ((False, state.live_due_at), (True, state.backfill_due_at)):
            if due_at is not None and due_at <= self._now and len(leased) < room:
                limit = room - len(leased)
                leased += lease(connection, slug, is_backfill=is_backfill, limit=limit, now=self._now)
        return leased

    def _find_lane(self, connection: Connection[Any], slug: str, target: Target) -> Lane:
        if slug in self._lanes and self._lanes[slug][0] != target:  # its configuration changed
            self._stop(connection, slug)
        if slug not in self._lanes:
            self._lanes[slug] = target, self._make_lane(target)
        return self._lanes[slug][1]

    def _make_lane(self, target: Target) -> Lane:
        forward = target.forward
        return Lane(
            partial(self._send, target),
            concurrency=forward.concurrency,
            rate=forward.rate,
            sendable_s=LEASE_S - forward.timeout_s - _SPARE_S,
        )

    def _stop(self, connection: Connection[Any], slug: str) -> None:
        """Give back what was leased and is not being sent."""
        if slug in self._lanes:
            _, lane = self._lanes.pop(slug)
            self._leaving.append(lane)
            if unsent := lane.take_back():
                release(connection, slug, unsent)

    # -- Sending, between the rounds.

    def _send(self, target: Target, leased: Leased) -> bool:
        started_s = time.monotonic()
        at = self._now + timedelta(seconds=started_s - self._now_s)
        answer = self._attempt(target, leased, at)
        took_ms = round((time.monotonic() - started_s) * 1000)
        self._finished[target.forward.slug].append((target, Attempt(leased, at, took_ms, answer)))
        self._has_finished.set()
        return judge(answer.status, target.forward.expect) is Judgement.DELIVERED

    def _attempt(self, target: Target, leased: Leased, at: datetime) -> Answer:
        forward = target.forward
        if leased.facts.click_id == FORGOTTEN:
            return Answer(fault=Fault.FORGOTTEN)
        if target.secrets is None:
            return Answer(fault=Fault.SECRET)
        try:
            request = render(forward, leased.facts, target.secrets, at)
            return deliver(request, forward, self._network)
        except Exception as error:  # one delivery must not end the sending
            fields = {"forward": forward.slug, "type": type(error).__name__, "at": tell_where(error.__traceback__)}
            _log.error("a bug in a delivery", extra={"fields": fields})
            return Answer(fault=Fault.BUG)

    # -- Recording what came of it.

    def _settle_all(self, connection: Connection[Any]) -> int:
        settled = 0
        for slug in list(self._finished):
            attempts = self._finished[slug]
            concluded = self._settle(connection, slug, list(attempts))
            settled += len(concluded)
            if len(concluded) == len(attempts):  # no other greenlet can add one between here and the next statement
                del self._finished[slug]
            else:
                del attempts[: len(concluded)]
            for result, outcome in concluded:
                self._report(slug, result, outcome)
        return settled

    def _settle(
        self, connection: Connection[Any], slug: str, attempts: Sequence[tuple[Target, Attempt]]
    ) -> list[tuple[Result, Outcome]]:
        concluded = [conclude(attempt, target.forward, self._now, self._dice()) for target, attempt in attempts]
        with connection.transaction():
            before = circuit = lock_circuit(connection, slug)
            for (target, _), (result, outcome) in zip(attempts, concluded, strict=True):
                circuit = self._change(circuit, target.forward, result, outcome)
            settle(connection, slug, [result for result, _ in concluded], self._now)
            if circuit != before:
                store_circuit(connection, slug, circuit)
            if circuit.state == "off" != before.state:
                self._on_switch_off(connection, slug, self._now)
            if any(outcome is Outcome.DELIVERED for _, outcome in concluded):
                self._note_delivered(connection, slug)
        return concluded

    def _note_delivered(self, connection: Connection[Any], slug: str) -> None:
        if self._now - self._noted.get(slug, _NEVER) >= _NOTE_EVERY:
            note_delivered(connection, slug, self._now)
            self._noted[slug] = self._now

    def _change(self, circuit: Circuit, forward: Forward, result: Result, outcome: Outcome) -> Circuit:
        if result.state == "discarded":
            return circuit
        if outcome is Outcome.DELIVERED:
            return after_success(circuit)
        return after_failure(circuit, self._now, timedelta(seconds=forward.switch_off_after_s))
