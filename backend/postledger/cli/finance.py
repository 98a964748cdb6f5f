"""`finance check`: whether the books are right."""

from datetime import UTC, datetime

import msgspec
import typer

from postledger.cli.connections import LONG_STATEMENT_TIMEOUT_MS, open_ledger
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, print_json, show_progress
from postledger.finance.invariants import Broken, record_check
from postledger.platform.settings import maps_from_broker, read_environment
from postledger.reconciliation.invariants import check_all
from postledger.vocabulary.wording import count

finance = typer.Typer(help="The books as a whole.", no_args_is_help=True)


@finance.command("check")
def check(context: typer.Context, as_json: AsJson = False) -> None:
    """Check what must always be true of the books and the month's end, and name what it is not true of.

    The alert InvariantBroken goes by the last check, this one or the worker's.
    """
    with (
        open_ledger(context, statement_timeout_ms=LONG_STATEMENT_TIMEOUT_MS) as connection,
        show_progress("checking") as on_progress,
    ):
        found = check_all(connection, on_progress, maps_from_broker=maps_from_broker(read_environment()))
        record_check(connection, found, datetime.now(UTC))
    if as_json:
        print_json({name: [msgspec.structs.asdict(each) for each in broken] for name, broken in found.items()})
    else:
        for name, broken in found.items():
            print(f"{'BROKEN' if broken else 'ok    '}  {name}")
            for each in broken:
                print(f"        {_name(each)}: {each.why}")
    if total := sum(map(len, found.values())):
        raise CommandFailed(f"{count(total, 'violation')}; pay nothing that rests on these before you know why")


def _name(broken: Broken) -> str:
    names = {
        "bill": broken.bill, "request": broken.request, "conversion": broken.conversion_id,
        "statement": broken.statement, "work item": broken.item,
        "month": broken.period,
    }  # fmt: skip
    return next(f"{kind} {name}" for kind, name in names.items() if name is not None)


@finance.callback()
def _group() -> None:
    """Keep the name of the only command."""
