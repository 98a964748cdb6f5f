"""Takes a statement out again, with its lines."""

from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.postgres.advisory_locks import MONTHS, share_lock
from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.bank.bank_store import lock_bank, relink
from postledger.reconciliation.statement_store import Row, delete_statement
from postledger.vocabulary.operator_error import NotPossible

sql = statements_of("postledger.reconciliation")


def forget_statement(connection: Connection[Any], statement_id: str) -> None:
    """Take out a statement. The caller opens the transaction. Raises `NotPossible`."""
    lock_bank(connection)
    share_lock(connection, MONTHS)
    row = _read(connection, statement_id)
    if row["locked"]:
        raise NotPossible(f"{row['locked']:%Y-%m} is locked, and its statements stay; unlock it with: period unlock")
    if row["paying"]:
        raise NotPossible(
            f"{row['paying']} of its lines are matched with bills or receivables; undo these matches first:"
            " postledger match list"
        )
    if row["relying"]:
        raise NotPossible(
            f"statement {row['relying']} has days of this one, and counts on its lines; take out that one first"
        )
    delete_statement(connection, statement_id)
    if row["account"] is not None:
        relink(connection, row["account"])


def _read(connection: Connection[Any], statement_id: str) -> Row:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(sql("find_bonds"), {"id": statement_id}).fetchone()
    assert row is not None, "the id was found"
    return row
