"""Lists work items, and shows one with its history."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.rules.work_item import ItemClass, ItemState, name_days
from postledger.vocabulary.operator_error import NotFound

sql = statements_of("postledger.reconciliation")
Row = dict[str, Any]


class ItemFilters(msgspec.Struct, frozen=True):
    """What to list. None does not filter."""

    limit: int | None = None
    period: date | None = None
    classes: Sequence[ItemClass] | None = None
    states: Sequence[ItemState] | None = None
    source: str | None = None
    account: str | None = None
    owner: str | None = None
    ids: Sequence[int] | None = None


def list_items(connection: Connection[Any], filters: ItemFilters) -> list[Row]:
    """List items: those that are not settled first, the highest stake first. Raises `NotFound`."""
    _check(connection, filters)
    return [
        row | {"subject": row["subject"] or name_days(row["class"], row["facts"], row["statement_id"])}
        for row in _fetch(connection, "list_items", msgspec.structs.asdict(filters))
    ]


def show_item(connection: Connection[Any], item_id: int) -> Row:
    """Read one item with its `notes`, the oldest first. Raises `NotFound`."""
    found = list_items(connection, ItemFilters(ids=[item_id]))
    if not found:
        raise NotFound(describe_unknown(item_id))
    return found[0] | {"notes": _fetch(connection, "list_item_notes", {"id": item_id})}


def describe_unknown(item_id: int) -> str:
    """Say that an item does not exist."""
    return f"work item {item_id} does not exist; run: postledger discrepancies list"


def _check(connection: Connection[Any], filters: ItemFilters) -> None:
    if filters.source and connection.execute(sql("find_source"), (filters.source,)).fetchone() is None:
        raise NotFound(f"source {filters.source} does not exist; run: postledger source list")
    if filters.account and connection.execute(sql("account_exists"), (filters.account,)).fetchone() is None:
        raise NotFound(f"bank account {filters.account} does not exist; see [[bank_accounts]] in: postledger export")


def _fetch(connection: Connection[Any], statement: str, values: Row) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql(statement), values).fetchall()
