"""Finds what a ledger has encrypted and a machine's master keys do not decrypt."""

from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.keyring import Keyring, WrongMasterKey
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.policy")


class Decrypted(msgspec.Struct, frozen=True):
    """How many secrets the master keys decrypt, and which they do not: the slug of a source, or a key of the ledger."""

    opened: int
    locked: tuple[str, ...]


def try_secrets(connection: Connection[Any], keyring: Keyring | None) -> Decrypted:
    """Try to decrypt every secret that the ledger cannot do without. Without a keyring none can be decrypted."""
    rows = connection.execute(sql("read_encrypted")).fetchall()
    locked = [owner for owner, ciphertext in rows if not _opens(keyring, bytes(ciphertext))]
    return Decrypted(len(rows) - len(locked), tuple(dict.fromkeys(locked)))


def _opens(keyring: Keyring | None, ciphertext: bytes) -> bool:
    try:
        return keyring is not None and bool(keyring.decrypt(ciphertext))
    except WrongMasterKey:
        return False
