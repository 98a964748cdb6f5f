"""A conversion event: the validated content of one postback, with its dedup key."""

from datetime import datetime
from decimal import Decimal

import msgspec

from postledger.vocabulary.click import LabelCause
from postledger.vocabulary.statuses import Standing, Status

DEFAULT_EVENT = "conversion"


class FormerKey(msgspec.Struct, frozen=True):
    """A dedup key that an earlier release, or earlier settings, gave to the same postback.

    It is certain if it named this conversion alone. If not, other conversions of the click had the same key.
    """

    dedup_key: str
    is_certain: bool


class Event(msgspec.Struct, frozen=True):
    """One goal that was reached, as its source reports it.

    `source_status` is the source's own word for `status`; `event_time` is aware UTC. `reverses` is the transaction id
    of the sale that a refund with an id of its own takes back from. `former_keys` are empty for nearly all events.
    `label_notes` are the labels that were cut or left out, and why.
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
    former_keys: tuple[FormerKey, ...] = ()
    label_notes: dict[str, LabelCause] | None = None

    @property
    def refund_id(self) -> str | None:
        """The transaction id of a refund that names its sale; None if it is that of the sale itself."""
        return self.transaction_id if self.reverses is not None and self.transaction_id != self.reverses else None

    @property
    def standing(self) -> Standing:
        """The state of the conversion according to this event."""
        return Standing(self.status, self.payout, self.currency, self.event_time)
