"""The reversal guard: from how many conversions a source may take back within an hour before an operator must look.

One network once reversed a hundred sales by mistake. The decision is pure: the numbers are gathered before, under a
lock for each source, so that all processes and machines of one ledger count together.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import msgspec

from postledger.ledger.entry import Entry
from postledger.vocabulary.click import FORGOTTEN
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.statuses import Status, Verdict

WINDOW = timedelta(hours=1)


class Refund(NamedTuple):
    """What makes two reversals the same: conversion, own id, amount and time."""

    dedup_key: str
    refund_id: str | None
    amount: Decimal | None
    event_time: datetime | None


class Reversals(msgspec.Struct, frozen=True):
    """What the ledger knows of reversals.

    - `taken_back`: from how many conversions each source has taken back within the window.
    - `parked`: the receipts of reversals that wait for an operator, or that an operator has discarded.
    """

    taken_back: Mapping[int, int] = {}
    parked: Mapping[Refund, str] = {}


def is_guarded(entry: Entry) -> bool:
    """Tell whether the guard has to decide on an entry, if its conversion is known."""
    event, rules = entry.event, entry.rules
    if event is None or entry.source_id is None or rules.reversal_guard is None:
        return False
    return event.status is Status.REVERSED and rules.duplicates != "first"


class ReversalGuard:
    """Decides on the reversals of one batch, one after the other: those that it admits are counted."""

    def __init__(self, known: Reversals) -> None:
        self._taken_back, self._parked = dict(known.taken_back), dict(known.parked)
        self._counted: set[str] = set()

    def decide(self, entry: Entry, event: Event) -> Verdict | None:
        """Decide on a reversal: None books it, `parked` holds it back.

        The repeat of a reversal that was held back or discarded is a `duplicate`, also when the hour is over. Written
        again, because a commit went unanswered, a parked reversal stays `parked`.
        """
        limit = entry.rules.reversal_guard
        if limit is None or entry.source_id is None:
            return None
        refund = Refund(event.dedup_key, event.refund_id, event.payout, event.event_time)
        if refund._replace(refund_id=FORGOTTEN) in self._parked:  # an erased id equals every other
            refund = refund._replace(refund_id=FORGOTTEN)
        if refund not in self._parked:
            if self._admits(entry.source_id, event.dedup_key, limit):
                return None
            self._parked[refund] = entry.receipt
        return Verdict.PARKED if self._parked[refund] == entry.receipt else Verdict.DUPLICATE

    def _admits(self, source_id: int, dedup_key: str, limit: int) -> bool:
        if dedup_key in self._counted:
            return True
        taken_back = self._taken_back.get(source_id, 0)
        if taken_back >= limit:
            return False
        self._taken_back[source_id] = taken_back + 1
        self._counted.add(dedup_key)
        return True
