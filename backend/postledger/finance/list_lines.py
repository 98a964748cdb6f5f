"""Lists expense lines, newest first, by filters that are all optional, and the lines of one conversion.

Rows are read from a server-side cursor while they are used, so memory does not grow with their number.
"""

from collections.abc import Generator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.finance.booking import Unmapped
from postledger.finance.lines import LineKind
from postledger.finance.rules.expense_rule import Direction
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotFound
from postledger.vocabulary.receipt import is_receipt, receipt_unix_ms

sql = statements_of("postledger.finance")

_NAMED = ("source", "campaign", "bill")
_ROWS_AT_A_TIME = 500
_SECOND = timedelta(seconds=1)

Row = dict[str, Any]
Rows = Generator[Row, None, None]
"""Rows that are read while they are used. Close it before the connection."""


class LineFilters(msgspec.Struct, frozen=True):
    """What to list. None does not filter. `since` is inclusive, `until` is exclusive: when the line was written.

    `is_unmapped`: only money that is unmapped now.
    """

    limit: int | None = None
    source: str | None = None
    campaign: str | None = None
    affiliate: str | None = None
    event: str | None = None
    payee: str | None = None
    rule: str | None = None
    kind: LineKind | None = None
    direction: Direction | None = None
    currency: str | None = None
    period: date | None = None
    is_unmapped: bool = False
    reason: Unmapped | None = None
    since: datetime | None = None
    until: datetime | None = None
    dedup_keys: list[str] | None = None
    bill: str | None = None


def list_lines(connection: Connection[Any], filters: LineFilters) -> Rows:
    """List lines. Raises `NotFound` before the first row."""
    for kind in _NAMED:
        name = getattr(filters, kind)
        # An empty list would hide that the name is misspelt.
        if name is not None and connection.execute(sql(f"{kind}_exists"), (name,)).fetchone() == (False,):
            raise NotFound(f"{kind} {name} does not exist; check the name")
    return _read(connection, filters)


def find_lines(connection: Connection[Any], searched: str) -> list[Row]:
    """Find the lines of the conversions with an id, in order. Raises `NotFound`."""
    receipt = searched.lower() if is_receipt(searched.lower()) else None
    written_at = datetime.fromtimestamp(0 if receipt is None else receipt_unix_ms(receipt) / 1000, UTC)
    values = {"id": searched, "receipt": receipt, "first": written_at - _SECOND, "last": written_at + _SECOND}
    keys = [key for (key,) in connection.execute(sql("find_booked"), values)]
    if not keys:
        raise NotFound("no conversion, transaction id, click id or expense line has this id; check it")
    rows = list(_read(connection, LineFilters(dedup_keys=keys)))
    return sorted(rows, key=lambda row: (row["happened_at"], row["dedup_key"], row["seq"]))


def _read(connection: Connection[Any], filters: LineFilters) -> Rows:
    with connection.transaction(), connection.cursor("listed", row_factory=dict_row) as cursor:
        cursor.itersize = _ROWS_AT_A_TIME
        cursor.execute(sql("list_expenses"), msgspec.structs.asdict(filters))
        yield from cursor
