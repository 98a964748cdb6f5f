"""Keeps the report of each locked month, with a hash that the audit chain names."""

from datetime import date, datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.rules.month import MonthReport, write_month_report

sql = statements_of("postledger.reconciliation")


class LockedReport(msgspec.Struct, frozen=True):
    """A report as it was when its month was locked. `version` is that of the month."""

    version: int
    report: MonthReport
    sha256: bytes
    locked_at: datetime
    locked_by: str


def insert_locked_report(
    connection: Connection[Any], report: MonthReport, version: int, actor: str, now: datetime
) -> bytes:
    """Keep the report of a month for ever, and return its hash."""
    values = {"period": report.period, "version": version, "report": write_month_report(report).decode()}
    row = connection.execute(sql("insert_locked_report"), values | {"actor": actor, "now": now}).fetchone()
    assert row is not None, "the statement returns a row"
    return bytes(row[0])


def list_locked_reports(connection: Connection[Any], period: date, version: int | None = None) -> list[LockedReport]:
    """List what was kept of a month, newest first, or of one version of it."""
    rows = connection.execute(sql("list_locked_reports"), {"period": period, "version": version}).fetchall()
    return [
        LockedReport(number, msgspec.convert(report, MonthReport), bytes(digest), *facts)
        for number, report, digest, *facts in rows
    ]
