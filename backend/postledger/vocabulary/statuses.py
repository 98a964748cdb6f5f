"""Statuses of conversions, verdicts on postbacks, and the state of a conversion at one moment.

Entries, metrics and reports use these words without the rules that decide on them.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec


class Status(StrEnum):
    """The status of a conversion."""

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
    """The state of a conversion at one moment, or according to one event. Times are aware, amounts are exact."""

    status: Status
    payout: Decimal | None
    currency: str | None
    event_time: datetime | None
