"""Imports clicks of another system from a CSV file: COPY into a temporary table, then insert the new ones.

Each portion is a transaction of its own, because memory must stay bounded. An interrupted import can be repeated.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from io import TextIOWrapper
from itertools import islice
from typing import IO, Any

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from postledger.clicks.click_csv import BadRow, ClickReader, read_header
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.click import Click
from postledger.vocabulary.operator_error import InvalidRequest

sql = statements_of("postledger.clicks")

PORTION_ROWS = 20_000
_TYPES = ("text", "int4", "text", "jsonb", "timestamptz")


class Imported(msgspec.Struct, frozen=True):
    """The rows of a file: all of them, those with a new click id, those with a known one, and the bad ones."""

    rows: int
    new: int
    known: int
    bad: int


def import_clicks(
    connection: Connection[Any],
    file: IO[bytes],
    now: datetime,
    *,
    on_bad_row: Callable[[int, str], None],
    on_portion: Callable[[], None],
) -> Imported:
    """Import a CSV file. A bad row is reported with its line and skipped, a known click id stays as it is.

    Raises `InvalidRequest` if the header cannot be used.
    """
    # A byte that is not UTF-8 becomes a character that no check accepts, therefore only its own row is bad.
    with TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        rows = _Rows(csv.reader(text, strict=True), read_campaign_ids(connection), now, on_bad_row)
        new = 0
        while portion := list(islice(rows, PORTION_ROWS)):
            new += store_clicks(connection, portion)
            on_portion()
    return Imported(rows.good + rows.bad, new, rows.good - new, rows.bad)


def read_campaign_ids(connection: Connection[Any]) -> dict[str, int]:
    """Read the campaigns in force, by slug."""
    return dict(connection.execute(sql("read_campaign_ids")).fetchall())


def store_clicks(connection: Connection[Any], clicks: Iterable[Click]) -> int:
    """Store the clicks with new ids in one transaction, and return how many they are."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(sql("create_staging"))
        with cursor.copy(sql("copy_to_staging")) as copy:
            copy.set_types(_TYPES)
            for click in clicks:
                subs = None if click.subs is None else Jsonb(click.subs)
                copy.write_row((click.click_id, click.campaign_id, click.affiliate_id, subs, click.created_at))
        return cursor.execute(sql("insert_imported")).rowcount


class _Rows(Iterator[Click]):
    """The good rows of a file. Bad ones are reported, counted and skipped."""

    def __init__(
        self, reader: Any, campaigns: dict[str, int], now: datetime, on_bad_row: Callable[[int, str], None]
    ) -> None:
        self._reader, self._line, self._on_bad_row = reader, 1, on_bad_row
        self._read = ClickReader(self._read_header(), campaigns, now)
        self.good = self.bad = 0

    def __next__(self) -> Click:
        while True:
            try:
                click = self._read(self._next_cells())
            except BadRow as error:
                self.bad += 1
                self._on_bad_row(self._line, str(error))
            else:
                self.good += 1
                return click

    def _read_header(self) -> tuple[str, ...]:
        try:
            return read_header(self._next_cells())
        except BadRow as error:
            raise InvalidRequest(f"line 1: {error}") from None
        except StopIteration:
            raise InvalidRequest("line 1: the header is missing; name the columns, click_id among them") from None

    def _next_cells(self) -> list[str]:
        cells: list[str] = []
        while not cells:  # skips empty lines
            self._line = self._reader.line_num + 1
            try:
                cells = next(self._reader)
            except csv.Error:
                raise BadRow(f"is not CSV up to line {self._reader.line_num}; check the quotes") from None
        return cells
