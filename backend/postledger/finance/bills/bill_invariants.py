"""What must always be true of bills. The statements read the tables in their own way."""

from collections.abc import Iterator
from typing import Any, LiteralString

from psycopg import Connection

from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.finance")

_NO_ITEMS = bytes(32)


def find_bills_off_items(connection: Connection[Any]) -> list[str]:
    """Return the numbers of bills that are not the sum of what they hold."""
    return _list(connection, sql("find_bills_off_items"), {"no_items": _NO_ITEMS})


def find_bills_off_carry(connection: Connection[Any]) -> list[str]:
    """Return the numbers of bills that were carried another amount than the bills before them left over."""
    return _list(connection, sql("find_bills_off_carry"))


def find_unapproved_bills(connection: Connection[Any]) -> list[str]:
    """Return the numbers of bills that are approved without rule or decision."""
    return _list(connection, sql("find_unapproved_bills"))


def find_misbilled_lines(connection: Connection[Any]) -> list[str]:
    """Return the ids of conversions with a line that is on two bills, or on a wrong one."""
    return _list(connection, sql("find_misbilled_lines"))


def find_unapproved_lines(connection: Connection[Any]) -> list[str]:
    """Return the ids of conversions with a line that was billed without approval."""
    return _list(connection, sql("find_unapproved_lines"))


def _list(connection: Connection[Any], statement: LiteralString, values: Any = None) -> list[str]:
    rows: Iterator[tuple[str]] = iter(connection.execute(statement, values))
    return [name for (name,) in rows]
