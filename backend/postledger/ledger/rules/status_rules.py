"""The status rules: what one more event does to a known conversion, by the rules of its source.

Pure. Everything that decides whether a second postback with a known key changes the conversion stands here.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec

from postledger.vocabulary.click import FORGOTTEN
from postledger.vocabulary.statuses import Standing, Status, Verdict

Duplicates = Literal["fold", "correct", "first", "every"]
KeyBy = Literal["transaction", "click"]
OtherClick = Literal["conflict", "ignore"]
OTHER_CLICKS: tuple[OtherClick, ...] = ("conflict", "ignore")
ChangeKind = Literal["status", "correction", "refund", "reversal"]
DUPLICATES: tuple[Duplicates, ...] = ("fold", "correct", "first", "every")
KEYS_BY: tuple[KeyBy, ...] = ("transaction", "click")

REVERSAL_GUARD = 100


class Rules(msgspec.Struct, frozen=True):
    """The rules of one event of a source. `key_by` and `every` are applied in the dedup key already.

    - `reversal_guard`: from how many conversions the source may take back within an hour; None is no limit.
    - `other_click`: what a postback with the key of a conversion and another click is.
    """

    duplicates: Duplicates = "fold"
    key_by: KeyBy = "transaction"
    may_reapprove: bool = False
    reversal_guard: int | None = REVERSAL_GUARD
    other_click: OtherClick = "conflict"


class HadPayout(NamedTuple):
    """A payout that the conversion had before."""

    payout: Decimal


class TakenBack(NamedTuple):
    """An amount that was taken back before: by the refund's own id, or if it has none, by its amount and time."""

    refund_id: str | None
    amount: Decimal | None = None
    event_time: datetime | None = None


class PartTakenBack(NamedTuple):
    """A part of the payout was taken back, so that the present payout is not what was paid."""


Memory = HadPayout | TakenBack | PartTakenBack
Past = frozenset[Memory]
"""What changed the worth of a conversion before. It is gathered together with the conversion."""


class Change(msgspec.Struct, frozen=True):
    """A change of a conversion, recorded as an event of its own.

    `delta` is the difference in worth that a correction, a refund or a reversal makes. It is None if no payout was
    known. A change of `status` may bring another currency, so it has none.
    """

    kind: ChangeKind
    delta: Decimal | None = None


class Folded(msgspec.Struct, frozen=True):
    """The conversion after an event, and the verdict on the event; None is a conflict. Only `updated` has a change."""

    standing: Standing
    verdict: Verdict | None
    change: Change | None = None


_ALLOWED = {
    (Status.PENDING, Status.APPROVED),
    (Status.PENDING, Status.REJECTED),
    (Status.APPROVED, Status.REJECTED),
}
_USUAL = Rules()


def fold(
    known: Standing, event: Standing, rules: Rules = _USUAL, past: Past = frozenset(), refund_id: str | None = None
) -> Folded:
    """Fold one more event into a known conversion: updated, duplicate, or a conflict that changes nothing.

    `refund_id` is the transaction id of a refund that names its sale with `reverses`.
    """
    if rules.duplicates == "first":
        return Folded(known, Verdict.DUPLICATE)
    if event.status == Status.REVERSED:
        return _take_back(known, event, past, refund_id)
    if event.status == known.status:
        return _fold_same(known, event, rules, past)
    if event.status == Status.PENDING or _is_older(event, known):
        return Folded(known, None if _is_worth_more_than_was_taken_back(known, event, past) else Verdict.DUPLICATE)
    reapproved = rules.may_reapprove and (known.status, event.status) == (Status.REJECTED, Status.APPROVED)
    if reapproved or (known.status, event.status) in _ALLOWED:
        return Folded(_advance(known, event), Verdict.UPDATED, Change("status"))
    return Folded(known, None)


def is_other_click(brought: str, known: str) -> bool:
    """Return whether a postback names another click than the conversion with its key.

    Earlier releases stored click ids with the blanks around them. An erased click id equals every other.
    """
    return known not in (brought, FORGOTTEN) and brought.strip() != known.strip()


def remember(
    kind: ChangeKind, payout_before: Decimal | None, amount: Decimal | None, at: datetime | None, refund_id: str | None
) -> Past:
    """Give what later folds must know of a change. `amount` and `at` are those of its event."""
    if kind == "status":
        return frozenset()
    had: list[Memory] = [] if payout_before is None else [HadPayout(payout_before)]
    if kind == "correction":
        return frozenset(had)
    part = [PartTakenBack()] if kind == "refund" else []
    return frozenset([*had, *part, *_name_taken(amount, at, refund_id)])


def _fold_same(known: Standing, event: Standing, rules: Rules, past: Past) -> Folded:
    if not _brings_other_money(known, event) or _is_late_repeat(known, event, past):
        return Folded(known, Verdict.DUPLICATE)
    # After a refund, another payout may include what was taken back or not: no rule can know.
    if rules.duplicates != "correct" or not _is_comparable(known, event) or PartTakenBack() in past:
        return Folded(known, None)
    if _is_older(event, known):
        return Folded(known, Verdict.DUPLICATE)
    delta = (event.payout or Decimal(0)) - (known.payout or Decimal(0))
    return Folded(_advance(known, event), Verdict.UPDATED, Change("correction", delta))


def _brings_other_money(known: Standing, event: Standing) -> bool:
    if event.payout is None:
        return event.currency is not None and event.currency != known.currency
    return (event.payout, event.currency) != (known.payout, known.currency)


def _is_comparable(known: Standing, event: Standing) -> bool:
    # Amounts in two currencies have no difference.
    return event.payout is not None and (known.payout is None or event.currency == known.currency)


def _is_late_repeat(known: Standing, event: Standing, past: Past) -> bool:
    # A repeat of a postback from before a correction must not undo the correction. Only a later time of the sender's
    # own clock makes it a new correction.
    if event.payout is None or event.currency != known.currency or HadPayout(event.payout) not in past:
        return False
    return event.event_time is None or known.event_time is None or event.event_time <= known.event_time


def _take_back(known: Standing, event: Standing, past: Past, refund_id: str | None) -> Folded:
    if _was_taken_back(event, past, refund_id):
        return Folded(known, Verdict.DUPLICATE)
    if known.status == Status.REVERSED:
        return Folded(known, Verdict.DUPLICATE if _takes_the_same(known, event) else None)
    if _is_older(event, known):
        return Folded(known, Verdict.DUPLICATE)
    if known.status != Status.APPROVED or (refund_id is not None and TakenBack(refund_id) in past):
        return Folded(known, None)
    if event.payout is not None and event.payout < 0:
        return _take_amount(known, event, event.payout)
    delta = None if known.payout is None else -known.payout
    return Folded(_advance(known, event), Verdict.UPDATED, Change("reversal", delta))


def _take_amount(known: Standing, event: Standing, amount: Decimal) -> Folded:
    if known.payout is None or event.currency != known.currency or known.payout + amount < 0:
        return Folded(known, None)  # more than there is, or another currency: no payout becomes negative
    at = event.event_time or known.event_time
    if known.payout + amount == 0:
        whole = Standing(Status.REVERSED, known.payout, known.currency, at)
        return Folded(whole, Verdict.UPDATED, Change("reversal", amount))
    rest = Standing(known.status, known.payout + amount, known.currency, at)
    return Folded(rest, Verdict.UPDATED, Change("refund", amount))


def _is_worth_more_than_was_taken_back(known: Standing, event: Standing, past: Past) -> bool:
    # A refund that came before its sale opened the conversion with the refund's amount. The sale is older and must not
    # change the status. If it is worth more, the rest was never booked: a conflict shows that to an operator.
    if (known.status, event.status) != (Status.REVERSED, Status.APPROVED):
        return False
    if event.payout is None or known.payout is None:  # a reversal without an amount takes back everything
        return False
    exceeds = event.currency != known.currency or event.payout > known.payout
    return exceeds and HadPayout(event.payout) not in past


def _takes_the_same(known: Standing, event: Standing) -> bool:
    if event.payout is None or known.payout is None:
        return not _brings_other_money(known, event)
    return (abs(event.payout), event.currency) == (abs(known.payout), known.currency)


def _was_taken_back(event: Standing, past: Past, refund_id: str | None) -> bool:
    if event.payout is None:
        return False
    names = {*_name_taken(event.payout, event.event_time, refund_id)[:1], TakenBack(FORGOTTEN, event.payout)}
    return not names.isdisjoint(past)  # an erased id equals every other


def _name_taken(amount: Decimal | None, at: datetime | None, refund_id: str | None) -> list[TakenBack]:
    # A refund is identified by its own id. Without one, the same amount at the same time is the same refund.
    return [TakenBack(None, amount, at)] if refund_id is None else [TakenBack(refund_id, amount), TakenBack(refund_id)]


def _is_older(event: Standing, known: Standing) -> bool:
    # Only two times of the sender's own clock can be compared: requests may arrive in any order.
    return event.event_time is not None and known.event_time is not None and event.event_time < known.event_time


def _advance(known: Standing, event: Standing) -> Standing:
    takes_money = event.payout is not None
    return Standing(
        status=event.status,
        payout=event.payout if takes_money else known.payout,
        currency=event.currency if takes_money else known.currency,
        event_time=event.event_time or known.event_time,
    )
