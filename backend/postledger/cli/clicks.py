"""`clicks import`: imports click ids of another system from a CSV file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from postledger.cli.connections import open_ledger
from postledger.cli.current_user import AsUser, record
from postledger.cli.errors import CommandFailed
from postledger.cli.file_input import name_file, open_file
from postledger.cli.output import AsJson, note, print_json, show_progress
from postledger.clicks.csv_format import read_delimiter, read_encoding, read_mapping
from postledger.clicks.import_clicks import Options, import_clicks
from postledger.vocabulary.wording import count

clicks = typer.Typer(help="Visits that were redirected to a campaign.", no_args_is_help=True)

_FILE = (
    "CSV with a header, also compressed by gzip; a file, a pipe, or - for standard input. The column click_id is"
    " required; campaign, affiliate_id, sub1 to sub10 and created_at are optional, and others are ignored."
)
_MAP = "Which column is which: click_id=subid,created_at=datetime. An empty one (campaign=) is not read."


@clicks.command("import")
def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help=_FILE, allow_dash=True)],
    *,
    mapping: Annotated[list[str] | None, typer.Option("--map", metavar="NAME=COLUMN", help=_MAP)] = None,
    delimiter: Annotated[str | None, typer.Option(help="Default: detected in the header.", metavar="CHARACTER")] = None,
    encoding: Annotated[str | None, typer.Option(help="Default: by the byte order mark, else UTF-8.")] = None,
    as_user: AsUser = None,
    as_json: AsJson = False,
) -> None:
    """Import click ids of another system. A bad row is reported with its line and skipped. Repeating is harmless."""
    with open_file(file) as opened, open_ledger(context) as connection, show_progress("importing") as on_progress:
        options = _read_options(mapping or [], delimiter, encoding)
        record(connection, as_user, "clicks.import", "clicks")
        size_bytes = file.stat().st_size if file.is_file() else None  # a pipe has no size, and no position
        imported = import_clicks(
            connection,
            opened,
            options,
            datetime.now(UTC),
            on_bad_row=lambda line, fault: note(f"line {line}: {fault}"),
            on_portion=lambda: on_progress(opened.tell() if size_bytes else 0, size_bytes),
        )
    if as_json:
        print_json({key: getattr(imported, key) for key in ("rows", "new", "known", "bad")})
    else:
        print(f"{count(imported.rows, 'row')}: {imported.new} new, {imported.known} known, {imported.bad} bad")
    if imported.bad:
        skipped = f"{count(imported.bad, 'bad row')} skipped ({imported.written_as})"
        raise CommandFailed(f"{name_file(file)}: {skipped}; correct the file and import it again")


def _read_options(mapping: list[str], delimiter: str | None, encoding: str | None) -> Options:
    return Options(
        read_mapping(mapping),
        None if encoding is None else read_encoding(encoding),
        None if delimiter is None else read_delimiter(delimiter),
    )
