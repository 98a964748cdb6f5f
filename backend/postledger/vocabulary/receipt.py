"""Receipts: the UUIDv7 that identifies one request in the response, in the logs and in the ledger.

The edge makes them. The backend makes its own only if it is called without an edge. What a replay books has a receipt
of the same form, of version 8.
"""

import hashlib
import re

ENTROPY_BYTES = 10
_STAMPED_BITS = 0xF << 76 | 0x3 << 62  # where a UUID has its version and its variant
_STAMP = 7 << 76 | 0x2 << 62
_STAMP_OF_REPLAY = 8 << 76 | 0x2 << 62
_RECEIPT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def make_receipt(unix_ms: int, entropy: bytes) -> str:
    """Make a UUIDv7 (RFC 9562, section 5.7) from a time in milliseconds and `ENTROPY_BYTES` random bytes."""
    return _write(unix_ms, entropy, _STAMP)


def make_replay_receipt(unix_ms: int, postback: str, replay: str) -> str:
    """Make the receipt of a postback in a replay, a UUIDv8. It begins with the time, as every receipt does."""
    digest = hashlib.sha256(f"{postback} {replay}".encode()).digest()
    return _write(unix_ms, digest[:ENTROPY_BYTES], _STAMP_OF_REPLAY)


def _write(unix_ms: int, rest: bytes, stamp: int) -> str:
    digits = f"{(unix_ms << 80 | int.from_bytes(rest, 'big')) & ~_STAMPED_BITS | stamp:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def is_receipt(text: str) -> bool:
    """Tell whether `text` is a receipt in its lower-case form."""
    return _RECEIPT.fullmatch(text) is not None


def receipt_unix_ms(receipt: str) -> int:
    """Read the time, in unix milliseconds, at which a receipt was made."""
    return int(receipt[:8] + receipt[9:13], 16)
