"""The changes that were set aside, because they could not be handed over: lists them, and puts them back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.ledger.outbox import OutboxKind
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import InvalidRequest, NotFound
from postledger.vocabulary.receipt import is_receipt

sql = statements_of("postledger.ledger")

MOST_SET_ASIDE = 100
"""More than this is no matter of single changes: the outbox then waits as a whole, until the fault is removed."""

Row = dict[str, Any]


class ChangeRow(msgspec.Struct, frozen=True):
    """The row of a change in the outbox. The first three are its key, which is also its place in the order of work."""

    received_at: datetime
    dedup_key: str
    receipt: str
    revision: int
    kind: OutboxKind


def find_oldest(connection: Connection[Any]) -> ChangeRow | None:
    """Find the change that is taken next. None if no change waits."""
    row = connection.execute(sql("find_oldest_change")).fetchone()
    return None if row is None else ChangeRow(*row)


def set_aside(connection: Connection[Any], change: ChangeRow, fault: str, now: datetime) -> bool:
    """Keep a change out of the outbox until it is put back. False, and nothing changes, if it would be one too many.

    `fault` is the type of an error and its place in the code, never a value.
    """
    values = msgspec.structs.asdict(change) | {"fault": fault, "now": now, "most": MOST_SET_ASIDE}
    return connection.execute(sql("set_change_aside"), values).rowcount == 1


def list_set_aside(connection: Connection[Any]) -> list[Row]:
    """List the changes that were set aside, oldest first, each with its conversion."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("list_set_aside")).fetchall()


def put_back(connection: Connection[Any], receipts: Sequence[str] | None) -> int:
    """Put changes back into the outbox, by their receipts, or all. Returns how many. Raises an `OperatorError`.

    They come before what is newer there.
    """
    if bad := [receipt for receipt in receipts or () if not is_receipt(receipt)]:
        raise InvalidRequest(f"{bad[0]} is not a receipt; run: postledger changes list")
    with connection.transaction():
        values = {"receipts": None if receipts is None else list(receipts)}
        returned = [receipt for (receipt,) in connection.execute(sql("put_changes_back"), values)]
        if missing := [receipt for receipt in receipts or () if receipt not in returned]:
            raise NotFound(f"no change of {missing[0]} is set aside; nothing was changed; run: postledger changes list")
    return len(returned)
