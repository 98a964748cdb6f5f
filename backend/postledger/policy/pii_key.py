"""Keeps the key of the hashes that replace personal data: one per ledger, encrypted under the master key."""

import secrets
from datetime import datetime
from typing import Any

from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.platform.postgres.sql import statements_of
from postledger.policy.privacy import hash_personal

sql = statements_of("postledger.policy")

_NAME = "pii"
_KEY_BYTES = 32


def open_pii_key(connection: Connection[Any], keyring: Keyring, now: datetime) -> bytes:
    """Read the key, and create it if the ledger has none. Raises `WrongMasterKey`."""
    ciphertext = _read(connection)
    if ciphertext is None:
        connection.execute(sql("create_instance_key"), (_NAME, keyring.encrypt(secrets.token_hex(_KEY_BYTES)), now))
        ciphertext = _read(connection)
    assert ciphertext is not None, "it was created above, by this process or by another one"
    return bytes.fromhex(keyring.decrypt(ciphertext))


def reencrypt_pii_key(connection: Connection[Any], keyring: Keyring) -> None:
    """Encrypt the key under the first master key. Raises `WrongMasterKey`."""
    ciphertext = _read(connection)
    if ciphertext is not None:
        connection.execute(sql("replace_instance_key"), (keyring.reencrypt(ciphertext), _NAME))


def _read(connection: Connection[Any]) -> bytes | None:
    row = connection.execute(sql("read_instance_key"), (_NAME,)).fetchone()
    return None if row is None else bytes(row[0])


def hash_datum(connection: Connection[Any], keyring: Keyring, datum: str, now: datetime) -> str:
    """Return the hash that replaces a personal datum in this ledger. Raises `WrongMasterKey`."""
    return hash_personal(open_pii_key(connection, keyring, now), datum)
