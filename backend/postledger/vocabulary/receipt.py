"""Receipts: the UUIDv7 that identifies one request in the response, in the logs and in the ledger.

The edge makes them. The backend makes its own only if it is called without an edge.
"""

import re

ENTROPY_BYTES = 10
_STAMPED_BITS = 0xF << 76 | 0x3 << 62  # where a UUID has its version and its variant
_STAMP = 7 << 76 | 0x2 << 62
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def make_receipt(unix_ms: int, entropy: bytes) -> str:
    """Make a UUIDv7 (RFC 9562, section 5.7) from a time in milliseconds and `ENTROPY_BYTES` random bytes."""
    number = unix_ms << 80 | int.from_bytes(entropy, "big")
    digits = f"{number & ~_STAMPED_BITS | _STAMP:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def is_receipt(text: str) -> bool:
    """Tell whether `text` is a UUIDv7 in its lower-case form."""
    return _UUID7.fullmatch(text) is not None


def receipt_unix_ms(receipt: str) -> int:
    """Read the time, in unix milliseconds, at which a receipt was made."""
    return int(receipt[:8] + receipt[9:13], 16)
