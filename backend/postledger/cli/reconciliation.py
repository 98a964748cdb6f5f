"""`reconcile`: compares what networks and banks report with the books."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_keyring, open_ledger
from postledger.cli.current_user import AsUser, find_actor
from postledger.cli.list_format import AsCsv, ForExcel, Format, check_format
from postledger.cli.month_report import AsPage, write_month_page
from postledger.cli.output import AsJson, note, print_json, print_table, show_progress
from postledger.cli.row_output import print_csv_rows, write_amounts
from postledger.cli.time_options import FORMS, read_month, read_past
from postledger.reconciliation.reconcile import Reconciled, Tools, Wanted
from postledger.reconciliation.reconcile import reconcile as run_reconciliation

_COLUMNS = ("kind", "name", "class", "currency", "number", "stake", "conversions", "ledger", "lines", "network")
_TITLES = ("name", "class", "currency", "number", "stake", "ledger", "network")
_AMOUNTS = dict.fromkeys(("stake", "ledger", "network"), "currency")
_NO_WORK = ("matched", "no_money", "earlier_period")


def reconcile(
    context: typer.Context,
    *,
    period: Annotated[str, typer.Option("--period", help="The month, such as 2026-10.")],
    source: Annotated[
        str | None,
        typer.Option("--source", help="Only this source. Default: every one that has a report of the month."),
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", help="Only this bank account. Default: every one.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help=f"The ledger as it was then. Default: at the import of the report. {FORMS}."),
    ] = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    excel: ForExcel = False,
    page: AsPage = None,
) -> None:
    """Compare reports with the ledger, and bank lines with bills. What differs becomes a work item, known ones stay.

    Repeating is harmless. The command succeeds when it ran, whatever it found.
    """
    check_format(Format(UTC, None, as_json, as_csv, wide=False, excel=excel))
    month = read_month("--period", period)
    assert month is not None, "the option is required"
    moment = None if as_of is None else read_past("--as-of", as_of, datetime.now(UTC))
    with (
        open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection,
        show_progress("reconciling") as on_progress,
    ):
        tools = Tools(connection, lambda: open_keyring(context), find_actor(connection, as_user), on_progress)
        found = list(run_reconciliation(tools, Wanted(month, source, account, moment)))
        if page is not None:
            write_month_page(connection, month, page)
    if as_json:
        print_json([_as_facts(each) for each in found])
    elif as_csv:
        print_csv_rows(_list_rows(found), _COLUMNS, UTC, for_excel=excel)
    elif str(page) != "-":
        print_table(_TITLES, [_write_cells(row) for row in _list_rows(found)])
        _note_work(found)


def _as_facts(found: Reconciled) -> dict[str, Any]:
    return {
        "kind": found.scope.kind, "name": found.scope.name, "period": f"{found.run.period:%Y-%m}",
        "as_of": found.run.as_of.isoformat(), "run": found.run.id, "classes": list(found.classes),
    }  # fmt: skip


def _list_rows(found: Sequence[Reconciled]) -> Iterator[dict[str, Any]]:
    nothing = dict.fromkeys(_COLUMNS)
    for each in found:
        for row in each.classes:
            yield nothing | {"kind": each.scope.kind, "name": each.scope.name} | dict(row)


def _write_cells(row: dict[str, Any]) -> list[object]:
    written = write_amounts(row, _AMOUNTS)
    return [written[title] for title in _TITLES]


def _note_work(found: Sequence[Reconciled]) -> None:
    if any(row["number"] and row["class"] not in _NO_WORK for each in found for row in each.classes):
        note(f"what differs is listed by: postledger discrepancies list --period {found[0].run.period:%Y-%m}")
