"""The occasion: what tells a second charge from a repeat of the first, where a source counts every postback.

A network repeats what it got no answer to, and whoever saw a request may send it again; neither may book money twice.
"""

import hashlib
from collections.abc import Mapping

from postledger.decoding.pairs import Reading
from postledger.policy.source import Source
from postledger.vocabulary.incoming_request import Request


def name_occasion(request: Request, reading: Reading, source: Source, *, is_verified: bool) -> str:
    """Name what one postback is about: the same for its repeat, another for another charge.

    A signed message goes by its own id, or by all that is signed if a time is in it; what says when it happened, by all
    that it says. Where nothing in a postback would differ between two charges it goes by its receipt, and so does
    every postback that has no need of an occasion.
    """
    if not source.counts_every or "transaction_id" in reading.fields:
        return request.receipt
    message = source.verifier.name_message(request, reading) if is_verified else None
    if message is not None:
        return message
    return _hash_fields(reading.fields) if "event_time" in reading.fields else request.receipt


def _hash_fields(fields: Mapping[str, str]) -> str:
    # With their lengths, never glued, as in a dedup key.
    parts = [part.encode() for pair in sorted(fields.items()) for part in pair]
    return "fields " + hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).hexdigest()
