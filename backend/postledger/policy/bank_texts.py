"""Encrypts the texts of bank lines: counterparties, and what a payment is for.

The key is made of the ledger's key of personal data. So another master key changes none of the texts, and a copy of the
database alone reads none.
"""

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Any

from cryptography.fernet import Fernet
from psycopg import Connection

from postledger.platform.keyring import Keyring
from postledger.policy.bank_accounts import hash_account
from postledger.policy.instance_keys import open_key


class BankTexts:
    """Encrypts and decrypts texts, and hashes accounts and lines, of one ledger."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._fernet = Fernet(base64.urlsafe_b64encode(hmac.digest(key, b"bank text", hashlib.sha256)))
        self.fingerprint_key = hmac.digest(key, b"bank line", hashlib.sha256)

    def encrypt(self, text: str | None) -> bytes | None:
        """Encrypt a text. None stays None."""
        return None if text is None else self._fernet.encrypt(text.encode())

    def decrypt(self, ciphertext: bytes | None) -> str | None:
        """Decrypt a text. None stays None."""
        return None if ciphertext is None else self._fernet.decrypt(ciphertext).decode()

    def hash_account(self, account: str) -> bytes:
        """Hash an account number as those of payees and of our own accounts are hashed."""
        return hash_account(self._key, account)


def open_bank_texts(connection: Connection[Any], keyring: Keyring, now: datetime) -> BankTexts:
    """Open the texts of a ledger. Raises `WrongMasterKey`."""
    return BankTexts(open_key(connection, keyring, "pii", now))
