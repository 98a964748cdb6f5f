"""`clicks import`: imports click ids of another system from a CSV file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from postledger.cli.connections import open_ledger
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, note, print_json, show_progress
from postledger.clicks.import_clicks import Imported, import_clicks
from postledger.vocabulary.operator_error import InvalidRequest
from postledger.vocabulary.wording import count

clicks = typer.Typer(help="Visits that were redirected to a campaign.", no_args_is_help=True)

_COLUMNS = (
    "CSV with a header. The column click_id is required; campaign, affiliate_id, sub1 to sub10 and created_at are"
    " optional."
)


@clicks.command("import")
def import_file(
    context: typer.Context, file: Annotated[Path, typer.Argument(help=_COLUMNS)], as_json: AsJson = False
) -> None:
    """Import click ids of another system. A bad row is reported with its line and skipped. Repeating is harmless."""
    try:
        imported = _import(context, file)
    except OSError as error:
        raise CommandFailed(f"{file}: cannot be read ({error.strerror}); check the path") from None
    except InvalidRequest as error:
        raise CommandFailed(f"{file}: {error}") from None
    if as_json:
        print_json(msgspec.structs.asdict(imported))
    else:
        print(f"{count(imported.rows, 'row')}: {imported.new} new, {imported.known} known, {imported.bad} bad")
    if imported.bad:
        raise CommandFailed(f"{file}: {count(imported.bad, 'bad row')} skipped; correct the file and import it again")


def _import(context: typer.Context, file: Path) -> Imported:
    size_bytes = file.stat().st_size
    with file.open("rb") as opened, open_ledger(context) as connection, show_progress("importing") as on_progress:
        return import_clicks(
            connection,
            opened,
            datetime.now(UTC),
            on_bad_row=lambda line, fault: note(f"line {line}: {fault}"),
            on_portion=lambda: on_progress(opened.tell(), size_bytes),
        )
