"""Receipts: the UUIDv7 that identifies one request in the response, in the logs and in the ledger.

The edge makes them; the backend makes its own only when it is called without an edge.
"""

import re

from postledger.vocabulary.uuids import write_uuid

ENTROPY_BYTES = 10
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def make_receipt(unix_ms: int, entropy: bytes) -> str:
    """Make a UUIDv7 (RFC 9562, section 5.7) from a time in milliseconds and `ENTROPY_BYTES` random bytes."""
    return write_uuid(unix_ms << 80 | int.from_bytes(entropy, "big"), version=7)


def is_receipt(text: str) -> bool:
    """Tell whether `text` is a UUIDv7 in its lower-case form."""
    return _UUID7.fullmatch(text) is not None


def receipt_unix_ms(receipt: str) -> int:
    """Read the time, in unix milliseconds, at which a receipt was made."""
    return int(receipt[:8] + receipt[9:13], 16)
