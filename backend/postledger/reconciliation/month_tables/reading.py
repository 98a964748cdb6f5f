"""Reads rows of a month as structs: each column is the field of its name."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any, TypeVar

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.reconciliation")
Row = dict[str, Any]
T = TypeVar("T", bound=msgspec.Struct)


class MonthReader:
    """Reads what the tables say about a period, given by its first day."""

    def __init__(self, connection: Connection[Any], period: date) -> None:
        self._connection, self.first_day = connection, period
        self._until = (period + timedelta(days=31)).replace(day=1)

    def rows(self, name: str, **values: object) -> list[Row]:
        """Read the rows of an SQL file. It is given `since` and `until`: the first days of this month and the next."""
        given = {"period": self.first_day, "since": self.first_day, "until": self._until, **values}
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(sql(name), given).fetchall()


def as_structs(kind: type[T], rows: Iterable[Mapping[str, Any]]) -> tuple[T, ...]:
    """Make a struct of each row. Columns that the struct does not have are left out."""
    return tuple(msgspec.convert(row, kind, strict=False) for row in rows)
