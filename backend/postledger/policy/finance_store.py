"""Stores the settings of the books, the payees and the expense rules. The caller opens the transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.rules.expense_rule import ExpenseRule
from postledger.finance.rules.finance_settings import Finance, Payee
from postledger.platform.keyring import Keyring, WrongMasterKey
from postledger.platform.postgres.advisory_locks import DISPATCHER, wait_for_lock
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of
from postledger.policy.bank_accounts import hash_account, seal_account
from postledger.policy.finance_config import PayeeConfig
from postledger.policy.instance_keys import open_key
from postledger.policy.source_secrets import LockedSecret

sql = statements_of("postledger.policy")


class StoredFinance(msgspec.Struct, frozen=True):
    """The settings of the books, the moment from which conversions have lines, and the version of the rules."""

    settings: Finance
    since: datetime
    rules_version: int


def read_finance(connection: Connection[Any]) -> StoredFinance | None:
    """Read the settings. None if no file with `[finance]` was applied."""
    row = connection.execute(sql("read_finance")).fetchone()
    return None if row is None else StoredFinance(msgspec.convert(row[0], Finance), *row[1:])


def read_rules(connection: Connection[Any], version: int) -> list[ExpenseRule]:
    """Read the rules of one version, in order."""
    rows = connection.execute(sql("read_rules"), (version,)).fetchall()
    return [msgspec.convert(body, ExpenseRule) for (body,) in rows]


def read_payees(connection: Connection[Any], *, in_force: bool) -> list[PayeeConfig]:
    """Read the payees in force or the retired ones, with the hashes of their accounts."""
    rows = connection.execute(sql("read_payees"), (in_force,)).fetchall()
    return [PayeeConfig(Payee(*row), None, account_hash) for *row, account_hash in rows]


class FinanceStore:
    """Writes what `[finance]`, `[[payees]]` and `[[expense_rules]]` say."""

    def __init__(self, connection: Connection[Any], keyring: Keyring) -> None:
        self._connection, self._keyring = connection, keyring

    def hash_accounts(self, payees: Iterable[PayeeConfig], now: datetime) -> list[PayeeConfig]:
        """Add the hashes by which accounts are compared. Raises `WrongMasterKey`."""
        listed = list(payees)
        if all(payee.bank_account is None for payee in listed):
            return listed
        key = open_key(self._connection, self._keyring, "pii", now)
        return [_add_hash(payee, key) for payee in listed]

    def reencrypt(self) -> int:
        """Encrypt every bank account under the first master key. Raises `LockedSecret` with the payee's id."""
        rows = self._connection.execute(sql("read_bank_accounts")).fetchall()
        for payee_id, ciphertext, account_hash in rows:
            try:
                renewed = self._keyring.reencrypt(bytes(ciphertext))
            except WrongMasterKey:
                raise LockedSecret(f"payee {payee_id}") from None
            self._connection.execute(sql("write_bank_account"), (renewed, account_hash, payee_id))
        return len(rows)

    def list_current(self) -> list[bool]:
        """Return for every bank account whether it is encrypted under the first master key."""
        rows = self._connection.execute(sql("read_bank_accounts")).fetchall()
        return [self._keyring.is_current(bytes(ciphertext)) for _, ciphertext, _ in rows]

    def find_locked(self) -> str | None:
        """Return the id of a payee with an account that no master key decrypts, or None."""
        rows = self._connection.execute(sql("read_bank_accounts")).fetchall()
        return next((payee_id for payee_id, ciphertext, _ in rows if not self._opens(bytes(ciphertext))), None)

    def _opens(self, ciphertext: bytes) -> bool:
        try:
            return bool(self._keyring.decrypt(ciphertext))
        except WrongMasterKey:
            return False

    def find_last_line(self) -> datetime | None:
        """Return when the last expense line was written."""
        row = self._connection.execute(sql("find_last_line")).fetchone()
        return None if row is None else row[0]

    def close_books(self) -> None:
        """Retire the settings."""
        self._connection.execute(sql("retire_finance"))

    def write_finance(self, finance: Finance, now: datetime) -> None:
        """Write the settings. The first ones also set the start of the books."""
        # A worker that did not see the books yet would drop a change that arrives after their start. So the start is a
        # moment at which no worker takes changes, until it can see it.
        wait_for_lock(self._connection, DISPATCHER)
        now = max(now, read_clock(self._connection))
        settings = msgspec.json.encode(finance).decode()
        self._connection.execute(sql("upsert_finance"), {"settings": settings, "now": now})

    def write_payees(self, configs: Sequence[PayeeConfig], now: datetime) -> None:
        """Create, change or revive payees. Without an account in the file the stored one stays."""
        # Requests about the payees follow. Who makes bills takes this lock before the payees, and so must this.
        wait_for_lock(self._connection, DISPATCHER)
        with self._connection.cursor() as cursor:
            cursor.executemany(
                sql("upsert_payee"), [(*msgspec.structs.astuple(config.payee), now) for config in configs]
            )
            cursor.executemany(sql("write_bank_account"), self._seal_accounts(configs, now))

    def _seal_accounts(self, configs: Sequence[PayeeConfig], now: datetime) -> list[tuple[bytes, bytes, str]]:
        accounts = [(config.bank_account, config.payee.id) for config in configs if config.bank_account is not None]
        if not accounts:
            return []
        key = open_key(self._connection, self._keyring, "pii", now)
        sealed = [(seal_account(self._keyring, key, account), payee_id) for account, payee_id in accounts]
        return [(each.ciphertext, each.keyed_hash, payee_id) for each, payee_id in sealed]

    def write_rules(self, rules: Sequence[ExpenseRule], now: datetime, actor: str) -> None:
        """Make a new version of the rules. Earlier versions stay, because lines name them."""
        row = self._connection.execute(sql("next_rules_version")).fetchone()
        if row is None:  # the books were retired in the same transaction, and their rules with them
            return
        with self._connection.cursor() as cursor:
            values = [
                (row[0], position, rule.slug, msgspec.json.encode(rule).decode(), now, actor)
                for position, rule in enumerate(rules)
            ]
            cursor.executemany(sql("insert_rule"), values)


def _add_hash(config: PayeeConfig, key: bytes) -> PayeeConfig:
    if config.bank_account is None:
        return config
    return msgspec.structs.replace(config, account_hash=hash_account(key, config.bank_account))
