"""Erases a person from the lines of statements. The money stays."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.platform.postgres.sql import statements_of
from postledger.policy.bank_texts import open_bank_texts
from postledger.policy.instance_keys import open_key
from postledger.policy.privacy import hash_personal

sql = statements_of("postledger.reconciliation")


def forget_click(connection: Connection[Any], click_id: str) -> int:
    """Erase a click id from the lines of reports and from work items, and return how many lines had it."""
    with connection.transaction():
        connection.execute(sql("forget_click_of_items"), {"click_id": click_id})
        row = connection.execute(sql("forget_click"), {"click_id": click_id}).fetchone()
    assert row is not None, "a count is always one row"
    return int(row[0])


def forget_counterparty(
    connection: Connection[Any], open_keyring: Callable[[], Keyring], hashed: str, now: datetime
) -> int:
    """Empty the counterparty, account and texts of the bank lines whose counterparty has a hash, and count them."""
    if connection.execute(sql("has_counterparties")).fetchone() == (False,):
        return 0
    with connection.transaction():
        found = list(_find_lines(connection, open_keyring(), hashed, now))
        with connection.cursor() as cursor:
            cursor.executemany(
                sql("forget_counterparty"), [{"statement_id": each, "line_no": line_no} for each, line_no in found]
            )
    return len(found)


def _find_lines(connection: Connection[Any], keyring: Keyring, hashed: str, now: datetime) -> Iterator[tuple[str, int]]:
    """Find the lines by trying each: the same name has another ciphertext in each line."""
    key, texts = open_key(connection, keyring, "pii", now), open_bank_texts(connection, keyring, now)
    with connection.cursor("counterparties") as cursor:
        for statement_id, line_no, counterparty in cursor.execute(sql("read_counterparties")):
            if hash_personal(key, texts.decrypt(bytes(counterparty)) or "") == hashed:
                yield statement_id, line_no
