"""Secrets as the ledger knows them, and signing as a sender of the profile `postledger-v1` does.

Verification is not here: the profiles compile it, each from its own description.
"""

import base64
import hmac
from typing import Literal

import msgspec

from postledger.signatures.keys import read_key


class Key(msgspec.Struct, frozen=True):
    """One live secret: its id in the ledger, and its text."""

    secret_id: int
    secret: str

    @classmethod
    def from_secret(cls, secret_id: int, secret: str) -> "Key":
        """Take a secret; an empty one raises ValueError, for it would let forgeries pass."""
        if not secret.strip():
            raise ValueError("the secret is empty")
        return cls(secret_id, secret)

    @property
    def query(self) -> bytes:
        """The key under which `postledger-v1` signs a query."""
        return _read_bytes("utf8", self.secret)

    @property
    def webhook(self) -> bytes:
        """The key under which Standard Webhooks sign a body."""
        return _read_bytes("whsec", self.secret)


def _read_bytes(form: Literal["utf8", "whsec"], secret: str) -> bytes:
    key = read_key(form, secret)
    assert isinstance(key, bytes), "these two forms are bytes"
    return key


def sign_query(key: bytes, message: bytes) -> str:
    """Sign a raw query string: lower-case hex of HMAC-SHA256."""
    return hmac.digest(key, message, "sha256").hex()


def sign_webhook(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    """Sign a body as Standard Webhooks does: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`."""
    mac = hmac.digest(key, b"%b.%b.%b" % (message_id.encode("latin-1"), timestamp.encode("latin-1"), body), "sha256")
    return "v1," + base64.b64encode(mac).decode()
