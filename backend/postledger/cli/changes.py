"""`changes list` and `changes retry`: changes of conversions that were set aside."""

from datetime import UTC
from typing import Annotated

import typer

from postledger.cli.connections import open_ledger
from postledger.cli.current_user import AsUser, recorded
from postledger.cli.errors import CommandFailed
from postledger.cli.id_arguments import read_receipt
from postledger.cli.list_format import Wide
from postledger.cli.output import AsJson, print_json
from postledger.cli.row_output import Columns, print_json_rows, print_row_table
from postledger.ledger.set_aside import list_set_aside, put_back
from postledger.vocabulary.wording import count

changes = typer.Typer(help="Changes that were set aside.", no_args_is_help=True)

_CHANGES = Columns(
    everything=(
        "receipt", "received_at", "set_aside_at", "source", "event", "transaction_id", "conversion_id", "kind",
        "revision", "fault",
    ),
    of_table=("set_aside_at", "source", "event", "transaction_id", "kind", "revision", "fault", "receipt"),
    by_importance=("receipt", "source", "set_aside_at", "kind", "transaction_id", "event", "revision", "fault"),
)  # fmt: skip


@changes.command("list")
def list_changes(context: typer.Context, *, wide: Wide = False, as_json: AsJson = False) -> None:
    """List the changes that a worker could not hand over, or a consumer not map, oldest first."""
    with open_ledger(context) as connection:
        rows = list_set_aside(connection)
    if as_json:
        print_json_rows(rows, _CHANGES.everything, UTC)
    else:
        print_row_table(rows, _CHANGES, UTC, wide=wide)


@changes.command("retry")
def retry_changes(
    context: typer.Context,
    receipts: Annotated[
        list[str] | None, typer.Argument(metavar="RECEIPT", help="Receipts, from postledger changes list.")
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="All that are set aside.")] = False,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Put changes back into their places. They are handed over at once by a worker, or set aside again.

    If `postledger consume` maps, the worker publishes them again.
    """
    if bool(receipts) == everything:
        raise CommandFailed("name receipts, from postledger changes list, or write --all")
    chosen = None if everything else list(dict.fromkeys(map(read_receipt, receipts or ())))
    subject = "all" if everything else "receipts"
    with open_ledger(context) as connection, recorded(connection, as_user, "changes.retry", subject, receipts=chosen):
        number = put_back(connection, chosen)
    if as_json:
        print_json({"changes": number})
    else:
        print(f"{count(number, 'change')} put back")
