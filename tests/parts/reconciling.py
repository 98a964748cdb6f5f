"""Conversions and reports that are put straight into a ledger, and reconciled."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from cryptography.fernet import Fernet
from psycopg import Connection
from psycopg.types.json import Jsonb

from postledger.platform.postgres.connection import connect
from postledger.reconciliation.reports.reconcile_report import Sums, reconcile_report
from postledger.reconciliation.rules.report_format import ReportFormat
from postledger.reconciliation.rules.statement_lines import ReportLine
from postledger.reconciliation.statement_store import NewReport, add_lines, insert_report, replace_report
from postledger.vocabulary.statuses import Status
from tests.parts.sources import add_source

OCTOBER = date(2026, 10, 1)
NOON = datetime(2026, 10, 15, 12, tzinfo=UTC)
IMPORTED = datetime(2026, 11, 3, tzinfo=UTC)

_OPEN = """
INSERT INTO conversions (
    dedup_key, id, source_id, event, transaction_id, click_id, status, payout, currency, event_time, created_at,
    updated_at, revision
)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 1)
"""
_CHANGE = """
INSERT INTO conversion_events (
    dedup_key, id, source_id, kind, reverses, transaction_id, payout, payout_before, currency, currency_before,
    event_time, received_at, status_before, status_after, revision
)
SELECT
    dedup_key, %(receipt)s, source_id, %(kind)s, CASE WHEN %(kind)s IN ('refund', 'reversal') THEN id END, %(own_id)s,
    %(payout)s, payout, currency, currency, %(at)s, %(at)s, status, %(status)s, revision + 1
FROM conversions WHERE dedup_key = %(key)s
"""
_ADVANCE = """
UPDATE conversions
SET status = %(status)s, payout = coalesce(%(payout)s, payout), event_time = %(at)s, updated_at = %(at)s,
    revision = revision + 1
WHERE dedup_key = %(key)s
"""
_POSTBACK = """
INSERT INTO postbacks (id, received_at, method, verdict, event_time, raw)
VALUES (%s, %s, 'GET', 'accepted', %s, '')
"""


def line(
    transaction_id: str | None,
    amount: str,
    *,
    status: str = "approved",
    currency: str = "USD",
    event: str | None = "sale",
    click_id: str | None = None,
    at: datetime | None = NOON,
    day: date | None = None,
    line_no: int = 0,
) -> ReportLine:
    """A line of a report. Without a number `Books.report` gives it one."""
    return ReportLine(
        line_no, Decimal(amount), currency, Status(status), event, transaction_id, click_id,
        day or (None if at is None else at.date()), at,
    )  # fmt: skip


class Books:
    """A ledger with one source, whose reports it reconciles."""

    def __init__(self, connection: Connection[Any], source_id: int, slug: str = "acme") -> None:
        self.connection, self.source_id, self.slug = connection, source_id, slug

    def sale(
        self,
        transaction_id: str | None,
        payout: str | None,
        *,
        status: str = "approved",
        currency: str | None = "USD",
        event: str = "sale",
        click_id: str | None = None,
        at: datetime = NOON,
        received_at: datetime | None = None,
        has_postback: bool = False,
    ) -> str:
        """Open a conversion, and return its dedup key. Only a day of which partitions exist can have its postback."""
        key, receipt, created_at = uuid.uuid4(), uuid.uuid4(), received_at or at
        if has_postback:
            self.connection.execute(_POSTBACK, (receipt, created_at, at))
        self.connection.execute(
            _OPEN,
            (
                key, receipt, self.source_id, event, transaction_id, click_id or str(uuid.uuid4()), status, payout,
                currency if payout is not None else None, at, created_at, created_at,
            ),
        )  # fmt: skip
        return str(key)

    def change(
        self, key: str, status: str, at: datetime, payout: str | None = None, *, kind: str = "status",
        own_id: str | None = None,
    ) -> None:  # fmt: skip
        """Change a conversion at a time."""
        values = {
            "key": key, "status": status, "at": at, "payout": payout, "kind": kind, "own_id": own_id,
            "receipt": uuid.uuid4(),
        }  # fmt: skip
        self.connection.execute(_CHANGE, values)
        self.connection.execute(_ADVANCE, values)

    def report(
        self, *lines: ReportLine, period: date = OCTOBER, imported_at: datetime = IMPORTED, timezone: str = "UTC",
        report_format: str = "acme-csv",
    ) -> str:  # fmt: skip
        """Import a report, which replaces the one of its month, and return its id."""
        statement_id = str(uuid.uuid4())
        numbered = [
            msgspec.structs.replace(each, line_no=each.line_no or number) for number, each in enumerate(lines, 2)
        ]
        add_lines(self.connection, statement_id, [numbered])
        replaces = replace_report(self.connection, self.source_id, period, imported_at)
        insert_report(
            self.connection,
            NewReport(
                statement_id, self.source_id, report_format, "report.csv", uuid.uuid4().bytes, period, period, period,
                timezone, replaces, len(lines), 0, imported_at, "anna",
            ),
        )  # fmt: skip
        return statement_id

    def configure(self, report_format: ReportFormat) -> None:
        """Configure the format of the reports."""
        self.connection.execute(
            "INSERT INTO report_formats (slug, settings, created_at, updated_at) VALUES (%s, %s, %s, %s)",
            (report_format.slug, Jsonb(msgspec.to_builtins(report_format)), IMPORTED, IMPORTED),
        )

    def reconcile(self, period: date = OCTOBER, as_of: datetime | None = None) -> Sums:
        """Run a reconciliation."""
        _, sums = reconcile_report(
            self.connection, self.slug, period, as_of=as_of, actor="anna", on_progress=lambda done, total: None
        )
        return sums

    def items(self) -> list[tuple[str, str, str]]:
        """The work items that are not gone: class, stake and state, in order of class and stake."""
        rows = self.connection.execute(
            "SELECT class, trim_scale(stake)::text, state FROM discrepancies"
            " WHERE state <> 'gone' ORDER BY class, stake"
        )
        return rows.fetchall()


@contextmanager
def open_books(database: str, slug: str = "acme") -> Iterator[Books]:
    """A ledger with one source."""
    source_id = add_source(database, Fernet.generate_key().decode(), slug)
    with connect(database, name="test", statement_timeout_ms=60_000) as connection:
        yield Books(connection, source_id, slug)


def classes(sums: Sums) -> dict[str, Sequence[str]]:
    """The number and stake of each class of a run, in dollars."""
    return {each["class"]: (str(each["number"]), each["stake"]) for each in sums if each["number"]}


def days(number: float) -> timedelta:
    """So many days."""
    return timedelta(days=number)
