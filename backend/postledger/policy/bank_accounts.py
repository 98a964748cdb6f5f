"""Reads bank accounts, and prepares them for storage: encrypted, and as a keyed hash that finds them again.

A message about an account never quotes it.
"""

import hashlib
import hmac
import re

import msgspec

from postledger.platform.keyring import Keyring

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_ACCOUNT = re.compile(r"[A-Z0-9]{4,64}")
_SEPARATORS = re.compile(r"[ \u00a0./-]")
_SHOWN = 4


class BadAccount(Exception):
    """A text is no bank account. The message says why."""


class SealedAccount(msgspec.Struct, frozen=True):
    """A bank account as it is stored."""

    ciphertext: bytes
    keyed_hash: bytes


def read_iban(text: str) -> str:
    """Read an IBAN with or without spaces. Raises `BadAccount`."""
    iban = _normalize(text)
    if not _IBAN.fullmatch(iban):
        raise BadAccount("must be an IBAN: two letters, two digits, and 11 to 30 letters and digits")
    if int("".join(str(int(letter, 36)) for letter in iban[4:] + iban[:4])) % 97 != 1:  # ISO 7064, as the IBAN says
        raise BadAccount("is an IBAN with wrong check digits; compare it with its source")
    return iban


def read_account(text: str) -> str:
    """Read a bank account that is no IBAN, such as routing number and account. Raises `BadAccount`."""
    account = _normalize(text)
    if not _ACCOUNT.fullmatch(account):
        raise BadAccount("must be 4 to 64 letters and digits; spaces, points, slashes and hyphens may separate them")
    return account


def hash_account(key: bytes, account: str) -> bytes:
    """Hash an account that was read. The same account has the same hash in this ledger, and in no other."""
    return hmac.digest(key, b"bank account:" + account.encode(), hashlib.sha256)


def seal_account(keyring: Keyring, key: bytes, account: str) -> SealedAccount:
    """Encrypt an account that was read, and hash it."""
    return SealedAccount(keyring.encrypt(account), hash_account(key, account))


def mask_account(account: str) -> str:
    """Write an account for people: the last four characters of one that is long enough to stay unknown."""
    return f"***{account[-_SHOWN:]}" if len(account) > 3 * _SHOWN else "***"


def _normalize(text: str) -> str:
    return _SEPARATORS.sub("", text).upper()
