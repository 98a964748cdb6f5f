"""Signs a body as Standard Webhooks specifies it: https://www.standardwebhooks.com, version 1, symmetric keys."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"
_FEWEST_BYTES, _MOST_BYTES = 24, 64


def read_signing_key(secret: str) -> bytes:
    """Read the key of a secret; raises ValueError with what to do."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not _FEWEST_BYTES <= len(key) <= _MOST_BYTES:
        raise ValueError(
            f"must be {PREFIX} and the base64 of {_FEWEST_BYTES} to {_MOST_BYTES} random bytes,"
            f' such as the output of: echo "{PREFIX}$(openssl rand -base64 32)"'
        )
    return key


def sign(message_id: str, body: bytes, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """Make the headers of the signature. All live secrets sign, so that receivers can change theirs in between."""
    timestamp = str(int(now.timestamp()))
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = [hmac.digest(read_signing_key(secret), content, hashlib.sha256) for secret in secrets]
    written = " ".join(f"v1,{base64.b64encode(signature).decode()}" for signature in signatures)
    return {"webhook-timestamp": timestamp, "webhook-signature": written}
