"""The dedup key: what makes two postbacks the same conversion.

Its parts are hashed with their lengths, never glued, so that no choice of names can make two conversions collide.
"""

import hashlib

from postledger.domain.rfc9562 import write_uuid


def dedup_key(source_id: int, event: str, transaction_id: str | None, click_id: str) -> str:
    """Name the conversion by (source, event, transaction id), or by the click id where the source sends none.

    The key is a UUIDv8 made of SHA-256 (RFC 9562, appendix B.2): 16 bytes in Postgres, compared faster than text.
    """
    kind, own_id = ("click", click_id) if transaction_id is None else ("transaction", transaction_id)
    parts = [part.encode() for part in (str(source_id), event, kind, own_id)]
    digest = hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()
    return write_uuid(int.from_bytes(digest[:16], "big"), version=8)
