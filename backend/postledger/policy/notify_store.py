"""Stores `[notify]` as configuration, with its secrets encrypted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.keyring import Keyring, WrongMasterKey
from postledger.platform.postgres.sql import statements_of
from postledger.policy.notify_config import Notify, NotifyConfig
from postledger.policy.source_secrets import LockedSecret

sql = statements_of("postledger.policy")

_OWNER = "[notify]"


class NotifyStore:
    """Reads and writes `[notify]` over one connection. The caller opens the transaction."""

    def __init__(self, connection: Connection[Any], keyring: Keyring) -> None:
        self._connection, self._keyring = connection, keyring

    def read(self) -> NotifyConfig | None:
        """Read what is in force. None if no file with `[notify]` was applied."""
        row = self._connection.execute(sql("read_notify")).fetchone()
        if row is None:
            return None
        login = (*self._read_secrets("login"), *self._read_secrets("password")) if self._opens() else None
        webhook = self._read_secrets("webhook") if self._opens() else None
        return NotifyConfig(msgspec.convert(row[0], Notify), login, webhook)

    def write(self, config: NotifyConfig, now: datetime) -> None:
        """Put `[notify]` into force. The secrets of a channel that it does not have are deleted."""
        settings = msgspec.json.encode(config.notify).decode()
        self._connection.execute(sql("upsert_notify"), (settings, now))
        login = config.login if config.notify.mail else ()
        if login is not None:
            self._replace("login", login[:1], now)
            self._replace("password", login[1:], now)
        webhook = config.webhook_secrets if config.notify.webhook else ()
        if webhook is not None:
            self._replace("webhook", webhook, now)

    def retire(self) -> None:
        """Take `[notify]` out of force, and delete its secrets: a later one must not use forgotten ones."""
        self._connection.execute(sql("retire_notify"))
        for name in ("login", "password", "webhook"):
            self._connection.execute(sql("delete_notify_secrets"), (name,))

    def reencrypt(self) -> int:
        """Encrypt every secret under the first master key, and return their number. Raises `LockedSecret`."""
        rows = self._list_secrets()
        for name, position, ciphertext in rows:
            try:
                renewed = self._keyring.reencrypt(ciphertext)
            except WrongMasterKey:
                raise LockedSecret(_OWNER) from None
            self._connection.execute(sql("replace_notify_ciphertext"), (renewed, name, position))
        return len(rows)

    def list_current(self) -> list[bool]:
        """Return for every secret whether it is encrypted under the first master key."""
        return [self._keyring.is_current(ciphertext) for _, _, ciphertext in self._list_secrets()]

    def find_locked(self) -> str | None:
        """Return what has a secret that no master key decrypts, or None."""
        return None if self._opens() else _OWNER

    def _list_secrets(self) -> list[tuple[str, int, bytes]]:
        rows = self._connection.execute(sql("read_notify_secrets")).fetchall()
        return [(name, position, bytes(ciphertext)) for name, position, ciphertext in rows]

    def _read_secrets(self, name: str) -> tuple[str, ...]:
        return tuple(self._keyring.decrypt(ciphertext) for own, _, ciphertext in self._list_secrets() if own == name)

    def _opens(self) -> bool:
        try:
            return all(self._keyring.decrypt(ciphertext) is not None for _, _, ciphertext in self._list_secrets())
        except WrongMasterKey:
            return False

    def _replace(self, name: str, secrets: Sequence[str], now: datetime) -> None:
        self._connection.execute(sql("delete_notify_secrets"), (name,))
        for position, secret in enumerate(secrets):
            values = (name, position, self._keyring.encrypt(secret), now)
            self._connection.execute(sql("insert_notify_secret"), values)
