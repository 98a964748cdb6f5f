"""Takes a statement out again, with its lines."""

from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from postledger.platform.postgres.advisory_locks import MONTHS, share_lock
from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.bank.bank_store import lock_bank, relink
from postledger.reconciliation.bank.match_store import sum_paid
from postledger.reconciliation.statement_store import Row, delete_statement
from postledger.vocabulary.operator_error import NotPossible
from postledger.vocabulary.wording import count

sql = statements_of("postledger.reconciliation")


def forget_statement(connection: Connection[Any], statement_id: str, now: datetime) -> None:
    """Take out a statement, and what was matched with it without a person. Raises `NotPossible`.

    The caller opens the transaction.
    """
    lock_bank(connection)
    share_lock(connection, MONTHS)
    row = _read(connection, statement_id)
    if row["locked"]:
        raise NotPossible(f"{row['locked']:%Y-%m} is locked, and its statements stay; unlock it with: period unlock")
    if row["decided"]:
        raise NotPossible(
            f"a person decided on {count(row['decided'], 'match')} of it; undo what is no longer true first:"
            " postledger match list"
        )
    if row["relying"]:
        raise NotPossible(
            f"statement {row['relying']} has days of this one, and counts on its lines; take out that one first"
        )
    connection.execute(sql("delete_matches"), (statement_id,))
    delete_statement(connection, statement_id)
    if row["account"] is not None:
        relink(connection, row["account"])
        sum_paid(connection, now)


def _read(connection: Connection[Any], statement_id: str) -> Row:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(sql("find_bonds"), {"id": statement_id}).fetchone()
    assert row is not None, "the id was found"
    return row
