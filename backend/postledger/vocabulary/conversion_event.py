"""A conversion event: what a verified postback says of a conversion, typed and under its dedup key."""

from datetime import datetime
from decimal import Decimal

import msgspec

from postledger.vocabulary.statuses import Standing, Status


class Event(msgspec.Struct, frozen=True):
    """One goal reached, as its source tells it; `source_status` is the source's own word, `event_time` is aware UTC.

    `reverses` is the transaction id of the conversion that a reversal takes back from, where it has another of its own.
    """

    dedup_key: str
    event: str
    click_id: str
    transaction_id: str | None
    status: Status
    source_status: str | None
    payout: Decimal | None
    currency: str | None
    affiliate_id: str | None
    subs: dict[str, str] | None
    event_time: datetime | None
    reverses: str | None = None

    @property
    def own_id(self) -> str | None:
        """The id of a reversal that names what it reverses; one that bears the conversion's own id has none."""
        return self.transaction_id if self.reverses is not None and self.transaction_id != self.reverses else None

    @property
    def standing(self) -> Standing:
        """What this event says of the conversion's state."""
        return Standing(self.status, self.payout, self.currency, self.event_time)
