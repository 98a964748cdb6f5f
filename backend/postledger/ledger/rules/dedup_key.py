"""The dedup key: two postbacks with the same key belong to the same conversion.

Each part is hashed with its length, so that no choice of names gives two conversions the same key.
"""

import hashlib

from postledger.ledger.rules.status_rules import Rules
from postledger.vocabulary.uuids import write_uuid


def dedup_key(source_id: int, event: str, transaction_id: str | None, click_id: str) -> str:
    """Make the key of (source, event, transaction id), or of the click id if the source sends no transaction id."""
    own = ("click", click_id) if transaction_id is None else ("transaction", transaction_id)
    return _hash(source_id, event, *own)


def dedup_key_by(
    rules: Rules, source_id: int, event: str, *, transaction_id: str | None, click_id: str, idempotency_key: str
) -> str:
    """Make the key by the rules of the event.

    Under `every`, a transaction id is still part of the key, so that the sender's own repeat finds the first postback.
    Without a transaction id the key is made of the idempotency key.
    """
    if rules.duplicates == "every" and transaction_id is None:
        return _hash(source_id, event, "occasion", idempotency_key)
    if rules.key_by == "transaction":
        return dedup_key(source_id, event, transaction_id, click_id)
    if rules.duplicates == "every" and transaction_id is not None:
        return _hash(source_id, event, "click and transaction", click_id, transaction_id)
    return dedup_key(source_id, event, None, click_id)


def _hash(source_id: int, *names: str) -> str:
    # A UUIDv8 made of SHA-256 (RFC 9562, appendix B.2): 16 bytes in Postgres, compared faster than text.
    parts = [part.encode() for part in (str(source_id), *names)]
    digest = hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()
    return write_uuid(int.from_bytes(digest[:16], "big"), version=8)
