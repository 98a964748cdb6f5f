"""Imports clicks of another system from a CSV file: COPY into a temporary table, then insert the new ones.

Each portion is a transaction of its own, because memory must stay bounded. An interrupted import can be repeated.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice
from typing import IO, Any

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from postledger.clicks.click_csv import ClickReader
from postledger.clicks.csv_format import CsvFormat, find_columns
from postledger.clicks.csv_rows import open_rows
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.click import Click

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
    campaigns = read_campaign_ids(connection)

    def make_reader(header: list[str]) -> ClickReader:
        return ClickReader(find_columns(header, options.mapping), len(header), campaigns, now)

    with open_rows(file, options.encoding, options.delimiter, make_reader, on_bad_row) as rows:
        new = 0
        while portion := list(islice(rows, PORTION_ROWS)):
            new += store_clicks(connection, portion)
            on_portion()
        return Imported(rows.good + rows.bad, new, rows.good - new, rows.bad, rows.written_as)


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
