"""`period report`: prints the report of a month as a table, JSON or CSV, or writes it as a page."""

from collections.abc import Sequence
from datetime import UTC, date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_ledger
from postledger.cli.errors import CommandFailed
from postledger.cli.file_output import write_file
from postledger.cli.list_format import AsCsv, ForExcel, Format, check_format
from postledger.cli.output import AsJson, note, print_json, print_table
from postledger.cli.row_output import print_csv_rows
from postledger.cli.time_options import read_month
from postledger.finance.books import load_books
from postledger.platform.postgres.connection import LedgerConnection
from postledger.reconciliation.month_page.amounts import write_count, write_money
from postledger.reconciliation.month_page.page import write_page
from postledger.reconciliation.month_page.rows import COLUMNS, list_all, list_totals
from postledger.reconciliation.month_page.verdict import list_gaps, sum_up
from postledger.reconciliation.months.shown_report import ShownReport, find_shown_report

_TITLES = ("section", "scope", "name", "number", "amount", "settled", "open")
_MONEY = ("amount", "settled", "open")
AsPage = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", help="Write the report of the month as one HTML file. - prints it."),
]


def report(
    context: typer.Context,
    *,
    month: Annotated[str, typer.Argument(metavar="MONTH", help="A month such as 2026-10.")],
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="The report of this lock. Default: the newest, if locked.")
    ] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    excel: ForExcel = False,
    page: AsPage = None,
) -> None:
    """Report on a month: what is due, what was paid, what differs, and who must act. Of a locked month the kept one."""
    check_format(Format(UTC, None, as_json, as_csv, wide=False, excel=excel))
    period = read_month("MONTH", month)
    if period is None:
        raise CommandFailed("MONTH is missing; write one such as 2026-10")
    with open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection:
        shown = find_shown_report(connection, period, load_books(connection), version)
    if page is not None:
        _write_page(page, shown)
    if as_json:
        print_json(_as_facts(shown))
    elif as_csv:
        print_csv_rows(list_all(shown.report), COLUMNS, UTC, for_excel=excel)
    elif page is None:
        print_report(shown)


def write_month_page(connection: LedgerConnection, period: date, page: Path) -> None:
    """Write the report of a month, as it is now, as a page."""
    _write_page(page, find_shown_report(connection, period, load_books(connection)))


def _write_page(page: Path, shown: ShownReport) -> None:
    write_file(page, write_page(shown.report, shown.blockers, shown.sha256))


def _as_facts(shown: ShownReport) -> dict[str, Any]:
    return {
        "verdict": sum_up(shown.report),
        "gaps": list_gaps(shown.report),
        "blockers": [msgspec.to_builtins(each) for each in shown.blockers],
        "version": shown.version,
        "sha256": None if shown.sha256 is None else shown.sha256.hex(),
        "report": msgspec.to_builtins(shown.report),
    }


def print_report(shown: ShownReport) -> None:
    """Print a report as a table."""
    found = shown.report
    print(f"{found.period:%Y-%m} is {found.state}. {sum_up(found)}")
    for gap in list_gaps(found):
        print(f"- {gap}")
    print()
    print_table(_TITLES, _align([_write_row(row) for row in list_totals(found)]))
    for blocker in shown.blockers:
        note(f"before it can be locked: {blocker}")


def _write_row(row: dict[str, Any]) -> list[str]:
    texts = [row["section"], row["scope"] or "", row["name"]]
    number = "" if row["number"] is None else write_count(row["number"])
    return [*texts, number, *(_write_cell(row[name], row["currency"]) for name in _MONEY)]


def _write_cell(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else write_money(amount, currency)


def _align(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Align the columns of numbers on the right, so that amounts can be compared."""
    widths = [max((len(row[index]) for row in rows), default=0) for index in range(len(_TITLES))]
    first = len(_TITLES) - len(_MONEY) - 1
    return [
        [
            text.rjust(width) if index >= first else text
            for index, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        for row in rows
    ]
