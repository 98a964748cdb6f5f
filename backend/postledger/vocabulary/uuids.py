"""Writes 128-bit numbers as UUIDs (RFC 9562, section 4), for receipts and dedup keys."""

_VERSION_BITS = 0xF << 76
_VARIANT_BITS = 0x3 << 62


def write_uuid(value: int, version: int) -> str:
    """Write a 128-bit number as a lower-case UUID. Version and variant replace six of its bits."""
    stamped = value & ~_VERSION_BITS & ~_VARIANT_BITS | version << 76 | 0x2 << 62
    digits = f"{stamped:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
