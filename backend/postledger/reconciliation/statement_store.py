"""The tables of statements: what was read of files, what could not be, and which report counts."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.rules.copy_text import write_report_line
from postledger.reconciliation.rules.statement_lines import LineFault, ReportLine
from postledger.vocabulary.operator_error import InvalidRequest, NotFound

sql = statements_of("postledger.reconciliation")
Row = dict[str, Any]

SHORTEST_ID = 8
"""So many characters of an id name a statement, if no other one begins with them."""


class NewReport(msgspec.Struct, frozen=True):
    """A network's report whose lines were added."""

    id: str
    source_id: int
    format: str
    file_name: str
    file_sha256: bytes
    period: date
    since: date
    until: date
    timezone: str
    replaces: str | None
    lines: int
    faults: int
    now: datetime
    actor: str


def find_file(connection: Connection[Any], file_sha256: bytes) -> tuple[str, str | None] | None:
    """Find the report as which a file was imported, and the one that counts instead if it was replaced."""
    return connection.execute(sql("find_file"), (file_sha256,)).fetchone()


def find_source(connection: Connection[Any], slug: str) -> int:
    """Find the id of a source. Raises `NotFound`."""
    row = connection.execute(sql("find_source"), (slug,)).fetchone()
    if row is None:
        raise NotFound(f"source {slug} does not exist; run: postledger source list")
    return int(row[0])


def lock_source(connection: Connection[Any], source_id: int) -> None:
    """Wait until no other import of this source's reports runs, and keep others away until the transaction ends."""
    connection.execute(sql("lock_statements"), (str(source_id),))


def replace_report(connection: Connection[Any], source_id: int, period: date, now: datetime) -> str | None:
    """Let the report of a source and period count no more, and return its id."""
    row = connection.execute(sql("find_report"), {"source_id": source_id, "period": period}).fetchone()
    if row is not None:
        connection.execute(sql("replace_report"), {"id": row[0], "now": now})
    return None if row is None else str(row[0])


def insert_report(connection: Connection[Any], report: NewReport) -> None:
    """Add a report."""
    connection.execute(sql("insert_statement"), msgspec.structs.asdict(report))


def add_lines(connection: Connection[Any], statement_id: str, portions: Iterable[Sequence[ReportLine]]) -> None:
    """Add lines of a report, while they are read."""
    with connection.cursor() as cursor, cursor.copy(sql("copy_report_lines")) as copy:
        for lines in portions:
            copy.write("".join(write_report_line(statement_id, line) for line in lines))


def add_faults(connection: Connection[Any], statement_id: str, faults: Sequence[LineFault]) -> None:
    """Add what could not be read."""
    if faults:
        with connection.cursor() as cursor, cursor.copy(sql("copy_faults")) as copy:
            for fault in faults:
                copy.write_row((statement_id, fault.line_no, fault.field, fault.reason))


def list_statements(connection: Connection[Any], limit: int | None) -> list[Row]:
    """List statements, newest first."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("list_statements"), (limit,)).fetchall()


def find_statement(connection: Connection[Any], beginning: str) -> str:
    """Find the id of a statement by its beginning. Raises `InvalidRequest` or `NotFound`."""
    if len(beginning) < SHORTEST_ID or not set(beginning.lower()) <= set("0123456789abcdef-"):
        raise InvalidRequest(f"give the id of a statement, or its first {SHORTEST_ID} characters")
    found = connection.execute(sql("find_statements"), (beginning.lower(),)).fetchall()
    if not found:
        raise NotFound("no statement has this id; run: postledger statement list")
    if len(found) > 1:
        raise InvalidRequest("several statements have ids that begin so; give the whole id")
    return str(found[0][0])


def show_statement(connection: Connection[Any], statement_id: str) -> tuple[Row, list[Row]]:
    """Show a statement, and what its lines sum to by currency and status."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(sql("show_statement"), (statement_id,)).fetchone()
        assert row is not None, "the id was found"
        return row, cursor.execute(sql("sum_lines"), (statement_id,)).fetchall()


def list_faults(connection: Connection[Any], statement_id: str) -> list[Row]:
    """List what could not be read of a statement."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("list_faults"), (statement_id,)).fetchall()


def delete_statement(connection: Connection[Any], statement_id: str) -> None:
    """Delete a statement with its lines. A report that it had replaced counts again."""
    connection.execute(sql("restore_report"), (statement_id,))
    for name in ("delete_lines", "delete_faults", "delete_statement"):
        connection.execute(sql(name), (statement_id,))
