"""Forwards on a ledger, with a clock that a test sets: changes are queued and sent as a worker does it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from postledger.ledger.outbox import take_changes
from postledger.outgoing.conclusion import Outcome
from postledger.outgoing.connect import Network, trust_system
from postledger.outgoing.delivery import Result
from postledger.outgoing.forwarder import Forwarder
from postledger.outgoing.queue_deliveries import QueuedRow, insert_deliveries, queue_deliveries
from postledger.outgoing.resolve import Resolve, SystemResolver
from postledger.outgoing.rules.forward import Forward
from postledger.outgoing.target import Target
from tests.parts.entries import new_receipt

START = datetime(2026, 11, 1, 12, tzinfo=UTC)
_FORWARD = """
INSERT INTO forwards (slug, settings, created_at, updated_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (slug) DO UPDATE SET settings = excluded.settings
"""

_CONVERSION = """
INSERT INTO conversions (dedup_key, id, source_id, event, click_id, status, payout, currency, revision, created_at,
    updated_at)
VALUES (%s, %s, %s, 'sale', %s, 'approved', 2.50, 'USD', 1, %s, %s)
"""
_CHANGE = """
INSERT INTO conversion_events (dedup_key, id, source_id, kind, status_before, status_after, payout_before,
    currency_before, revision, received_at)
SELECT dedup_key, %s, source_id, 'status', status, %s, payout, currency, revision + 1, %s
FROM conversions WHERE dedup_key = %s
"""


def store_forward(connection: Connection[Any], forward: Forward, *ciphertexts: bytes) -> None:
    """Store a forward with its secrets."""
    connection.execute(_FORWARD, (forward.slug, Jsonb(msgspec.to_builtins(forward)), START, START))
    for position, ciphertext in enumerate(ciphertexts):
        connection.execute(
            "INSERT INTO forward_secrets (slug, position, ciphertext, created_at) VALUES (%s, %s, %s, %s)",
            (forward.slug, position, ciphertext, START),
        )
    connection.execute("UPDATE policy_version SET version = version + 1")


class Forwarding:
    """One worker's forwards. `resolve` replaces the look-up of names."""

    def __init__(self, connection: Connection[Any], source_id: int, resolve: Resolve | None = None) -> None:
        self.connection, self._source_id = connection, source_id
        self.now = START
        self.targets: dict[str, Target] = {}
        self.outcomes: list[tuple[str, Outcome]] = []
        self.switched_off: list[str] = []
        self._network = Network(resolve or SystemResolver(), trust_system())
        self.forwarder = self.make_forwarder()

    def make_forwarder(self) -> Forwarder:
        """Make another worker's."""
        return Forwarder(
            lambda _: self.targets,
            self._network,
            self._report,
            on_switch_off=lambda _, slug, now: self.switched_off.append(slug),
            clock=lambda _: self.now,
            dice=lambda: 0.5,
        )

    def add_forward(self, slug: str, url: str, *, secrets: tuple[str, ...] | None = (), **settings: Any) -> None:
        """Configure a forward, or configure it anew."""
        forward = Forward(slug, url, **{"allow_private": True, **settings})
        store_forward(self.connection, forward)
        self.targets = {**self.targets, slug: Target(forward, secrets)}

    def book(self, click_id: str = "click-1", *, forward: str = "voluum", is_backfill: bool = False) -> str:
        """Book a conversion, queue its opening for a forward, and give its dedup key."""
        key, receipt = new_receipt(), new_receipt()
        values = (key, receipt, self._source_id, click_id, self.now, self.now)
        self.connection.execute(_CONVERSION, values)
        self._queue(key, forward, receipt, 1, is_backfill=is_backfill)
        return key

    def change(self, key: str, status: str, *, forward: str = "voluum") -> None:
        """Change the status of a conversion, and queue the change for a forward."""
        receipt, revision = self._change(key, status)
        self._queue(key, forward, receipt, revision, is_backfill=False)

    def dispatch(self, key: str, status: str) -> None:
        """Change the status of a conversion, and hand the change over."""
        receipt, revision = self._change(key, status)
        self.connection.execute(
            "INSERT INTO outbox (received_at, dedup_key, receipt, revision, kind) VALUES (%s, %s, %s, %s, 'updated')",
            (self.now, key, receipt, revision),
        )
        consume = queue_deliveries(lambda _: self.targets)
        consume(self.connection, take_changes(self.connection, 10), self.now)

    def _change(self, key: str, status: str) -> tuple[str, int]:
        receipt = new_receipt()
        self.connection.execute(_CHANGE, (receipt, status, self.now, key))
        row = self.connection.execute(
            "UPDATE conversions SET status = %s, revision = revision + 1 WHERE dedup_key = %s RETURNING revision",
            (status, key),
        ).fetchone()
        assert row is not None, "the conversion is there"
        return receipt, row[0]

    def _queue(self, key: str, forward: str, receipt: str, revision: int, *, is_backfill: bool) -> None:
        insert_deliveries(
            self.connection, [QueuedRow(key, forward, receipt, revision, is_backfill, self.now)], self.now
        )

    def work(self) -> None:
        """Send until there is nothing left to do now."""
        while self.forwarder.work(self.connection):
            pass

    def pass_time(self, **span: float) -> None:
        """Let time pass, and send what is due then."""
        self.now += timedelta(**span)
        self.work()

    def states(self, forward: str = "voluum") -> list[str]:
        """The states of a forward's deliveries, in the order of their making."""
        rows = self.connection.execute(
            "SELECT state FROM deliveries WHERE forward = %s ORDER BY created_at, dedup_key, revision", (forward,)
        )
        return [state for (state,) in rows]

    def attempts(self, forward: str = "voluum") -> list[tuple[int, int | None, str | None]]:
        """The attempts at a forward's deliveries in order: number, status, fault."""
        return self.connection.execute(
            "SELECT attempt, http_status, fault FROM delivery_attempts WHERE forward = %s ORDER BY at, attempt",
            (forward,),
        ).fetchall()

    def circuit(self, forward: str = "voluum") -> str:
        """The state of a forward's circuit."""
        row = self.connection.execute("SELECT circuit FROM forwards WHERE slug = %s", (forward,)).fetchone()
        assert row is not None, "the forward is there"
        return str(row[0])

    def _report(self, slug: str, _result: Result, outcome: Outcome) -> None:
        self.outcomes.append((slug, outcome))
