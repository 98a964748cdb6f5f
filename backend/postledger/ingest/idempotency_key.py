"""The idempotency key: tells a second charge from a repeat of the first, if a source counts every postback.

Networks retry, and a request that was seen by others can be replayed. Neither may book money twice.
"""

import hashlib
from collections.abc import Mapping

from postledger.decoding.pairs import DecodedRequest
from postledger.policy.source import Source
from postledger.vocabulary.incoming_request import Request


def find_idempotency_key(request: Request, decoded: DecodedRequest, source: Source, *, is_signed: bool) -> str:
    """Find the key of a postback: the same for its repeat, another one for another charge.

    The key is the signed message id. Without one it is the signed content, provided that a timestamp is part of it.
    Otherwise it is all parameters together, provided that `event_time` is one of them. Otherwise nothing tells two
    charges apart, and the key is the receipt. It is the receipt also if the postback has a transaction id.
    """
    if "transaction_id" in decoded.fields:
        return request.receipt
    message = source.verifier.name_message(request, decoded) if is_signed else None
    if message is not None:
        return message
    return _hash_fields(decoded.fields) if "event_time" in decoded.fields else request.receipt


def _hash_fields(fields: Mapping[str, str]) -> str:
    # Each part with its length, as in a dedup key, so that no two sets of fields have the same text.
    parts = [part.encode("utf-8", "surrogatepass") for pair in sorted(fields.items()) for part in pair]
    return "fields " + hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).hexdigest()
