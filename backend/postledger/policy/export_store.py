"""Stores targets of exports as configuration, with their secrets encrypted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.rules.export_settings import ExportSettings
from postledger.platform.keyring import Keyring, WrongMasterKey
from postledger.platform.postgres.sql import statements_of
from postledger.policy.export_config import ExportConfig
from postledger.policy.source_secrets import LockedSecret

sql = statements_of("postledger.policy")


class ExportStore:
    """Reads and writes targets of exports over one connection. The caller opens the transaction."""

    def __init__(self, connection: Connection[Any], keyring: Keyring) -> None:
        self._connection, self._keyring = connection, keyring

    def read(self, *, in_force: bool) -> list[ExportConfig]:
        """Read the targets in force, or the retired ones. Secrets are None if one of them cannot be decrypted."""
        rows = self._connection.execute(sql("read_exports"), (in_force,)).fetchall()
        return [self._make_config(slug, settings, self._read_secrets(slug)) for slug, settings in rows]

    def write(self, config: ExportConfig, now: datetime) -> None:
        """Put a target into force."""
        settings = msgspec.json.encode(config.settings).decode()
        self._connection.execute(sql("upsert_export"), (config.settings.slug, settings, now))
        if config.secrets is not None:
            self._replace_secrets(config.settings.slug, config.secrets, now)

    def retire(self, slug: str, now: datetime) -> None:
        """Take a target out of force. Its secrets are deleted: one that is revived must not use forgotten ones."""
        self._connection.execute(sql("retire_export"), (now, slug))
        self._connection.execute(sql("delete_export_secrets"), (slug,))

    def reencrypt(self) -> list[str]:
        """Encrypt every secret under the first master key.

        Returns the target of each secret. Raises `LockedSecret`.
        """
        rows = self._connection.execute(sql("read_export_secrets")).fetchall()
        for slug, name, ciphertext in rows:
            try:
                renewed = self._keyring.reencrypt(bytes(ciphertext))
            except WrongMasterKey:
                raise LockedSecret(f"export {slug}") from None
            self._connection.execute(sql("replace_export_ciphertext"), (renewed, slug, name))
        return [slug for slug, _, _ in rows]

    def list_current(self) -> list[bool]:
        """Return for every secret whether it is encrypted under the first master key."""
        rows = self._connection.execute(sql("read_export_secrets")).fetchall()
        return [self._keyring.is_current(bytes(ciphertext)) for _, _, ciphertext in rows]

    def find_locked(self) -> str | None:
        """Name a target in force with a secret that no master key decrypts. None if there is none."""
        locked = (config.settings.slug for config in self.read(in_force=True) if config.secrets is None)
        return next((f"export {slug}" for slug in locked), None)

    def _make_config(self, slug: str, settings: object, secrets: Mapping[str, str] | None) -> ExportConfig:
        try:
            return ExportConfig(msgspec.convert(settings, ExportSettings), secrets)
        except msgspec.ValidationError:
            return ExportConfig(ExportSettings(slug, "csv"), secrets, is_readable=False)

    def _read_secrets(self, slug: str) -> dict[str, str] | None:
        rows = self._connection.execute(sql("read_secrets_of_export"), (slug,)).fetchall()
        try:
            return {name: self._keyring.decrypt(bytes(ciphertext)) for name, ciphertext in rows}
        except WrongMasterKey:
            return None

    def _replace_secrets(self, slug: str, secrets: Mapping[str, str], now: datetime) -> None:
        self._connection.execute(sql("delete_export_secrets"), (slug,))
        for name, secret in secrets.items():
            self._connection.execute(sql("insert_export_secret"), (slug, name, self._keyring.encrypt(secret), now))
