"""`match`: lists what statement lines were matched with, and confirms, undoes or makes a match."""

from collections.abc import Mapping
from datetime import UTC
from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal

import typer

from postledger.cli.connections import open_ledger
from postledger.cli.current_user import AsUser, find_actor
from postledger.cli.errors import CommandFailed
from postledger.cli.id_arguments import read_id
from postledger.cli.list_format import AsCsv, ForExcel, Format, Limit, Wide, check_format, limit_rows, print_rows
from postledger.cli.output import AsJson, note, print_json, print_table
from postledger.cli.row_output import Columns, write_amounts
from postledger.cli.time_options import read_month
from postledger.reconciliation.matches.by_hand import ByHand, match_by_hand
from postledger.reconciliation.matches.decide import confirm_match, undo_match
from postledger.reconciliation.matches.list_matches import MatchFilters, MatchState, Row, list_matches
from postledger.reconciliation.statement_store import find_statement

matches = typer.Typer(help="Matches: what statement lines pay, and which conversions they are.", no_args_is_help=True)

_MATCHES = Columns(
    everything=(
        "statement_id", "line_no", "nth", "source", "account", "period", "day", "line_amount", "part", "amount",
        "currency", "number", "payee", "transaction_id", "conversion", "applied_amount", "applied_currency", "method",
        "state", "proposal", "reasons", "confirmed_by", "matched_at", "undone_by", "undone_at", "run_id",
    ),
    of_table=(
        "statement_id", "line_no", "day", "part", "amount", "currency", "number", "payee", "transaction_id", "method",
        "state", "proposal", "reasons", "confirmed_by",
    ),
    by_importance=(
        "statement_id", "line_no", "amount", "currency", "number", "state", "proposal", "part", "day", "payee",
        "transaction_id", "method", "reasons", "confirmed_by",
    ),
)  # fmt: skip
_SHOWN = ("part", "amount", "currency", "number", "transaction_id", "applied_amount", "applied_currency", "state")
_AMOUNTS = {"amount": "currency", "applied_amount": "applied_currency"}
Statement = Annotated[
    str, typer.Argument(metavar="STATEMENT", help="The id of a statement, or its first 8 characters.")
]
LineNo = Annotated[int, typer.Argument(metavar="LINE", help="The number of the line, as match list prints it.")]
Rest = Literal["fee", "fx", "rounding", "unapplied"]


@matches.command("list")
def list_all(
    *,
    context: typer.Context,
    period: Annotated[str | None, typer.Option("--period", help="Only this month, such as 2026-10.")] = None,
    account: Annotated[str | None, typer.Option("--account", help="Only this bank account.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Only this source.")] = None,
    state: Annotated[MatchState | None, typer.Option("--state", help="Only matches in this state.")] = None,
    number: Annotated[
        str | None, typer.Option("--bill", "--receivable", metavar="NUMBER", help="Only this bill or receivable.")
    ] = None,
    statement: Annotated[str | None, typer.Option("--statement", metavar="ID", help="Only this statement.")] = None,
    limit: Limit = None,
    wide: Wide = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    excel: ForExcel = False,
) -> None:
    """List the parts of matches and proposals, by day and line. What was undone is listed too."""
    form = Format(UTC, limit, as_json, as_csv, wide, excel)
    check_format(form)
    with open_ledger(context) as connection:
        filters = MatchFilters(
            limit_rows(form), None if statement is None else find_statement(connection, statement), None,
            read_id(account), read_id(source), read_month("--period", period), state, read_id(number),
        )  # fmt: skip
        rows = list_matches(connection, filters)
    print_rows(map(_write, rows), _MATCHES, form, order="first", for_table=_write_for_table)


@matches.command("confirm")
def confirm(
    context: typer.Context,
    statement: Statement,
    line: LineNo,
    *,
    proposal: Annotated[
        int | None, typer.Option("--proposal", min=1, help="Which of several proposals, as match list counts them.")
    ] = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Confirm the match of a line, or one of its proposals. No later run changes it."""
    with open_ledger(context) as connection:
        rows = confirm_match(connection, statement, line, proposal, find_actor(connection, as_user))
    _print(rows, as_json=as_json)


@matches.command("undo")
def undo(
    context: typer.Context,
    statement: Statement,
    line: LineNo,
    *,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Undo the match of one line. What it paid is open again; later runs propose the match, and do not make it."""
    with open_ledger(context) as connection:
        rows = undo_match(connection, statement, line, find_actor(connection, as_user))
    _print(rows, as_json=as_json)


@matches.command("by-hand")
def by_hand(
    context: typer.Context,
    statement: Statement,
    line: LineNo,
    *,
    numbers: Annotated[
        list[str] | None,
        typer.Option(
            "--bill", "--receivable", metavar="NUMBER[=AMOUNT]",
            help="What the line pays or takes back, in this order; with an amount only so much of it.",
        ),
    ] = None,
    rest: Annotated[
        Rest | None, typer.Option("--rest", help="What the rest of the line is. Default: unapplied.")
    ] = None,
    conversion: Annotated[
        str | None, typer.Option("--conversion", metavar="ID", help="The conversion that a report line is.")
    ] = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Match a line by hand: a bank line with bills, receivables or a fee, a report line with a conversion."""
    wanted = ByHand([_read_payment(text) for text in numbers or ()], rest, read_id(conversion))
    with open_ledger(context) as connection:
        rows = match_by_hand(connection, statement, line, wanted, find_actor(connection, as_user))
    _print(rows, as_json=as_json)


def _read_payment(text: str) -> tuple[str, Decimal | None]:
    number, equals, amount = text.partition("=")
    try:
        read = Decimal(amount) if equals else None
    except InvalidOperation:
        read = Decimal("NaN")
    if read is not None and not (read.is_finite() and read > 0):
        raise CommandFailed(f"--bill {text}: write the amount as {number}=12.34")
    return read_id(number) or "", read


def _print(rows: list[Row], *, as_json: bool) -> None:
    if as_json:
        print_json({"parts": rows})
        return
    shown = map(_write_for_table, rows)
    print_table(_SHOWN, [[row[name] for name in _SHOWN] for row in shown])
    row = rows[0]
    scope = f"--account {row['account']}" if row["account"] else f"--source {row['source']}"
    note(f"work items follow with: postledger reconcile --period {row['period']:%Y-%m} {scope}")


def _write_for_table(row: Mapping[str, object]) -> Mapping[str, object]:
    return write_amounts(row, _AMOUNTS)


def _write(row: Row) -> Row:
    return row | {"reasons": ", ".join(row["reasons"] or ())}
