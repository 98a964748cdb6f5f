"""Requests as a source signs them, for tests of verification and validation that need no HTTP."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from postledger.ingest.receive import evaluate
from postledger.ledger.entry import Entry
from postledger.policy.source import Settings, Source
from postledger.signatures.secret_key import Key
from postledger.vocabulary.incoming_request import Request
from postledger.vocabulary.refusal import Refusal
from tests.parts.sender import sign_query, sign_webhook

NOW = datetime.fromtimestamp(1_790_000_010, UTC)
SECRET = "s3cret-current"
GOOD = "click_id=ABC123&payout=0.50&affiliate_id=456&transaction_id=TXN789&ts=1790000000"


def source(**settings: Any) -> Source:
    """A source with one secret, of id 11."""
    document = {"currency": "USD", **settings}
    return Source(1, "acme", msgspec.convert(document, Settings), (Key.from_secret(11, SECRET),))


def get(query: str, **changes: Any) -> Request:
    """A signed GET."""
    signature = sign_query(SECRET, query.encode("latin-1"))
    return Request("receipt", NOW, "GET", query=f"{query}&sig={signature}".encode("latin-1"), **changes)


def post(body: bytes, media_type: str = "application/json", **changes: Any) -> Request:
    """A signed POST."""
    signature = sign_webhook(SECRET, "msg_1", "1790000000", body)
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1790000000", "webhook-signature": signature}
    return Request("receipt", NOW, "POST", body=body, media_type=media_type, headers=headers, **changes)


def refusal_of(request: Request, by: Source | None = None) -> Refusal | None:
    """What a request is refused for, if at all."""
    return evaluate(request, by or source()).refusal


def event_of(entry: Entry) -> dict[str, Any]:
    """The fields of the event that an entry carries."""
    assert entry.refusal is None
    assert entry.event is not None
    return msgspec.structs.asdict(entry.event)
