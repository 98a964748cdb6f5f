"""What is published of a change: `/schemas/conversion-event-1.json`, version 1.

A version that was released is never changed. A consumer may meet keys that its version of the schema does not have.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from postledger.vocabulary.statuses import Status

SCHEMA = "conversion-event-1"
CONTENT_TYPE = "application/json"
Kind = Literal["opened", "updated", "corrected", "refunded", "reversed", "backfilled"]


class Worth(msgspec.Struct, frozen=True):
    """What a conversion is worth at one moment."""

    status: Status
    payout: Decimal | None
    currency: str | None


class PublishedChange(msgspec.Struct, frozen=True):
    """The conversion after this change and before it. `transaction_id` and `event_time` are those of the change itself.

    `before` is null for the first change, for a `backfilled` one, and if an earlier release made the change.
    """

    status: Status
    payout: Decimal | None
    currency: str | None
    before: Worth | None
    transaction_id: str | None
    event_time: datetime | None


class PublishedConversion(msgspec.Struct, frozen=True):
    """The conversion as it stands when the message is sent. `revision` counts its changes."""

    id: str
    revision: int
    source: str
    campaign: str | None
    affiliate_id: str | None
    event: str
    transaction_id: str | None
    click_id: str
    labels: dict[str, str]
    status: Status
    payout: Decimal | None
    currency: str | None
    event_time: datetime | None
    created_at: datetime


class ConversionEvent(msgspec.Struct, frozen=True):
    """One change of one conversion. `revision` is its number among the changes of the conversion."""

    version: Literal[1]
    receipt: str
    dedup_key: str
    kind: Kind
    revision: int
    received_at: datetime
    change: PublishedChange
    conversion: PublishedConversion


_encoder = msgspec.json.Encoder(decimal_format="string")
_decoder = msgspec.json.Decoder(ConversionEvent)


def encode(event: ConversionEvent) -> bytes:
    """Encode an event. Amounts are text, times are UTC."""
    return _encoder.encode(event)


def decode(body: bytes) -> ConversionEvent:
    """Decode an event. Raises `msgspec.DecodeError`, also for another version."""
    return _decoder.decode(body)


def message_id(event: ConversionEvent) -> str:
    """Return the id of a change, the same for each repeat. The receipt of a backfill belongs to many conversions."""
    return f"{event.dedup_key}/{event.receipt}"
