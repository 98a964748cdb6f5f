"""Stores our bank accounts as configuration, with their numbers encrypted. The caller opens the transaction."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.keyring import Keyring, WrongMasterKey
from postledger.platform.postgres.sql import statements_of
from postledger.policy.bank_account_config import BankAccountConfig
from postledger.policy.bank_accounts import hash_account, seal_account
from postledger.policy.instance_keys import open_key
from postledger.policy.source_secrets import LockedSecret
from postledger.reconciliation.rules.bank_account import BankAccount

sql = statements_of("postledger.policy")


def read_our_accounts(connection: Connection[Any], *, in_force: bool = True) -> list[BankAccountConfig]:
    """Read the accounts in force, or the retired ones, with the hashes of their numbers."""
    rows = connection.execute(sql("read_our_accounts"), (in_force,)).fetchall()
    return [
        BankAccountConfig(msgspec.convert(settings, BankAccount, strict=False), None, bytes(account_hash))
        for settings, account_hash in rows
    ]


def read_our_numbers(connection: Connection[Any], open_keyring: Callable[[], Keyring]) -> list[str]:
    """Read the numbers of all our accounts, retired ones too. Raises `WrongMasterKey`.

    Without any account no keyring is opened, so that no master key is needed.
    """
    rows = connection.execute(sql("read_our_numbers")).fetchall()
    if not rows:
        return []
    keyring = open_keyring()
    return [keyring.decrypt(bytes(ciphertext)) for _, ciphertext in rows]


class BankAccountStore:
    """Writes what `[[bank_accounts]]` say."""

    def __init__(self, connection: Connection[Any], keyring: Keyring) -> None:
        self._connection, self._keyring = connection, keyring

    def hash_numbers(self, accounts: Iterable[BankAccountConfig], now: datetime) -> list[BankAccountConfig]:
        """Add the hashes by which numbers are compared. Raises `WrongMasterKey`."""
        listed = list(accounts)
        if all(config.number is None for config in listed):
            return listed
        key = open_key(self._connection, self._keyring, "pii", now)
        return [_add_hash(config, key) for config in listed]

    def write(self, config: BankAccountConfig, now: datetime) -> None:
        """Create, change or revive an account. Without a number in the file the stored one stays."""
        slug, settings = config.account.slug, msgspec.json.encode(config.account).decode()
        if config.number is None:
            self._connection.execute(sql("change_our_account"), (settings, now, slug))
            return
        sealed = seal_account(self._keyring, open_key(self._connection, self._keyring, "pii", now), config.number)
        self._connection.execute(sql("upsert_our_account"), (slug, settings, sealed.ciphertext, sealed.keyed_hash, now))

    def reencrypt(self) -> int:
        """Encrypt every number under the first master key, and return how many there are. Raises `LockedSecret`."""
        rows = self._connection.execute(sql("read_our_numbers")).fetchall()
        for slug, ciphertext in rows:
            try:
                renewed = self._keyring.reencrypt(bytes(ciphertext))
            except WrongMasterKey:
                raise LockedSecret(f"bank account {slug}") from None
            self._connection.execute(sql("replace_our_number"), (renewed, slug))
        return len(rows)

    def list_current(self) -> list[bool]:
        """Return for every number whether it is encrypted under the first master key."""
        rows = self._connection.execute(sql("read_our_numbers")).fetchall()
        return [self._keyring.is_current(bytes(ciphertext)) for _, ciphertext in rows]

    def find_locked(self) -> str | None:
        """Name an account with a number that no master key decrypts. None if there is none."""
        rows = self._connection.execute(sql("read_our_numbers")).fetchall()
        locked = (slug for slug, ciphertext in rows if not self._opens(bytes(ciphertext)))
        return next((f"bank account {slug}" for slug in locked), None)

    def _opens(self, ciphertext: bytes) -> bool:
        try:
            return bool(self._keyring.decrypt(ciphertext))
        except WrongMasterKey:
            return False


def _add_hash(config: BankAccountConfig, key: bytes) -> BankAccountConfig:
    if config.number is None:
        return config
    return msgspec.structs.replace(config, account_hash=hash_account(key, config.number))
