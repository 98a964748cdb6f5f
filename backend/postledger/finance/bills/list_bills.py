"""Lists bills, newest first, and shows one with its lines, requests, exports and payments."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal, LiteralString

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotFound
from postledger.vocabulary.receipt import is_receipt

sql = statements_of("postledger.finance")

Row = dict[str, Any]
ShownState = Literal["waiting", "approved", "carried", "exported", "cancelled", "partly_paid", "paid"]
"""The state of a bill as it is listed. One that is approved or exported, and has payments, is partly paid or paid."""


class BillFilters(msgspec.Struct, frozen=True):
    """What to list. None does not filter."""

    limit: int | None = None
    payee: str | None = None
    period: date | None = None
    currency: str | None = None
    state: ShownState | None = None
    ids: Sequence[str] | None = None


def list_bills(connection: Connection[Any], filters: BillFilters) -> list[Row]:
    """List bills."""
    return _fetch(connection, sql("list_bills"), msgspec.structs.asdict(filters))


def show_bill(connection: Connection[Any], searched: str) -> Row:
    """Read one bill, by its number or id, with its `lines`, `requests`, `exports` and `payments`. Raises `NotFound`."""
    (bill_id,) = find_bills(connection, [searched])
    (bill,) = list_bills(connection, BillFilters(ids=[bill_id]))
    return bill | {
        "lines": _fetch(connection, sql("show_bill_lines"), (bill_id,)),
        "requests": _fetch(connection, sql("show_bill_requests"), (bill_id,)),
        "exports": _fetch(connection, sql("show_bill_exports"), (bill_id,)),
        "payments": _fetch(connection, sql("show_bill_payments"), (bill_id,)),
    }


def find_bills(connection: Connection[Any], searched: Sequence[str]) -> list[str]:
    """Find the ids of bills by their numbers or ids. Raises `NotFound` if one does not exist."""
    ids = [text.lower() for text in searched if is_receipt(text.lower())]
    found: dict[str, str] = {}
    for bill_id, number in connection.execute(sql("find_bills"), {"searched": list(searched), "ids": ids}):
        found |= {bill_id: bill_id, number: bill_id}
    for text in searched:
        if text not in found and text.lower() not in found:
            raise NotFound(f"bill {text} does not exist; run: postledger bills list")
    return list(dict.fromkeys(found.get(text) or found[text.lower()] for text in searched))


def _fetch(connection: Connection[Any], statement: LiteralString, values: Any) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(statement, values).fetchall()
