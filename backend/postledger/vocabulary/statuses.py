"""The words for what has become of a conversion and of a postback, and what a conversion says at one moment.

Apart from the fold, because entries, metrics and reports speak of statuses and decide nothing about them.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec


class Status(StrEnum):
    """What has become of a conversion."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    REVERSED = "reversed"


class Verdict(StrEnum):
    """What Postledger did with one postback.

    `parked`: the reversal guard holds the reversal back until an operator decides. `spooled`: the outage spool took the
    postback; nothing gives this verdict yet.
    """

    ACCEPTED = "accepted"
    UPDATED = "updated"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    PARKED = "parked"
    SPOOLED = "spooled"


class Standing(msgspec.Struct, frozen=True):
    """What a conversion says at one moment, or what one event says of it; times are aware, money is exact."""

    status: Status
    payout: Decimal | None
    currency: str | None
    event_time: datetime | None
