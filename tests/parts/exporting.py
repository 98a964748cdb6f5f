"""Exports of bills on a ledger, with a clock that a test sets: what is approved is sent as a worker does it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from postledger.finance.exports.exporter import Exporter
from postledger.finance.exports.open_target import TargetOpener
from postledger.finance.exports.settlement import Attempt, name_result
from postledger.finance.exports.target import ExportedBill, ExportedLine, Target
from postledger.finance.rules.export_settings import ExportSettings
from postledger.notifications.announce import announce_refusal
from postledger.outgoing.connect import Network, trust_system
from postledger.outgoing.resolve import SystemResolver

START = datetime(2026, 11, 2, 12, tzinfo=UTC)
_BILL = """
INSERT INTO bills (id, number, payee, period, currency, nth, exact, carried_in, amount, carried_out, items_sha256,
    state, created_by, created_at, updated_at)
VALUES (%(id)s, %(number)s, %(payee)s, '2026-10-01', %(currency)s, %(nth)s, %(amount)s, 0, %(amount)s, 0, '\\x00',
    %(state)s, 'test', %(now)s, %(now)s)
"""
_LINE = """
INSERT INTO bill_lines (bill_id, nth, category, account, tax_code, exact, carried_in, amount, items)
VALUES (%s, %s, %s, %s, NULL, %s, 0, %s, 1)
"""
_PAYEE = """
INSERT INTO payees (id, name, erp_reference, created_at, updated_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (id) DO NOTHING
"""
_TARGET = """
INSERT INTO export_targets (slug, settings, created_at, updated_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (slug) DO UPDATE SET settings = excluded.settings
"""
Lines = Sequence[tuple[str, str | None, str]]
"""Category, account and amount of each line."""
LINES: Lines = (("Affiliate Commission — Spring sale", "6010", "12.50"), ("Bonus", None, "7.50"))


def make_bill(lines: Lines = LINES, **changed: Any) -> ExportedBill:
    """Make a bill that no ledger has."""
    listed = tuple(
        ExportedLine(nth, category, account, None, Decimal(amount), Decimal(amount), 1)
        for nth, (category, account, amount) in enumerate(lines, 1)
    )
    total = sum((line.amount for line in listed), Decimal())
    bill = ExportedBill(
        id=UUID(int=1), number="2026-10-456-USD-1", payee="456", payee_name="Affiliate 456", erp_reference="AFF-456",
        period=date(2026, 10, 1), day=date(2026, 11, 2), currency="USD", exact=total, carried_in=Decimal(),
        amount=total, carried_out=Decimal(), lines=listed,
    )  # fmt: skip
    return msgspec.structs.replace(bill, **changed)


class Exporting:
    """One worker's exports."""

    def __init__(self, connection: Connection[Any], folder: Path) -> None:
        self.connection, self.now, self.version = connection, START, 0
        self.targets: dict[str, Target] = {}
        self.results: list[tuple[str, str, str]] = []
        self._open = TargetOpener(folder, Network(SystemResolver(), trust_system()))
        self.exporter = self.make_exporter()

    def make_exporter(self) -> Exporter:
        """Make another worker's."""
        return Exporter(self, self._report, announce_refusal, clock=lambda _: self.now, dice=lambda: 0.5)

    def find(self, connection: Connection[Any]) -> Mapping[str, Target]:
        """Return the targets: what the exporter takes for the configuration."""
        return self.targets

    def close(self) -> None:
        """Keep the targets: another worker may use them."""

    def add_target(self, slug: str, kind: Any, *, secrets: Mapping[str, str] | None = None, **settings: Any) -> None:
        """Configure a target, or configure it anew."""
        configured = ExportSettings(slug, kind, **{"allow_private": True, **settings})
        self.use(slug, self._open(configured, secrets or {}), configured)

    def use(self, slug: str, target: Target, settings: ExportSettings | None = None) -> None:
        """Put a target into force."""
        stored = msgspec.to_builtins(settings or ExportSettings(slug, "csv"))
        self.connection.execute(_TARGET, (slug, Jsonb(stored), self.now, self.now))
        self.targets, self.version = {**self.targets, slug: target}, self.version + 1

    def retire(self, slug: str) -> None:
        """Take a target out of force."""
        self.connection.execute("UPDATE export_targets SET removed_at = %s WHERE slug = %s", (self.now, slug))
        self.targets = {name: target for name, target in self.targets.items() if name != slug}
        self.version += 1

    def add_bill(self, nth: int = 1, *, lines: Lines = LINES, payee: str = "456", state: str = "approved") -> UUID:
        """Add a bill, and give its id."""
        bill_id, amount = uuid4(), sum((Decimal(amount) for *_, amount in lines), Decimal())
        self.connection.execute(_PAYEE, (payee, f"Affiliate {payee}", f"AFF-{payee}", self.now, self.now))
        self.connection.execute(
            _BILL,
            {
                "id": bill_id,
                "number": f"2026-10-{payee}-USD-{nth}",
                "payee": payee,
                "currency": "USD",
                "nth": nth,
                "amount": amount,
                "state": state,
                "now": self.now,
            },
        )
        for number, (category, account, line) in enumerate(lines, 1):
            self.connection.execute(_LINE, (bill_id, number, category, account, Decimal(line), Decimal(line)))
        return bill_id

    def work(self) -> None:
        """Export until there is nothing left to do now."""
        while self.exporter.work(self.connection):
            pass

    def pass_time(self, **span: float) -> None:
        """Let time pass, and export what is due then."""
        self.now += timedelta(**span)
        self.work()

    def states(self, target: str | None = None) -> list[str]:
        """The states of the exports, in the order of their bills and targets."""
        rows = self.connection.execute(
            "SELECT exports.state FROM exports JOIN bills ON id = bill_id WHERE %(target)s::text IS NULL OR"
            " target = %(target)s ORDER BY payee, nth, target",
            {"target": target},
        )
        return [state for (state,) in rows]

    def bill_states(self) -> list[str]:
        """The states of the bills, in their order."""
        return [state for (state,) in self.connection.execute("SELECT state FROM bills ORDER BY payee, nth")]

    def facts(self, *columns: str) -> list[tuple[Any, ...]]:
        """These columns of all exports."""
        return self.connection.execute(
            f"SELECT {', '.join(columns)} FROM exports ORDER BY created_at, target"
        ).fetchall()

    def _report(self, target: str, attempt: Attempt) -> None:
        assert attempt.outcome is not None, "only attempts that were made are reported"
        assert attempt.bill is not None, "no bill of these tests is deleted"
        self.results.append((attempt.bill.number, target, name_result(attempt.outcome)))
