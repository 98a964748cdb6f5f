"""Stores the secrets of a source, encrypted: the live ones, newest first, and those that were retired.

A secret that stays keeps its row, because audit rows name the secret that matched them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection

from postledger.platform.keyring import Keyring, WrongMasterKey
from postledger.platform.postgres.sql import statements_of
from postledger.policy.retired_secrets import RetiredSecret

sql = statements_of("postledger.policy")


class StoredSecret(NamedTuple):
    """One live secret. `secret` is None if no master key decrypts it."""

    id: int
    position: int
    secret: str | None
    created_at: datetime
    last_matched_at: datetime | None


class LockedSecret(Exception):
    """No master key decrypts a secret. The message is the slug of its source."""


class SourceSecrets:
    """Reads and replaces secrets over one connection. The caller opens the transaction."""

    def __init__(self, connection: Connection[Any], keyring: Keyring) -> None:
        self._connection, self._keyring = connection, keyring

    def find_source(self, slug: str) -> int | None:
        """Return the id of a source in force, or None."""
        row = self._connection.execute(sql("find_source"), (slug,)).fetchone()
        return None if row is None else int(row[0])

    def read(self, source_id: int) -> list[StoredSecret]:
        """Read the secrets of a source, newest first."""
        rows = self._connection.execute(sql("read_secrets"), (source_id,)).fetchall()
        return [StoredSecret(row[0], row[1], self._decrypt(bytes(row[2])), *row[3:]) for row in rows]

    def read_all(self, source_id: int) -> tuple[str, ...] | None:
        """Read the secrets without their dates. None if one of them cannot be decrypted."""
        secrets = [stored.secret for stored in self.read(source_id)]
        found = tuple(secret for secret in secrets if secret is not None)
        return found if len(found) == len(secrets) else None

    def replace(self, source_id: int, secrets: Sequence[str], now: datetime) -> None:
        """Make these the live secrets of a source, in this order. The others are remembered, and may return."""
        known = {stored.secret: stored.id for stored in self.read(source_id) if stored.secret is not None}
        kept = [known[secret] for secret in secrets if secret in known]
        self._retire(source_id, now, kept, may_return=True)
        self._forget_replaced(source_id, secrets)
        self._connection.execute(sql("clear_positions"), (source_id,))
        for position, secret in enumerate(secrets):
            if secret in known:
                self._connection.execute(sql("move_secret"), (position, known[secret]))
            else:
                values = (source_id, position, self._keyring.encrypt(secret), now)
                self._connection.execute(sql("insert_secret"), values)

    def retire(self, source_id: int, now: datetime, *, kept: Sequence[int] = ()) -> None:
        """Retire the secrets of a source, except those of the `kept` ids. They are never accepted again."""
        self._retire(source_id, now, kept, may_return=False)

    def read_retired(self, slug: str) -> list[RetiredSecret]:
        """Read the retired and the replaced secrets of a source, without those that no master key decrypts."""
        rows = self._connection.execute(sql("read_retired_secrets"), (slug,)).fetchall()
        decrypted = [(self._decrypt(bytes(ciphertext)), at, may_return) for ciphertext, at, may_return in rows]
        return [RetiredSecret(secret, at, may_return) for secret, at, may_return in decrypted if secret is not None]

    def reencrypt(self) -> list[str]:
        """Encrypt every secret under the first master key, those of retired sources too.

        Returns the source of each live secret. Raises `LockedSecret`.
        """
        self._reencrypt_retired()
        rows = self._connection.execute(sql("read_all_secrets")).fetchall()
        for secret_id, slug, ciphertext in rows:
            try:
                renewed = self._keyring.reencrypt(bytes(ciphertext))
            except WrongMasterKey:
                raise LockedSecret(slug) from None
            self._connection.execute(sql("replace_ciphertext"), (renewed, secret_id))
        return [slug for _, slug, _ in rows]

    def list_current(self) -> list[bool]:
        """Return for every secret whether it is encrypted under the first master key."""
        rows = self._connection.execute(sql("read_all_secrets")).fetchall()
        return [self._keyring.is_current(bytes(ciphertext)) for _, _, ciphertext in rows]

    def find_locked(self) -> str | None:
        """Return the slug of a source in force with a secret that no master key decrypts, or None."""
        rows = self._connection.execute(sql("read_secrets_in_force")).fetchall()
        return next((slug for slug, ciphertext in rows if self._decrypt(bytes(ciphertext)) is None), None)

    def _retire(self, source_id: int, now: datetime, kept: Sequence[int], *, may_return: bool) -> None:
        values = {"source_id": source_id, "kept": list(kept), "now": now, "may_return": may_return}
        self._connection.execute(sql("retire_secrets"), values)

    def _forget_replaced(self, source_id: int, live: Sequence[str]) -> None:
        rows = self._connection.execute(sql("read_replaced_secrets"), (source_id,)).fetchall()
        returned = [replaced_id for replaced_id, ciphertext in rows if self._decrypt(bytes(ciphertext)) in live]
        self._connection.execute(sql("forget_replaced_secrets"), (returned,))

    def _reencrypt_retired(self) -> None:
        # A retired secret that no key decrypts is left as it is: it must not prevent the change of the master key.
        for retired_id, ciphertext in self._connection.execute(sql("read_all_retired_secrets")).fetchall():
            if (secret := self._decrypt(bytes(ciphertext))) is not None:
                values = (self._keyring.encrypt(secret), retired_id)
                self._connection.execute(sql("replace_retired_ciphertext"), values)

    def _decrypt(self, ciphertext: bytes) -> str | None:
        try:
            return self._keyring.decrypt(ciphertext)
        except WrongMasterKey:
            return None
