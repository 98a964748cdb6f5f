"""Finds the report of a month that people are shown: the one that was kept when it was locked, or the one of now."""

from datetime import date
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.books import Books
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.month_report import build_month_report
from postledger.reconciliation.months.blockers import Blocker, find_blockers
from postledger.reconciliation.months.locked_reports import list_locked_reports
from postledger.reconciliation.months.month_store import read_month
from postledger.reconciliation.rules.month import MonthReport
from postledger.reconciliation.rules.months import name_month
from postledger.vocabulary.operator_error import NotFound

sql = statements_of("postledger.reconciliation")


class ShownReport(msgspec.Struct, frozen=True):
    """A report. If it was kept, `version` and `sha256` are those of the lock; if not, `blockers` are left to do."""

    report: MonthReport
    blockers: tuple[Blocker, ...] = ()
    version: int | None = None
    sha256: bytes | None = None


def find_shown_report(
    connection: Connection[Any], period: date, books: Books | None, version: int | None = None
) -> ShownReport:
    """Find the report of a month, or of one of its locks. All of it is read in one snapshot. Raises `NotFound`.

    Without books no month is locked, but networks can be reconciled.
    """
    with connection.transaction():
        connection.execute(sql("begin_snapshot"))
        is_locked = read_month(connection, period).state == "locked"
        kept = list_locked_reports(connection, period, version) if is_locked or version is not None else []
        if kept:
            return ShownReport(kept[0].report, (), kept[0].version, kept[0].sha256)
        if version is not None:
            name = name_month(period)
            raise NotFound(f"{name} has no kept report of version {version}; run: postledger period show {name}")
        blockers = () if books is None else find_blockers(connection, period, books, read_clock(connection))
        return ShownReport(build_month_report(connection, period), tuple(blockers))
