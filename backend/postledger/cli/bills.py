"""`bills`: gathers what is due to payees into bills, lists and shows them, and cancels one."""

from datetime import date
from decimal import Decimal
from typing import Annotated

import typer

from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_ledger
from postledger.cli.current_user import AsUser, find_actor
from postledger.cli.errors import CommandFailed
from postledger.cli.id_arguments import read_id
from postledger.cli.interrupts import say_how_far
from postledger.cli.output import AsJson, print_json, print_table, show_progress
from postledger.finance.bills.bill_store import NewBill
from postledger.finance.bills.make_bills import Wanted, make_bills

bills = typer.Typer(help="Bills: what is due to payees, by month and currency.", no_args_is_help=True)

_MADE = ("number", "payee", "period", "currency", "exact", "carried_in", "amount", "carried_out", "items", "state")


@bills.command("make")
def make(
    context: typer.Context,
    *,
    period: Annotated[str | None, typer.Option("--period", help="Only this month, such as 2026-10.")] = None,
    payee: Annotated[str | None, typer.Option("--payee", help="Only this payee id.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the bills, and make none.")] = False,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Gather the expense lines that are due, approved and in no bill. Repeating is harmless."""
    wanted = Wanted(read_id(payee), read_period(period))
    with (
        open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection,
        say_how_far("looked at payees:") as follow,
        show_progress("drafting" if dry_run else "making bills") as on_progress,
    ):
        actor = find_actor(connection, as_user)
        made = make_bills(connection, wanted, actor, follow(on_progress), dry_run=dry_run)
    rows = [_write_row(bill) for bill in made]
    if as_json:
        print_json({"dry_run": dry_run, "bills": rows})
    elif rows:
        print_table(_MADE, [[row[name] for name in _MADE] for row in rows])
    else:
        print("nothing is due; postledger expenses list --payee ID shows billable_from, and approvals list what waits")


def read_period(text: str | None) -> date | None:
    """Read a month. Raises `CommandFailed`."""
    try:
        return None if text is None else date.fromisoformat(f"{text}-01")
    except ValueError:
        raise CommandFailed("--period is not a month; write one such as 2026-10") from None


def _write_row(bill: NewBill) -> dict[str, object]:
    account, amounts = bill.draft.account, bill.draft.amounts
    row: dict[str, object | Decimal] = {
        "id": bill.id or None,
        "number": bill.number or None,
        "payee": account.payee,
        "period": f"{bill.draft.period:%Y-%m}",
        "currency": account.currency,
        "exact": amounts.exact,
        "carried_in": amounts.carried_in,
        "amount": amounts.amount,
        "carried_out": amounts.carried_out,
        "items": sum(line.items for line in amounts.lines),
        "state": bill.state,
        "approved_by_rule": bill.approved_by_rule,
    }
    return row
