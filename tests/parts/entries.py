"""Entries as the domain would judge them, for tests of the ledger that need no request."""

import secrets
import time
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from postledger.ingest.event_fields import read_fields
from postledger.ledger.entry import Entry
from postledger.ledger.rules.status_rules import Rules
from postledger.policy.source import Settings, Source
from postledger.vocabulary.receipt import ENTROPY_BYTES, make_receipt
from postledger.vocabulary.refusal import Reason, Refusal

ClickCheck = Literal["required", "observed"] | None
USUAL = Rules()
SOURCE = Source(1, "acme", Settings(currency="USD"))


def new_receipt() -> str:
    """A fresh UUIDv7."""
    return make_receipt(time.time_ns() // 1_000_000, secrets.token_bytes(ENTROPY_BYTES))


def entry_of(*, click_check: ClickCheck = None, rules: Rules = USUAL, **fields: str) -> Entry:
    """An accepted entry of source 1; the fields are a postback's canonical parameters."""
    receipt = new_receipt()
    settings = Settings(currency="USD", duplicates=rules.duplicates, key=rules.key_by)
    event = read_fields({"click_id": "C1", **fields}, Source(1, "acme", settings), receipt, datetime.now(UTC))
    return Entry(
        receipt=receipt,
        received_at=datetime.now(UTC),
        method="GET",
        source_id=SOURCE.id,
        source_address="127.0.0.1",
        raw=b"as sent",
        event=event,
        click_check=click_check,
        rules=rules,
    )


def refused_entry(reason: Reason = Reason.BAD_SIGNATURE) -> Entry:
    """An entry that was refused before the ledger saw it."""
    return Entry(receipt=new_receipt(), received_at=datetime.now(UTC), method="GET", refusal=Refusal(reason))


def same_again(entry: Entry, **changes: Any) -> Entry:
    """The entry as its sender repeats it: the same event under a new receipt."""
    return msgspec.structs.replace(entry, receipt=new_receipt(), received_at=datetime.now(UTC), **changes)
