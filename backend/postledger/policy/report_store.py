"""Stores report formats as configuration."""

from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.rules.report_format import ReportFormat

sql = statements_of("postledger.policy")


def read_report_formats(connection: Connection[Any], *, in_force: bool = True) -> list[ReportFormat]:
    """Read the report formats in force, or the retired ones."""
    rows = connection.execute(sql("read_report_formats"), (in_force,)).fetchall()
    return [msgspec.convert(settings, ReportFormat, strict=False) for (settings,) in rows]


def write_report_format(connection: Connection[Any], report_format: ReportFormat, now: datetime) -> None:
    """Put a report format into force."""
    settings = msgspec.json.encode(report_format).decode()
    connection.execute(sql("upsert_report_format"), (report_format.slug, settings, now))
