"""`payees`: imports, lists and shows those who are paid, or who pay."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from postledger.cli.connections import open_keyring, open_ledger
from postledger.cli.current_user import AsUser, find_actor
from postledger.cli.errors import CommandFailed
from postledger.cli.file_input import name_file, open_file
from postledger.cli.id_arguments import MOST_ROWS
from postledger.cli.list_format import AsCsv, ForExcel, Format, Wide, check_format, limit_rows, print_rows
from postledger.cli.output import AsJson, note, print_json, print_table, show_progress
from postledger.cli.row_output import Columns
from postledger.finance.payees import import_payees, show_payee
from postledger.finance.payees import list_payees as read_payees
from postledger.notifications.announce import announce_requests
from postledger.vocabulary.wording import count

payees = typer.Typer(help="Who is paid, or who pays. `apply` creates and changes them too.", no_args_is_help=True)

_FILE = (
    "CSV with a header, also compressed by gzip; a file, a pipe, or - for standard input. The column id is required;"
    " name, currency, tax_code, erp_reference, min_bill, and iban or bank_account are optional."
)
_PAYEES = Columns(
    everything=(
        "id", "name", "currency", "min_bill", "tax_code", "erp_reference", "account", "created_at", "updated_at",
    ),
    of_table=("id", "name", "currency", "min_bill", "tax_code", "erp_reference", "account"),
    by_importance=("id", "name", "currency", "account", "min_bill", "erp_reference", "tax_code"),
)  # fmt: skip


@payees.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help=_FILE, allow_dash=True)],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what would change, and change nothing.")] = False,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Import payees. A bad row is reported with its line and skipped. Repeating is harmless.

    An empty cell empties what is stored, except a bank account; a column that the file lacks keeps it.
    """
    with open_file(file) as opened, open_ledger(context) as connection, show_progress("importing") as on_progress:
        imported = import_payees(
            connection,
            open_keyring(context),
            opened,
            datetime.now(UTC),
            actor=find_actor(connection, as_user),
            on_requests=announce_requests,
            dry_run=dry_run,
            on_bad_row=lambda line, fault: note(f"line {line}: {fault}"),
            on_progress=on_progress,
        )
    facts = {key: getattr(imported, key) for key in ("new", "changed", "same", "bad")}
    if as_json:
        print_json({"dry_run": dry_run, "rows": imported.rows, **facts})
    else:
        rows = f"{count(imported.rows, 'row')}: {', '.join(f'{number} {name}' for name, number in facts.items())}"
        print(f"Dry run, nothing was changed. {rows}" if dry_run else rows)
    if imported.bad:
        advice = "correct the file and import it again"
        raise CommandFailed(f"{name_file(file)}: {count(imported.bad, 'bad row')} skipped; {advice}")


@payees.command("list")
def list_payees(
    *,
    context: typer.Context,
    limit: Annotated[int | None, typer.Option("--limit", min=1, max=MOST_ROWS, help="At most this many.")] = None,
    wide: Wide = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    excel: ForExcel = False,
) -> None:
    """List the payees by id. Bank accounts are never printed; `account` says whether there is one."""
    form = Format(UTC, limit, as_json, as_csv, wide, excel)
    check_format(form)
    with open_ledger(context) as connection:
        rows = read_payees(connection, limit_rows(form))
    print_rows(iter(rows), _PAYEES, form, order="first")


@payees.command("show")
def show(
    context: typer.Context,
    payee_id: Annotated[str, typer.Argument(metavar="ID", help="The id of the payee.")],
    as_json: AsJson = False,
) -> None:
    """Show a payee. Of the bank account only the last four characters are printed."""
    with open_ledger(context) as connection:
        payee = show_payee(connection, open_keyring(context), payee_id)
    if as_json:
        print_json(payee)
    else:
        print_table(("field", "value"), list(payee.items()))
