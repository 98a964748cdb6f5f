"""The key of the hashes that stand for personal data: made once for a ledger, and kept under the master key."""

import secrets
from datetime import datetime
from typing import Any

from psycopg import Connection

from postledger.platform.keyring import Keyring

_NAME = "pii"
_KEY_BYTES = 32
_READ = "SELECT ciphertext FROM instance_keys WHERE name = %s"
_MAKE = "INSERT INTO instance_keys (name, ciphertext, created_at) VALUES (%s, %s, %s) ON CONFLICT (name) DO NOTHING"
_REPLACE = "UPDATE instance_keys SET ciphertext = %s WHERE name = %s"


def open_pii_key(connection: Connection[Any], keyring: Keyring, now: datetime) -> bytes:
    """Read the key, and make it where there is none; raises `WrongMasterKey`."""
    ciphertext = _read(connection)
    if ciphertext is None:
        connection.execute(_MAKE, (_NAME, keyring.encrypt(secrets.token_hex(_KEY_BYTES)), now))
        ciphertext = _read(connection)
    assert ciphertext is not None, "it was made just now, here or by another process"
    return bytes.fromhex(keyring.decrypt(ciphertext))


def encrypt_pii_key_anew(connection: Connection[Any], keyring: Keyring) -> None:
    """Encrypt the key under the current master key; raises `WrongMasterKey`."""
    ciphertext = _read(connection)
    if ciphertext is not None:
        connection.execute(_REPLACE, (keyring.encrypt_anew(ciphertext), _NAME))


def _read(connection: Connection[Any]) -> bytes | None:
    row = connection.execute(_READ, (_NAME,)).fetchone()
    return None if row is None else bytes(row[0])
