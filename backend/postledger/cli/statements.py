"""`statement`: imports the reports of networks, lists and shows them, and takes one out again."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated

import typer

from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_ledger
from postledger.cli.current_user import AsUser, find_actor, recorded
from postledger.cli.file_input import name_file, open_file
from postledger.cli.list_format import AsCsv, ForExcel, Format, Limit, Wide, check_format, limit_rows, print_rows
from postledger.cli.output import AsJson, note, print_json, print_table, show_progress
from postledger.cli.row_output import Columns
from postledger.cli.time_options import read_month
from postledger.reconciliation.import_report import Imported, ReportFile, TooManyFaults, import_report
from postledger.reconciliation.statement_store import (
    delete_statement,
    find_statement,
    list_faults,
    list_statements,
    show_statement,
)
from postledger.vocabulary.wording import count

statements = typer.Typer(help="Statements: what networks report.", no_args_is_help=True)

_STATEMENTS = Columns(
    everything=(
        "id", "kind", "name", "format", "file_name", "period", "since", "until", "lines", "known", "faults", "proof",
        "state", "imported_at", "imported_by",
    ),
    of_table=("id", "name", "format", "period", "lines", "faults", "state", "imported_at", "file_name"),
    by_importance=("id", "name", "period", "state", "lines", "faults", "format", "imported_at", "file_name"),
)  # fmt: skip
_FAULTS = Columns(
    everything=("line_no", "field", "reason"),
    of_table=("line_no", "field", "reason"),
    by_importance=("line_no", "field", "reason"),
)
StatementId = Annotated[str, typer.Argument(metavar="ID", help="The id of a statement, or its first 8 characters.")]


@statements.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The report; a file, a pipe, or - for standard input.", allow_dash=True)],
    *,
    report_format: Annotated[
        str | None, typer.Option("--format", help="The report format. Default: the only one whose columns fit.")
    ] = None,
    period: Annotated[
        str | None,
        typer.Option("--period", help="The month of the report, such as 2026-10. Default: that of its days."),
    ] = None,
    accept_faults: Annotated[
        bool, typer.Option("--accept-faults", help="Import the other lines if more than 5 % cannot be read.")
    ] = False,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Import a network's report. It replaces the one of the same source and month; the same file adds nothing."""
    name = name_file(file)
    with (
        open_file(file) as opened,
        _make_seekable(opened) as content,
        open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection,
        show_progress("importing") as on_progress,
    ):
        given = ReportFile(content, Path(name).name, report_format, read_month("--period", period), accept_faults)
        actor = find_actor(connection, as_user)
        try:
            imported = import_report(connection, given, actor, datetime.now(UTC), lambda done: on_progress(done, None))
        except TooManyFaults as refused:
            for fault in refused.faults:
                note(f"line {fault.line_no}: {fault.field or 'the row'}: {fault.reason}")
            raise
    _print_imported(imported, as_json=as_json)


@contextmanager
def _make_seekable(opened: IO[bytes]) -> Iterator[IO[bytes]]:
    """Give a file that can be read twice: a pipe is copied to a file without a name."""
    if opened.seekable():
        yield opened
        return
    with tempfile.TemporaryFile() as copy:
        shutil.copyfileobj(opened, copy)
        copy.seek(0)
        yield copy


def _print_imported(imported: Imported, *, as_json: bool) -> None:
    if as_json:
        print_json({name: getattr(imported, name) for name in imported.__struct_fields__})
        return
    if imported.known:
        print(f"statement {imported.id}: this file was imported before, and nothing was added")
        return
    month = f"{imported.period:%Y-%m}"
    print(f"statement {imported.id}: {count(imported.lines, 'line')} of {imported.source}, {month}")
    if imported.replaces is not None:
        print(f"it replaces the report {imported.replaces}")
    if imported.faults:
        note(f"{count(imported.faults, 'line')} could not be read; run: postledger statement faults {imported.id[:8]}")


@statements.command("list")
def list_all(
    *,
    context: typer.Context,
    limit: Limit = None,
    wide: Wide = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    excel: ForExcel = False,
) -> None:
    """List statements, newest first."""
    form = Format(UTC, limit, as_json, as_csv, wide, excel)
    check_format(form)
    with open_ledger(context) as connection:
        rows = list_statements(connection, limit_rows(form))
    print_rows(iter(rows), _STATEMENTS, form)


@statements.command("show")
def show(context: typer.Context, statement: StatementId, as_json: AsJson = False) -> None:
    """Show a statement, and what its lines sum to by currency and status."""
    with open_ledger(context) as connection:
        row, sums = show_statement(connection, find_statement(connection, statement))
    if as_json:
        print_json(row | {"sums": sums})
        return
    print_table(("field", "value"), list(row.items()))
    print()
    print_table(("currency", "status", "lines", "amount"), [list(each.values()) for each in sums])


@statements.command("faults")
def faults(
    *,
    context: typer.Context,
    statement: StatementId,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    excel: ForExcel = False,
) -> None:
    """List what could not be read of a statement, by line."""
    form = Format(UTC, None, as_json, as_csv, wide=False, excel=excel)
    check_format(form)
    with open_ledger(context) as connection:
        rows = list_faults(connection, find_statement(connection, statement))
    print_rows(iter(rows), _FAULTS, form, order="first")


@statements.command("forget")
def forget(context: typer.Context, statement: StatementId, *, as_user: AsUser = None) -> None:
    """Take a statement out again, with its lines. The report that it had replaced counts again."""
    with open_ledger(context) as connection:
        found = find_statement(connection, statement)
        with recorded(connection, as_user, "statement.forget", found):
            delete_statement(connection, found)
    print(f"statement {found} was taken out")
