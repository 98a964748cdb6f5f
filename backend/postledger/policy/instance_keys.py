"""Keeps the keys that belong to one ledger, encrypted under the master key: that of the hashes that replace personal
data, and that of the MACs in click ids."""

import secrets
from datetime import datetime
from typing import Any, Literal

from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.platform.postgres.sql import statements_of
from postledger.policy.privacy import hash_personal

sql = statements_of("postledger.policy")

Name = Literal["pii", "click"]
_NAMES: tuple[Name, ...] = ("pii", "click")
_KEY_BYTES = 32


def open_key(connection: Connection[Any], keyring: Keyring, name: Name, now: datetime) -> bytes:
    """Read a key, and create it if the ledger has none. Raises `WrongMasterKey`."""
    ciphertext = _read(connection, name)
    if ciphertext is None:
        connection.execute(sql("create_instance_key"), (name, keyring.encrypt(secrets.token_hex(_KEY_BYTES)), now))
        ciphertext = _read(connection, name)
    assert ciphertext is not None, "it was created above, by this process or by another one"
    return bytes.fromhex(keyring.decrypt(ciphertext))


def reencrypt_keys(connection: Connection[Any], keyring: Keyring) -> None:
    """Encrypt the keys under the first master key. Raises `WrongMasterKey`."""
    for name in _NAMES:
        ciphertext = _read(connection, name)
        if ciphertext is not None:
            connection.execute(sql("replace_instance_key"), (keyring.reencrypt(ciphertext), name))


def _read(connection: Connection[Any], name: Name) -> bytes | None:
    row = connection.execute(sql("read_instance_key"), (name,)).fetchone()
    return None if row is None else bytes(row[0])


def hash_datum(connection: Connection[Any], keyring: Keyring, datum: str, now: datetime) -> str:
    """Return the hash that replaces a personal datum in this ledger. Raises `WrongMasterKey`."""
    return hash_personal(open_key(connection, keyring, "pii", now), datum)
