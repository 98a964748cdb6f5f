"""How lists are printed, newest first: the options that they share, and a table, JSON or CSV."""

from collections.abc import Callable, Iterator
from datetime import tzinfo
from typing import Annotated

import msgspec
import typer

from postledger.cli.errors import CommandFailed
from postledger.cli.id_arguments import MOST_ROWS
from postledger.cli.output import note
from postledger.cli.row_output import Columns, Row, print_csv_rows, print_json_rows, print_row_table
from postledger.cli.time_options import FORMS

ROWS_OF_A_TABLE = 50
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV for spreadsheets.")]
ForExcel = Annotated[
    bool, typer.Option("--excel", help="With --csv: begin with a byte order mark, so that Excel reads UTF-8.")
]
Wide = Annotated[bool, typer.Option("--wide", help="All columns of the table, however narrow the terminal is.")]
Since = Annotated[str | None, typer.Option("--since", help=f"From this time on: {FORMS}.")]
Until = Annotated[str | None, typer.Option("--until", help="Before this time.")]
Zone = Annotated[
    str | None, typer.Option("--timezone", help="The zone of all times, read and printed, such as Europe/Berlin.")
]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=1,
        max=MOST_ROWS,
        help=f"At most this many, newest first. The default is {ROWS_OF_A_TABLE} for a table, else everything.",
    ),
]


class Format(msgspec.Struct, frozen=True):
    """How rows are printed: `limit` is what the operator asked for."""

    zone: tzinfo
    limit: int | None
    as_json: bool
    as_csv: bool
    wide: bool
    excel: bool


def check_format(form: Format) -> None:
    """Refuse options that contradict each other. Raises `CommandFailed`."""
    if form.as_json and form.as_csv:
        raise CommandFailed("--json and --csv cannot be combined; leave one of them out")
    if form.excel and not form.as_csv:
        raise CommandFailed("--excel has no effect without --csv; add --csv")


def limit_rows(form: Format) -> int | None:
    """Return how many rows to read. None: all."""
    if form.limit is not None or form.as_json or form.as_csv:
        return form.limit
    return ROWS_OF_A_TABLE + 1  # one more shows that the list is not complete


def print_rows(
    rows: Iterator[Row],
    columns: Columns,
    form: Format,
    *,
    order: str = "newest",
    for_table: Callable[[Row], Row] | None = None,
) -> None:
    """Print rows while they are read. A table is printed once all are there; `order` says which ones it has.

    `for_table` rewrites a row for a table, which has fewer columns than JSON and CSV.
    """
    if form.as_json:
        print_json_rows(rows, columns.everything, form.zone)
    elif form.as_csv:
        print_csv_rows(rows, columns.everything, form.zone, for_excel=form.excel)
    else:
        _print_table(list(map(for_table, rows) if for_table else rows), columns, form, order)


def _print_table(rows: list[Row], columns: Columns, form: Format, order: str) -> None:
    shown = rows if form.limit is not None else rows[:ROWS_OF_A_TABLE]
    print_row_table(shown, columns, form.zone, wide=form.wide)
    if len(shown) < len(rows):
        note(f"Only the {order} {ROWS_OF_A_TABLE} are shown. --limit N shows more; --csv and --json print everything.")
