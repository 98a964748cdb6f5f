"""Imports payees from a CSV file, lists them and shows one."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import IO, Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.clicks.csv_rows import OnBadRow, open_rows
from postledger.finance.approval.payee_changes import follow_payees
from postledger.finance.approval.request_store import OnRequests
from postledger.finance.payee_csv import PayeeReader
from postledger.platform.keyring import Keyring, WrongMasterKey
from postledger.platform.postgres.sql import statements_of
from postledger.policy.bank_accounts import mask_account
from postledger.policy.diff import Action, Change, find_payee_changes
from postledger.policy.finance_config import PayeeConfig
from postledger.policy.finance_store import FinanceStore, read_payees
from postledger.policy.history import record_changes
from postledger.policy.store import increment_version, lock_policy
from postledger.vocabulary.operator_error import NotFound

sql = statements_of("postledger.finance")

PORTION_ROWS = 500

Row = dict[str, Any]


class Imported(msgspec.Struct, frozen=True):
    """The rows of a file: new payees, also retired ones that are in force again, changed, unchanged and bad ones."""

    rows: int
    new: int
    changed: int
    same: int
    bad: int


def import_payees(
    connection: Connection[Any],
    keyring: Keyring,
    file: IO[bytes],
    now: datetime,
    *,
    actor: str,
    on_requests: OnRequests,
    dry_run: bool,
    on_bad_row: OnBadRow,
    on_progress: Callable[[float, float | None], None],
) -> Imported:
    """Import a CSV file in one transaction. A bad row is reported with its line and skipped.

    Raises `InvalidRequest` if the header or the bytes cannot be read, and OSError or EOFError as the file does.
    """
    with connection.transaction():
        if not dry_run:
            lock_policy(connection)
        in_force, retired = (read_payees(connection, in_force=each) for each in (True, False))
        known = {config.payee.id: config.payee for config in (*retired, *in_force)}
        with open_rows(file, None, None, lambda header: PayeeReader(header, known), on_bad_row) as rows:
            read, bad = list(rows), rows.bad
        store = FinanceStore(connection, keyring)
        changes = find_payee_changes(store.hash_accounts(read, now), in_force, retired)
        if not dry_run:
            _write(store, changes, now, on_progress)
            if any(change.action is not Action.LEAVE for change in changes):
                record_changes(connection, changes, increment_version(connection), now, actor)
                follow_payees(connection, changes, now, actor, on_requests=on_requests)
    return _count(changes, bad)


def list_payees(connection: Connection[Any], limit: int | None = None) -> list[Row]:
    """List the payees in force by id. `account` says whether a bank account is stored."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("list_payees"), (limit,)).fetchall()


def show_payee(connection: Connection[Any], keyring: Keyring, payee_id: str) -> Row:
    """Read one payee, retired ones too. Of the bank account only the end is shown. Raises `NotFound`."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(sql("show_payee"), (payee_id,)).fetchone()
    if row is None:
        raise NotFound("no payee has this id; postledger payees list shows them")
    return row | {"account": _mask(keyring, row.pop("bank_account"))}


def _write(
    store: FinanceStore,
    changes: Sequence[Change],
    now: datetime,
    on_progress: Callable[[float, float | None], None],
) -> None:
    real = [change.target for change in changes if change.action is not Action.LEAVE]
    payees = [payee for payee in real if isinstance(payee, PayeeConfig)]
    for start in range(0, len(payees), PORTION_ROWS):
        store.write_payees(payees[start : start + PORTION_ROWS], now)
        on_progress(start + PORTION_ROWS, len(payees))


def _count(changes: Sequence[Change], bad: int) -> Imported:
    actions = [change.action for change in changes]
    same, changed = actions.count(Action.LEAVE), actions.count(Action.CHANGE)
    return Imported(len(actions) + bad, len(actions) - same - changed, changed, same, bad)


def _mask(keyring: Keyring, ciphertext: bytes | None) -> str | None:
    try:
        return None if ciphertext is None else mask_account(keyring.decrypt(bytes(ciphertext)))
    except WrongMasterKey:
        return "***"  # the other facts must stay readable
