"""Imports clicks of another system from a CSV file: COPY into a temporary table, then insert the new ones.

Each portion is a transaction of its own, because memory must stay bounded. An interrupted import can be repeated.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from io import BufferedReader, TextIOWrapper
from itertools import islice
from typing import IO, Any

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from postledger.clicks.click_csv import BadRow, ClickReader
from postledger.clicks.csv_format import BadFormat, CsvFormat, detect_format, find_columns
from postledger.clicks.csv_input import HeadedInput, open_input
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.click import Click
from postledger.vocabulary.operator_error import InvalidRequest

sql = statements_of("postledger.clicks")

PORTION_ROWS = 20_000
_TYPES = ("text", "int4", "text", "jsonb", "timestamptz")


class Options(msgspec.Struct, frozen=True):
    """What an operator says of a file: our names of its columns, and its encoding and delimiter if they are known."""

    mapping: dict[str, str] = {}
    encoding: str | None = None
    delimiter: str | None = None


class Imported(msgspec.Struct, frozen=True):
    """The rows of a file: all of them, those with a new click id, those with a known one, and the bad ones.

    `written_as`: how the file was read.
    """

    rows: int
    new: int
    known: int
    bad: int
    written_as: CsvFormat


def import_clicks(
    connection: Connection[Any],
    file: IO[bytes],
    options: Options,
    now: datetime,
    *,
    on_bad_row: Callable[[int, str], None],
    on_portion: Callable[[], None],
) -> Imported:
    """Import a CSV file. A bad row is reported with its line and skipped, a known click id stays as it is.

    Raises `InvalidRequest` if the header or the bytes cannot be read, and OSError or EOFError as the file does.
    """
    with open_input(file) as opened:
        written_as = detect_format(opened.head, options.encoding, options.delimiter)
        with _decode(opened, written_as.encoding) as text:
            reader = csv.reader(text, strict=True, delimiter=written_as.delimiter)
            campaigns = read_campaign_ids(connection)

            def make_reader(header: list[str]) -> ClickReader:
                return ClickReader(find_columns(header, options.mapping), len(header), campaigns, now)

            rows = _Rows(reader, written_as, make_reader, on_bad_row)
            new = 0
            while portion := list(islice(rows, PORTION_ROWS)):
                new += store_clicks(connection, portion)
                on_portion()
    return Imported(rows.good + rows.bad, new, rows.good - new, rows.bad, written_as)


def _decode(opened: HeadedInput, encoding: str) -> TextIOWrapper:
    # A byte that is not UTF-8 becomes a character that no check accepts, therefore only its own row is bad.
    errors = "surrogateescape" if encoding == "utf-8-sig" else "strict"
    return TextIOWrapper(BufferedReader(opened), encoding=encoding, errors=errors, newline="")


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
        self,
        reader: Any,
        written_as: CsvFormat,
        make_reader: Callable[[list[str]], ClickReader],
        on_bad_row: Callable[[int, str], None],
    ) -> None:
        self._reader, self._line, self._on_bad_row, self._written_as = reader, 1, on_bad_row, written_as
        self._read = self._read_header(make_reader)
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

    def _read_header(self, make_reader: Callable[[list[str]], ClickReader]) -> ClickReader:
        try:
            return make_reader(self._next_cells())
        except (BadRow, BadFormat) as error:
            raise InvalidRequest(f"line 1: {error} ({self._written_as})") from None
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
            except UnicodeError:
                fault = f"line {self._line}: is not {self._written_as.encoding}; give the --encoding of the file"
                raise InvalidRequest(f"{fault} ({self._written_as})") from None
        return cells
