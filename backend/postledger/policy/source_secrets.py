"""The live secrets of a source: kept encrypted, newest first, and replaced without touching those that stay.

A secret that stays keeps its row, so that audit rows go on naming the secret that matched them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg import Connection

from postledger.platform.keyring import Keyring, WrongMasterKey

_READ = """
SELECT id, position, ciphertext, created_at, last_matched_at FROM source_secrets WHERE source_id = %s ORDER BY position
"""
_FIND_SOURCE = "SELECT id FROM sources WHERE slug = %s AND removed_at IS NULL"
_DELETE = "DELETE FROM source_secrets WHERE source_id = %s AND NOT id = ANY(%s)"
# Below zero first: a position is free for its new secret only when the old one has left it.
_CLEAR_POSITIONS = "UPDATE source_secrets SET position = -1 - position WHERE source_id = %s"
_MOVE = "UPDATE source_secrets SET position = %s WHERE id = %s"
_INSERT = """
INSERT INTO source_secrets (source_id, position, ciphertext, created_at) VALUES (%s, %s, %s, %s)
"""
_READ_EVERY = """
SELECT source_secrets.id, slug, ciphertext
FROM source_secrets
JOIN sources ON sources.id = source_id
ORDER BY source_secrets.id
"""
_REPLACE_CIPHERTEXT = "UPDATE source_secrets SET ciphertext = %s WHERE id = %s"


class StoredSecret(NamedTuple):
    """One live secret; `secret` is None where no master key decrypts it."""

    id: int
    position: int
    secret: str | None
    created_at: datetime
    last_matched_at: datetime | None


class LockedSecret(Exception):
    """A secret that no master key decrypts; the message is the slug of its source."""


class SourceSecrets:
    """Reads and replaces secrets over one connection; transactions are the caller's."""

    def __init__(self, connection: Connection[Any], keyring: Keyring) -> None:
        self._connection, self._keyring = connection, keyring

    def find_source(self, slug: str) -> int | None:
        """Find the id of a source that is in force."""
        row = self._connection.execute(_FIND_SOURCE, (slug,)).fetchone()
        return None if row is None else int(row[0])

    def read(self, source_id: int) -> list[StoredSecret]:
        """Read the secrets of a source, newest first."""
        rows = self._connection.execute(_READ, (source_id,)).fetchall()
        return [StoredSecret(row[0], row[1], self._decrypt(bytes(row[2])), *row[3:]) for row in rows]

    def read_all(self, source_id: int) -> tuple[str, ...] | None:
        """Read the secrets alone, or None where one of them cannot be decrypted."""
        secrets = [stored.secret for stored in self.read(source_id)]
        found = tuple(secret for secret in secrets if secret is not None)
        return found if len(found) == len(secrets) else None

    def replace(self, source_id: int, secrets: Sequence[str], now: datetime) -> None:
        """Make these the live secrets, in this order."""
        known = {stored.secret: stored.id for stored in self.read(source_id) if stored.secret is not None}
        kept = [known[secret] for secret in secrets if secret in known]
        self._connection.execute(_DELETE, (source_id, kept))
        self._connection.execute(_CLEAR_POSITIONS, (source_id,))
        for position, secret in enumerate(secrets):
            if secret in known:
                self._connection.execute(_MOVE, (position, known[secret]))
            else:
                values = (source_id, position, self._keyring.encrypt(secret), now)
                self._connection.execute(_INSERT, values)

    def encrypt_anew(self) -> list[str]:
        """Encrypt every secret under the current master key, those of retired sources too; names each one's source."""
        rows = self._connection.execute(_READ_EVERY).fetchall()
        for secret_id, slug, ciphertext in rows:
            try:
                renewed = self._keyring.encrypt_anew(bytes(ciphertext))
            except WrongMasterKey:
                raise LockedSecret(slug) from None
            self._connection.execute(_REPLACE_CIPHERTEXT, (renewed, secret_id))
        return [slug for _, slug, _ in rows]

    def tell_current(self) -> list[bool]:
        """Tell of every secret whether it is under the current master key."""
        rows = self._connection.execute(_READ_EVERY).fetchall()
        return [self._keyring.is_current(bytes(ciphertext)) for _, _, ciphertext in rows]

    def _decrypt(self, ciphertext: bytes) -> str | None:
        try:
            return self._keyring.decrypt(ciphertext)
        except WrongMasterKey:
            return None
