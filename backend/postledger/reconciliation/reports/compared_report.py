"""What is compared: the report that counts for a source and a month, and the bounds of that month on both sides."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from psycopg import Connection

from postledger.platform.postgres.sql import statements_of
from postledger.policy.finance_store import read_finance
from postledger.reconciliation.rules.report_format import ReportFormat, Tolerance
from postledger.vocabulary.operator_error import NotFound

sql = statements_of("postledger.reconciliation")


class ComparedReport(msgspec.Struct, frozen=True):
    """A report and how it is compared.

    `books_*` bound the month in the zone of the books, `report_*` in the zone of the report. Conversions from
    `earliest` until `latest` may be what the report is about.
    """

    statement_id: str
    timezone: str
    imported_at: datetime
    is_restated: bool
    books_since: datetime
    books_until: datetime
    report_since: datetime
    report_until: datetime
    window: timedelta
    tolerance: Tolerance

    @property
    def earliest(self) -> datetime:
        """The first moment of either month, and the window before it."""
        return min(self.books_since, self.report_since) - self.window

    @property
    def latest(self) -> datetime:
        """The end of either month, and the window after it."""
        return max(self.books_until, self.report_until) + self.window


def find_report(connection: Connection[Any], source_id: int, source: str, period: date) -> ComparedReport | None:
    """Find the report of a source and a month. None if it was taken out, and work items of it are open.

    Raises `NotFound` if there is neither.
    """
    values = {"source_id": source_id, "period": period}
    row = connection.execute(sql("find_current_report"), values).fetchone()
    if row is None:
        if connection.execute(sql("has_open_report_items"), values).fetchone() == (True,):
            return None
        raise NotFound(f"{source} has no report of {period:%Y-%m}; run: postledger statement import FILE")
    statement_id, timezone, imported_at, is_restated, settings = row
    window, tolerance = _read_limits(settings)
    stored = read_finance(connection)
    books = _bound(period, ZoneInfo("UTC" if stored is None else stored.settings.timezone))
    report = _bound(period, ZoneInfo(timezone))
    return ComparedReport(statement_id, timezone, imported_at, is_restated, *books, *report, window, tolerance)


def _read_limits(settings: Any) -> tuple[timedelta, Tolerance]:
    if settings is None:  # of a format that was never configured here, such as in a restored ledger
        return timedelta(hours=48), Tolerance()
    report_format = msgspec.convert(settings, ReportFormat, strict=False)
    return report_format.window, report_format.tolerance


def _bound(period: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    following = (period + timedelta(days=31)).replace(day=1)
    since, until = (datetime.combine(day, time.min, zone) for day in (period, following))
    return since, until
