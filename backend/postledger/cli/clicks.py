"""`clicks import`: click ids that another system made, from a CSV file."""

import csv
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from psycopg import Connection

from postledger.cli.connections import open_ledger
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, note, print_json, show_progress
from postledger.clicks.click_csv import BadRow, ClickReader, read_header
from postledger.clicks.import_clicks import import_clicks, read_campaign_ids
from postledger.vocabulary.click import Click

PORTION_ROWS = 20_000

clicks = typer.Typer(help="Visits that were sent on.", no_args_is_help=True)


@clicks.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV whose header names click_id, and maybe campaign, affiliate_id, sub1 "
                                              "to sub10, created_at.")],
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Load click ids that another system made. A bad row is named by its line and left out; repeats are harmless."""
    try:
        # A stray byte becomes a character that no check lets through, so that it spoils its own row and no other.
        with (
            file.open("rb") as opened,
            TextIOWrapper(opened, encoding="utf-8-sig", errors="surrogateescape", newline="") as text,
            open_ledger() as connection,
        ):
            counts = _import(text, connection, opened.tell, file.stat().st_size)
    except OSError as error:
        raise CommandFailed(f"{file}: cannot be read: {error.strerror}") from None
    except (BadRow, StopIteration) as error:
        raise CommandFailed(f"{file}: line 1: {str(error) or 'a header is missing'}") from None
    if as_json:
        print_json(counts)
    else:
        print(", ".join(f"{count} {name}" for name, count in counts.items()))
    if counts["bad"]:
        raise CommandFailed(f"{file}: {counts['bad']} bad rows were left out; mend them and import the file again")


def _import(
    text: TextIOWrapper, connection: Connection[Any], tell: Callable[[], int], size_bytes: int
) -> dict[str, int]:
    rows = _Rows(csv.reader(text, strict=True), read_campaign_ids(connection))
    new = 0
    with show_progress("importing") as tell_progress:
        while portion := list(islice(rows, PORTION_ROWS)):
            new += import_clicks(connection, portion)
            tell_progress(tell(), size_bytes)
    return {"rows": rows.good + rows.bad, "new": new, "known": rows.good - new, "bad": rows.bad}


class _Rows(Iterator[Click]):
    """The good rows of a file; a bad one is told with its line, counted and passed over."""

    def __init__(self, reader: Any, campaigns: dict[str, int]) -> None:
        self._reader, self._line = reader, 1
        self._read = ClickReader(read_header(self._next_cells()), campaigns, datetime.now(UTC))
        self.good = self.bad = 0

    def __next__(self) -> Click:
        while True:
            try:
                click = self._read(self._next_cells())
            except BadRow as error:
                self.bad += 1
                note(f"line {self._line}: {error}")
            else:
                self.good += 1
                return click

    def _next_cells(self) -> list[str]:
        cells: list[str] = []
        while not cells:  # an empty line is no row
            self._line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except csv.Error:
                raise BadRow(f"is not CSV up to line {self._reader.line_num}: look at its quotes") from None
        return cells
