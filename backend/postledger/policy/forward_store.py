"""Stores forwards as configuration, with their secrets encrypted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.outgoing.rules.forward import Forward
from postledger.platform.keyring import Keyring, WrongMasterKey
from postledger.platform.postgres.sql import statements_of
from postledger.policy.forward_config import ForwardConfig
from postledger.policy.source_secrets import LockedSecret

sql = statements_of("postledger.policy")


class ForwardStore:
    """Reads and writes forwards over one connection. The caller opens the transaction."""

    def __init__(self, connection: Connection[Any], keyring: Keyring) -> None:
        self._connection, self._keyring = connection, keyring

    def read(self, *, in_force: bool) -> list[ForwardConfig]:
        """Read the forwards in force, or the retired ones. Secrets are None if one of them cannot be decrypted."""
        rows = self._connection.execute(sql("read_forwards"), (in_force,)).fetchall()
        return [self._make_config(slug, settings, self._read_secrets(slug)) for slug, settings in rows]

    def write(self, config: ForwardConfig, now: datetime) -> None:
        """Put a forward into force."""
        settings = msgspec.json.encode(config.forward).decode()
        self._connection.execute(sql("upsert_forward"), (config.forward.slug, settings, now))
        if config.secrets is not None:
            self._replace_secrets(config.forward.slug, config.secrets, now)

    def retire(self, slug: str, now: datetime) -> None:
        """Take a forward out of force. Its secrets are deleted: one that is revived must not use forgotten ones."""
        self._connection.execute(sql("retire_forward"), (now, slug))
        self._connection.execute(sql("delete_forward_secrets"), (slug,))

    def reencrypt(self) -> list[str]:
        """Encrypt every secret under the first master key.

        Returns the forward of each secret. Raises `LockedSecret`.
        """
        rows = self._connection.execute(sql("read_forward_secrets")).fetchall()
        for slug, position, ciphertext in rows:
            try:
                renewed = self._keyring.reencrypt(bytes(ciphertext))
            except WrongMasterKey:
                raise LockedSecret(f"forward {slug}") from None
            self._connection.execute(sql("replace_forward_ciphertext"), (renewed, slug, position))
        return [slug for slug, _, _ in rows]

    def list_current(self) -> list[bool]:
        """Return for every secret whether it is encrypted under the first master key."""
        rows = self._connection.execute(sql("read_forward_secrets")).fetchall()
        return [self._keyring.is_current(bytes(ciphertext)) for _, _, ciphertext in rows]

    def find_locked(self) -> str | None:
        """Return the slug of a forward in force with a secret that no master key decrypts, or None."""
        return next((config.forward.slug for config in self.read(in_force=True) if config.secrets is None), None)

    def _make_config(self, slug: str, settings: object, secrets: tuple[str, ...] | None) -> ForwardConfig:
        try:
            return ForwardConfig(msgspec.convert(settings, Forward), secrets)
        except msgspec.ValidationError:
            return ForwardConfig(Forward(slug, ""), secrets, is_readable=False)

    def _read_secrets(self, slug: str) -> tuple[str, ...] | None:
        rows = self._connection.execute(sql("read_secrets_of_forward"), (slug,)).fetchall()
        try:
            return tuple(self._keyring.decrypt(bytes(ciphertext)) for (ciphertext,) in rows)
        except WrongMasterKey:
            return None

    def _replace_secrets(self, slug: str, secrets: Sequence[str], now: datetime) -> None:
        self._connection.execute(sql("delete_forward_secrets"), (slug,))
        for position, secret in enumerate(secrets):
            values = (slug, position, self._keyring.encrypt(secret), now)
            self._connection.execute(sql("insert_forward_secret"), values)
