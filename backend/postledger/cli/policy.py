"""`policy history`: who changed what is configured, and when."""

from typing import Annotated

import typer

from postledger.cli.connections import open_ledger
from postledger.cli.list_format import Format, Limit, Wide, Zone, limit_rows, print_rows
from postledger.cli.output import AsJson
from postledger.cli.row_output import Columns
from postledger.cli.time_options import read_zone
from postledger.policy.history import list_history

policy = typer.Typer(help="What is configured. `apply` changes it.", no_args_is_help=True)

_HISTORY = Columns(
    everything=("version", "at", "actor", "action", "subject", "slug", "keys", "settings"),
    of_table=("version", "at", "actor", "action", "subject", "slug", "changed"),
    by_importance=("version", "at", "actor", "action", "slug", "subject", "changed"),
)


@policy.command("history")
def history(
    context: typer.Context,
    *,
    source: Annotated[str | None, typer.Option("--source", help="Only this source.")] = None,
    timezone: Zone = None,
    limit: Limit = None,
    wide: Wide = False,
    as_json: AsJson = False,
) -> None:
    """List the changes of the configuration, newest first. With --json: the settings after each, without secrets."""
    form = Format(read_zone(timezone), limit, as_json, as_csv=False, wide=wide, excel=False)
    with open_ledger(context) as connection:
        rows = list_history(connection, source=source, limit=limit_rows(form))
    print_rows(iter([{**row, "changed": ", ".join(row["keys"])} for row in rows]), _HISTORY, form)
