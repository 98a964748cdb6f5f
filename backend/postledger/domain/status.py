"""The life of a conversion: its statuses, the changes that are allowed, and the fold of a repeated event.

Everything that decides whether a second postback for a known key is news stands here, and nothing else does.
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
    """What became of one postback."""

    ACCEPTED = "accepted"
    UPDATED = "updated"
    DUPLICATE = "duplicate"
    REFUSED = "refused"
    SPOOLED = "spooled"


class Standing(msgspec.Struct, frozen=True):
    """What a conversion says at one moment, or what one event says of it; times are aware, money is exact."""

    status: Status
    payout: Decimal | None
    currency: str | None
    event_time: datetime | None


class Folded(msgspec.Struct, frozen=True):
    """The outcome of a fold: the conversion afterwards, and the verdict on the event (None is a conflict)."""

    standing: Standing
    verdict: Verdict | None


_ALLOWED = {
    (Status.PENDING, Status.APPROVED),
    (Status.PENDING, Status.REJECTED),
    (Status.APPROVED, Status.REVERSED),
    (Status.APPROVED, Status.REJECTED),
}


def fold(known: Standing, event: Standing, *, may_reapprove: bool = False) -> Folded:
    """Fold one more event into a known conversion: updated, duplicate, or a conflict that changes nothing."""
    if event.status == known.status:
        return Folded(known, None if _brings_other_money(known, event) else Verdict.DUPLICATE)
    if event.status == Status.PENDING or _is_older(event, known):
        return Folded(known, Verdict.DUPLICATE)
    reapproved = may_reapprove and (known.status, event.status) == (Status.REJECTED, Status.APPROVED)
    if reapproved or (known.status, event.status) in _ALLOWED:
        return Folded(_advance(known, event), Verdict.UPDATED)
    return Folded(known, None)


def _brings_other_money(known: Standing, event: Standing) -> bool:
    if event.payout is None:
        return event.currency is not None and event.currency != known.currency
    return (event.payout, event.currency) != (known.payout, known.currency)


def _is_older(event: Standing, known: Standing) -> bool:
    # Only two times of the sender's own clock compare; the time of arrival says nothing of the order of events.
    return event.event_time is not None and known.event_time is not None and event.event_time < known.event_time


def _advance(known: Standing, event: Standing) -> Standing:
    takes_money = event.payout is not None
    return Standing(
        status=event.status,
        payout=event.payout if takes_money else known.payout,
        currency=event.currency if takes_money else known.currency,
        event_time=event.event_time or known.event_time,
    )
