"""`statement`: imports reports of networks and files of banks, lists and shows them, and takes one out again."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import IO, Annotated

import msgspec
import typer

from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_keyring, open_ledger
from postledger.cli.current_user import AsUser, find_actor, recorded
from postledger.cli.file_input import name_file, open_file
from postledger.cli.id_arguments import MOST_ROWS
from postledger.cli.list_format import (
    ROWS_OF_A_TABLE,
    AsCsv,
    ForExcel,
    Format,
    Limit,
    Wide,
    check_format,
    limit_rows,
    print_rows,
)
from postledger.cli.output import AsJson, note, print_json, print_table, show_progress
from postledger.cli.pauses import Pauses
from postledger.cli.row_output import Columns
from postledger.cli.time_options import read_month
from postledger.reconciliation.bank.add_statements import ImportedStatement
from postledger.reconciliation.bank.import_bank import ImportedBank
from postledger.reconciliation.forget_statement import forget_statement
from postledger.reconciliation.import_report import Imported, TooManyFaults
from postledger.reconciliation.import_statement import StatementFile, import_statement
from postledger.reconciliation.statement_store import (
    find_statement,
    list_faults,
    list_statements,
    show_statement,
)
from postledger.vocabulary.wording import count

statements = typer.Typer(help="Statements: what networks report, and what banks book.", no_args_is_help=True)

_STATEMENTS = Columns(
    everything=(
        "id", "kind", "name", "format", "file_name", "number", "period", "since", "until", "currency", "opening",
        "closing", "lines", "known", "faults", "proof", "proof_difference", "gap", "state", "imported_at",
        "imported_by",
    ),
    of_table=("id", "name", "format", "since", "until", "lines", "faults", "proof", "gap", "state", "file_name"),
    by_importance=("id", "name", "since", "until", "proof", "gap", "state", "lines", "faults", "format", "file_name"),
)  # fmt: skip
_FAULTS = Columns(
    everything=("line_no", "field", "reason"),
    of_table=("line_no", "field", "reason"),
    by_importance=("line_no", "field", "reason"),
)
FaultLimit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=1,
        max=MOST_ROWS,
        help=f"At most this many, by line. The default is {ROWS_OF_A_TABLE} for a table, else everything.",
    ),
]
StatementId = Annotated[str, typer.Argument(metavar="ID", help="The id of a statement, or its first 8 characters.")]


@statements.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="A report or a bank's file; a file, a pipe, or - for input.", allow_dash=True)
    ],
    *,
    file_format: Annotated[
        str | None,
        typer.Option(
            "--format",
            help="The report format, or camt053, camt052, camt054, mt940, ofx or csv of a bank. Default: what fits.",
        ),
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", help="The bank account. Default: that whose number the file has.")
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
    """Import a network's report or a bank's file. The same file adds nothing.

    A report replaces the one of the same source and month. Of a bank's file only the lines that are new are added.
    """
    name = name_file(file)
    with (
        open_file(file) as opened,
        _make_seekable(opened) as content,
        open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection,
        show_progress("importing") as on_progress,
    ):
        month = read_month("--period", period)
        given = StatementFile(content, Path(name).name, file_format, account, month, accept_faults)
        pauses = Pauses()

        def go_on(done: int) -> None:
            on_progress(done, None)
            pauses.pause()

        try:
            imported = import_statement(
                connection,
                lambda: open_keyring(context),
                given,
                actor=find_actor(connection, as_user),
                now=datetime.now(UTC),
                on_progress=go_on,
            )
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


def _print_imported(imported: Imported | ImportedBank, *, as_json: bool) -> None:
    if as_json:
        print_json(msgspec.structs.asdict(imported) | _list_statements(imported))
    elif imported.known:
        _print_known(imported)
    elif isinstance(imported, Imported):
        _print_report(imported)
    else:
        for statement in imported.statements:
            _print_statement(statement)


def _print_known(imported: Imported | ImportedBank) -> None:
    print(f"statement {imported.id}: this file was imported before, and nothing was added")
    if isinstance(imported, Imported) and imported.replaced_by is not None:
        print(f"it does not count: it is replaced, and the report {imported.replaced_by} counts")
        note(f"to go back, take out what replaced it: postledger statement forget {imported.replaced_by[:8]}")


def _list_statements(imported: Imported | ImportedBank) -> dict[str, object]:
    if isinstance(imported, Imported):
        return {}
    return {"statements": [msgspec.structs.asdict(each) for each in imported.statements]}


def _print_report(imported: Imported) -> None:
    month = f"{imported.period:%Y-%m}"
    print(f"statement {imported.id}: {count(imported.lines, 'line')} of {imported.source}, {month}")
    if imported.replaces is not None:
        print(f"it replaces the report {imported.replaces}")
    _note_faults(imported.id, imported.faults)


def _print_statement(added: ImportedStatement) -> None:
    days = f"{added.since} to {added.until}" if added.since is not None else "no day"
    others = [f"{number} {word}" for number, word in ((added.known, "known"), (added.pending, "pending")) if number]
    print(f"statement {added.id}: {', '.join([count(added.lines, 'new line'), *others])} of {added.account}, {days}")
    print(f"balances: {_describe_proof(added)}")
    if added.gap == "gap":
        note("a statement is missing between the one before and this: its opening balance is not their closing balance")
    elif added.gap == "overlap":
        note("it has days of the statement before; only lines that were not on record were added")
    if added.proof == "unproven" and (added.gap == "overlap" or added.known):
        note("the bank has changed lines, or writes them otherwise in a file of the same days; compare the files")
    _note_faults(added.id, added.faults)


def _describe_proof(added: ImportedStatement) -> str:
    if added.proof == "no_balances":
        return "the file does not have both, so nothing is proven"
    if added.proof == "proven":
        return "proven, opening balance and lines make the closing balance"
    return f"not proven, opening balance and lines differ from the closing balance by {added.proof_difference:f}"


def _note_faults(statement_id: str, faults: int) -> None:
    if faults:
        note(f"{count(faults, 'line')} could not be read; run: postledger statement faults {statement_id[:8]}")


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
    limit: FaultLimit = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    excel: ForExcel = False,
) -> None:
    """List what could not be read of a statement, by line."""
    form = Format(UTC, limit, as_json, as_csv, wide=False, excel=excel)
    check_format(form)
    with open_ledger(context) as connection:
        rows = list_faults(connection, find_statement(connection, statement))
    print_rows(islice(rows, limit_rows(form)), _FAULTS, form, order="first")


@statements.command("forget")
def forget(context: typer.Context, statement: StatementId, *, as_user: AsUser = None) -> None:
    """Take a statement out again, with its lines. The report that it had replaced counts again.

    Of a bank's statement, later ones that count on its lines must be taken out first.
    """
    with open_ledger(context) as connection:
        found = find_statement(connection, statement)
        with recorded(connection, as_user, "statement.forget", found):
            forget_statement(connection, found, datetime.now(UTC))
    print(f"statement {found} was taken out")
