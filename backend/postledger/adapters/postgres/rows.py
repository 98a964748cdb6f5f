"""The rows of the hot path, shaped as the statements in `queries/` read them: one JSON document a batch and table.

One JSON parameter costs less, on both sides together, than an array a column: see ADR 1 for the measurement.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import msgspec

from postledger.domain.entry import Entry, Outcome
from postledger.domain.event import Event
from postledger.domain.status import Standing

_encoder = msgspec.json.Encoder(decimal_format="string", uuid_format="canonical")


def encode_rows(rows: Sequence[msgspec.Struct]) -> str:
    """Write rows as the JSON array that `json_to_recordset` reads; absent columns become NULL."""
    return _encoder.encode(rows).decode()


class ConversionRow(msgspec.Struct, omit_defaults=True):
    """A conversion to be opened; `id` is the receipt of the postback that opens it."""

    dedup_key: str
    id: str
    source_id: int
    event: str
    click_id: str
    status: str
    received_at: datetime
    transaction_id: str | None = None
    campaign_id: int | None = None
    affiliate_id: str | None = None
    source_status: str | None = None
    payout: Decimal | None = None
    currency: str | None = None
    subs: dict[str, str] | None = None
    event_time: datetime | None = None


class FoldedRow(msgspec.Struct, omit_defaults=True):
    """A known conversion as it stands after a fold."""

    dedup_key: str
    status: str
    updated_at: datetime
    source_status: str | None = None
    payout: Decimal | None = None
    currency: str | None = None
    event_time: datetime | None = None


class PostbackRow(msgspec.Struct, omit_defaults=True):
    """The audit row of one request; `raw` travels as base64."""

    id: str
    received_at: datetime
    method: str
    verdict: str
    raw: bytes
    source_id: int | None = None
    source_ip: str | None = None
    reason: str | None = None
    parameter: str | None = None
    conversion_id: str | None = None
    secret_id: int | None = None
    event: str | None = None
    click_id: str | None = None
    transaction_id: str | None = None
    status: str | None = None
    source_status: str | None = None
    payout: Decimal | None = None
    currency: str | None = None
    event_time: datetime | None = None


def conversion_row(entry: Entry, event: Event, campaign_id: int | None, affiliate_id: str | None) -> ConversionRow:
    """Shape an event as a new conversion; what the postback says of the affiliate goes before what the click says."""
    assert entry.source_id is not None, "an event always has a source"
    return ConversionRow(
        event.dedup_key, entry.receipt, entry.source_id, event.event, event.click_id, event.status, entry.received_at,
        event.transaction_id, campaign_id, event.affiliate_id or affiliate_id, event.source_status,
        event.payout, event.currency, event.subs, event.event_time,
    )  # fmt: skip


def folded_row(entry: Entry, event: Event, standing: Standing) -> FoldedRow:
    """Shape the standing that an event brought about."""
    return FoldedRow(
        event.dedup_key, standing.status, entry.received_at, event.source_status,
        standing.payout, standing.currency, standing.event_time,
    )  # fmt: skip


def postback_row(entry: Entry, outcome: Outcome) -> PostbackRow:
    """Shape an entry and its outcome as the audit row."""
    row = PostbackRow(
        entry.receipt, entry.received_at, entry.method, outcome.verdict, entry.raw, entry.source_id,
        entry.source_address, conversion_id=outcome.conversion_id, secret_id=entry.secret_id,
    )  # fmt: skip
    if outcome.refusal is not None:
        row.reason, row.parameter = outcome.refusal.reason, outcome.refusal.parameter
    if entry.event is not None:
        _add_event(row, entry.event)
    return row


def _add_event(row: PostbackRow, event: Event) -> None:
    row.event, row.click_id, row.transaction_id = event.event, event.click_id, event.transaction_id
    row.status, row.source_status, row.event_time = event.status, event.source_status, event.event_time
    row.payout, row.currency = event.payout, event.currency
