"""`bills`: gathers what is due to payees into bills, lists and shows them, and cancels one."""

from datetime import UTC
from typing import Annotated, Any

import typer

from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_ledger
from postledger.cli.current_user import AsUser, find_actor
from postledger.cli.id_arguments import read_currency, read_id
from postledger.cli.interrupts import say_how_far
from postledger.cli.list_format import (
    AsCsv,
    ForExcel,
    Format,
    Limit,
    Wide,
    check_format,
    limit_rows,
    print_rows,
)
from postledger.cli.output import AsJson, print_json, print_table, show_progress
from postledger.cli.row_output import Columns
from postledger.cli.time_options import read_month
from postledger.finance.bills.bill_store import NewBill
from postledger.finance.bills.cancel_bills import cancel_bills
from postledger.finance.bills.list_bills import BillFilters, ShownState, show_bill
from postledger.finance.bills.list_bills import list_bills as read_bills
from postledger.finance.bills.make_bills import Wanted, make_bills
from postledger.notifications.announce import announce_requests

bills = typer.Typer(help="Bills: what is due to payees, by month and currency.", no_args_is_help=True)

_MADE = ("number", "payee", "period", "currency", "exact", "carried_in", "amount", "carried_out", "items", "state")
_BILLS = Columns(
    everything=(
        "id", "number", "payee", "payee_name", "period", "currency", "exact", "carried_in", "amount", "carried_out",
        "items", "state", "paid", "approved_by_rule", "waiting_request", "created_by", "created_at", "updated_at",
    ),
    of_table=(
        "number", "payee", "period", "currency", "exact", "carried_in", "amount", "carried_out", "items", "state",
        "paid", "waiting_request",
    ),
    by_importance=(
        "number", "amount", "currency", "state", "paid", "payee", "period", "exact", "carried_in", "carried_out",
        "items", "waiting_request",
    ),
)  # fmt: skip
_PARTS = ("lines", "requests", "exports", "payments")
Period = Annotated[str | None, typer.Option("--period", help="Only this month, such as 2026-10.")]
Payee = Annotated[str | None, typer.Option("--payee", help="Only this payee id.")]


@bills.command("make")
def make(
    context: typer.Context,
    *,
    period: Period = None,
    payee: Payee = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the bills, and make none.")] = False,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Gather the expense lines that are due, approved and in no bill. Repeating is harmless."""
    wanted = Wanted(read_id(payee), read_month("--period", period))
    with (
        say_how_far("looked at payees:") as follow,
        open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection,
        show_progress("drafting" if dry_run else "making bills") as on_progress,
    ):
        actor = find_actor(connection, as_user)
        made = make_bills(
            connection, wanted, actor, follow(on_progress), on_requests=announce_requests, dry_run=dry_run
        )
    rows = [_describe(bill) for bill in made]
    if as_json:
        print_json({"dry_run": dry_run, "bills": rows})
    elif rows:
        print_table(_MADE, [[row[name] for name in _MADE] for row in rows])
    else:
        print(
            "nothing is due; see billable_from in postledger expenses list, and what waits in postledger approvals list"
        )


@bills.command("list")
def list_bills(
    *,
    context: typer.Context,
    period: Period = None,
    payee: Payee = None,
    currency: Annotated[str | None, typer.Option("--currency", help="Only this currency, such as EUR.")] = None,
    state: Annotated[ShownState | None, typer.Option("--state", help="Only bills in this state.")] = None,
    limit: Limit = None,
    wide: Wide = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    excel: ForExcel = False,
) -> None:
    """List bills, newest first."""
    form = Format(UTC, limit, as_json, as_csv, wide, excel)
    check_format(form)
    filters = BillFilters(
        limit_rows(form), read_id(payee), read_month("--period", period), read_currency(currency), state
    )
    with open_ledger(context) as connection:
        rows = read_bills(connection, filters)
    print_rows(iter(rows), _BILLS, form)


@bills.command("show")
def show(
    context: typer.Context,
    searched: Annotated[str, typer.Argument(metavar="ID", help="The number of a bill, or its id.")],
    as_json: AsJson = False,
) -> None:
    """Show a bill: amounts, lines, requests, exports and payments. `expenses list --bill` lists its expense lines."""
    with open_ledger(context) as connection:
        bill = show_bill(connection, read_id(searched) or "")
    if as_json:
        print_json(bill)
        return
    print_table(("field", "value"), [(name, value) for name, value in bill.items() if name not in _PARTS])
    for part in _PARTS:
        if bill[part]:
            print(f"\n{part}")
            _print_part(bill[part])


@bills.command("cancel")
def cancel(
    context: typer.Context,
    searched: Annotated[list[str], typer.Argument(metavar="ID...", help="The numbers of bills, or their ids.")],
    *,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Cancel bills that were not exported. Their expense lines are billed by the next `bills make`."""
    with open_ledger(context) as connection:
        actor = find_actor(connection, as_user)
        numbers = cancel_bills(connection, [read_id(each) or "" for each in searched], actor)
    if as_json:
        print_json({"cancelled": numbers})
    else:
        print("\n".join(f"bill {number} is cancelled" for number in numbers))


def _print_part(rows: list[dict[str, Any]]) -> None:
    print_table(list(rows[0]), [[_write(value) for value in row.values()] for row in rows])


def _write(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _describe(bill: NewBill) -> dict[str, object]:
    account, amounts = bill.draft.account, bill.draft.amounts
    return {
        "id": bill.id or None,
        "number": bill.number or None,
        "payee": account.payee,
        "period": bill.draft.period,
        "currency": account.currency,
        "exact": amounts.exact,
        "carried_in": amounts.carried_in,
        "amount": amounts.amount,
        "carried_out": amounts.carried_out,
        "items": bill.items,
        "state": bill.state,
        "approved_by_rule": bill.verdict.approved_by,
    }
