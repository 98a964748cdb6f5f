"""`export`: the configuration as a file; and `export run`, `list` and `retry`: approved bills on the way to targets."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import msgspec
import typer

from postledger.cli.configure import export
from postledger.cli.connections import find_exporter, open_keyring, open_ledger
from postledger.cli.current_user import AsUser, record, recorded
from postledger.cli.errors import CommandFailed
from postledger.cli.id_arguments import MOST_ROWS, read_id
from postledger.cli.list_format import AsCsv, ForExcel, Format, Wide, check_format, limit_rows, print_rows
from postledger.cli.output import AsJson, print_json, print_table, show_progress
from postledger.cli.row_output import Columns
from postledger.finance.exports import operate
from postledger.vocabulary.wording import count

exports = typer.Typer(
    help="Print the configuration as a file; export approved bills, with the commands below.",
    invoke_without_command=True,
)

State = StrEnum("State", [(name, name) for name in operate.STATES])  # type: ignore[misc]
Target = Annotated[str | None, typer.Option("--target", metavar="SLUG", help="Only this one of [[exports]].")]

_EXPORTS = Columns(
    everything=(
        "bill", "target", "state", "attempts", "due_at", "reference", "fault", "created_at", "updated_at",
    ),
    of_table=("bill", "target", "state", "attempts", "due_at", "reference", "fault"),
    by_importance=("bill", "target", "state", "fault", "reference", "attempts", "due_at"),
)  # fmt: skip


@exports.callback()
def print_configuration(context: typer.Context, as_json: AsJson = False) -> None:
    """Print the configuration in force as the TOML that `apply` reads, without secrets.

    The commands below export approved bills to the targets of [[exports]].
    """
    if context.invoked_subcommand is None:
        export(context, as_json=as_json)


@exports.command()
def run(context: typer.Context, *, as_user: AsUser = None, as_json: AsJson = False) -> None:
    """Export what waits, now and here. The worker does it by itself; what was refused waits for `export retry`."""
    outcomes: list[tuple[str, str, str]] = []
    keyring, now = open_keyring(context), datetime.now(UTC)
    with open_ledger(context) as connection, show_progress("exporting") as on_progress:
        record(connection, as_user, "export.run", "all")
        waiting = operate.hurry(connection, now)

        def note_attempt(bill: str, target: str, result: str) -> None:
            outcomes.append((bill, target, result))
            on_progress(len(outcomes), max(waiting, len(outcomes)))

        find_exporter(context)(connection, keyring, note_attempt)
    if as_json:
        print_json([{"bill": bill, "target": target, "result": result} for bill, target, result in outcomes])
    elif outcomes:
        print_table(("bill", "target", "result"), outcomes)
    else:
        print("nothing waits")
    if left := sum(result != "exported" for *_, result in outcomes):
        raise CommandFailed(f"{count(left, 'export')} did not succeed; see why: postledger export list")


@exports.command("list")
def list_exports(
    *,
    context: typer.Context,
    bill: Annotated[str | None, typer.Option("--bill", metavar="BILL", help="Only this bill: number or id.")] = None,
    target: Target = None,
    state: Annotated[list[State] | None, typer.Option("--state", help="Only this state. Can be repeated.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, max=MOST_ROWS, help="At most this many, newest first.")
    ] = None,
    wide: Wide = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    excel: ForExcel = False,
) -> None:
    """List the exports of bills, newest first: state, reference, and what the target says.

    `sent_unknown` is sent, and the answer is not known: it is looked up before it is sent again.
    """
    form = Format(UTC, limit, as_json, as_csv, wide, excel)
    check_format(form)
    states = [each.value for each in state or ()]
    with open_ledger(context) as connection:
        rows = operate.list_exports(
            connection, bill=read_id(bill), target=target, states=states, limit=limit_rows(form)
        )
    print_rows(iter(rows), _EXPORTS, form, order="newest")


@exports.command()
def retry(
    context: typer.Context,
    bill: Annotated[str | None, typer.Argument(metavar="BILL", help="The number of a bill. Default: all.")] = None,
    *,
    target: Target = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Make due now what was refused, and what waits for its next attempt. The worker sends it."""
    number = read_id(bill)
    with (
        open_ledger(context) as connection,
        recorded(connection, as_user, "export.retry", number or "all", target=target),
    ):
        retried = operate.retry(connection, number, target, datetime.now(UTC))
    if as_json:
        print_json(msgspec.structs.asdict(retried))
    else:
        print(f"due now: {retried.refused} refused, {retried.waiting} waiting for the next attempt")
