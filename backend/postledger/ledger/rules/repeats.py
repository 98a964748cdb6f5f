"""Decides what the repeats in a batch do to the conversions that they repeat. Pure: what is known is passed in.

The entries are folded one after the other, so that each sees what those before it have changed.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from msgspec.structs import replace

from postledger.ledger.entry import Entry, Outcome
from postledger.ledger.rows import ChangeRow, FoldedRow, ParkedRow
from postledger.ledger.rules.reversal_guard import ReversalGuard, Reversals
from postledger.ledger.rules.status_rules import Change, Past, fold, is_other_click, remember
from postledger.ledger.rules.unsigned_fields import carry_unsigned
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.refusal import Cause, Reason, Refusal
from postledger.vocabulary.statuses import Standing, Verdict

_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_STEP = timedelta(microseconds=1)


class KnownConversion(msgspec.Struct, frozen=True):
    """A conversion that is on the ledger, with its past.

    `revision` counts its states, the first one included; `changed_at` is when it reached the present one.
    """

    dedup_key: str
    id: str
    click_id: str
    campaign_id: int | None
    standing: Standing
    source_status: str | None = None
    unsigned: tuple[str, ...] = ()
    past: Past = frozenset()
    revision: int = 1
    changed_at: datetime = _LONG_AGO


class Decisions(msgspec.Struct, frozen=True):
    """The outcome of each entry by its receipt, and the rows that carry them out.

    `contradicted`: when each conversion was contradicted, by its dedup key.
    """

    outcomes: dict[str, Outcome]
    conversions: list[FoldedRow]
    contradicted: dict[str, datetime]
    changes: list[ChangeRow]
    parked: list[ParkedRow]


def decide_repeats(repeats: Sequence[Entry], known: Mapping[str, KnownConversion], reversals: Reversals) -> Decisions:
    """Decide on entries whose conversions are known, by dedup key."""
    batch = _Batch(known, reversals)
    outcomes = {entry.receipt: batch.decide(entry, entry.event) for entry in repeats if entry.event is not None}
    return Decisions(outcomes, list(batch.folded.values()), batch.contradicted, batch.changes, batch.parked)


class _Batch:
    """The conversions as the entries so far have left them, and the rows to write."""

    def __init__(self, known: Mapping[str, KnownConversion], reversals: Reversals) -> None:
        self._known, self._guard = dict(known), ReversalGuard(reversals)
        self.folded: dict[str, FoldedRow] = {}
        self.contradicted: dict[str, datetime] = {}
        self.changes: list[ChangeRow] = []
        self.parked: list[ParkedRow] = []

    def decide(self, entry: Entry, event: Event) -> Outcome:
        """Decide on one entry."""
        known = self._known[event.dedup_key]
        if known.id == entry.receipt:  # this entry opened it, in an attempt whose commit went unanswered
            return Outcome(Verdict.ACCEPTED, None, known.id, known.campaign_id, event.status)
        before = _standing_for(entry, event, known)
        if entry.rules.other_click == "conflict" and is_other_click(event.click_id, known.click_id):
            return self._contradict(entry, known, Refusal(Reason.CONFLICT, cause=Cause.OTHER_CLICK))
        folded = fold(before, event.standing, entry.rules, known.past, event.refund_id)
        if folded.verdict is None:
            return self._contradict(entry, known, Refusal(Reason.CONFLICT))
        held_back = self._hold_back(entry, event, known, folded.change)
        if held_back is not None:
            return Outcome(held_back, None, known.id, known.campaign_id)
        if folded.change is not None:
            self._update(entry, event, known, folded.standing, folded.change)
        reached = None if folded.standing.status == before.status else folded.standing.status
        return Outcome(folded.verdict, None, known.id, known.campaign_id, reached)

    def _contradict(self, entry: Entry, known: KnownConversion, refusal: Refusal) -> Outcome:
        self.contradicted[known.dedup_key] = entry.received_at
        return Outcome(Verdict.REFUSED, refusal, known.id, known.campaign_id, known.standing.status)

    def _hold_back(self, entry: Entry, event: Event, known: KnownConversion, change: Change | None) -> Verdict | None:
        if change is None or change.kind in ("status", "correction"):
            return None
        verdict = self._guard.decide(entry, event)
        if verdict is Verdict.PARKED:
            self.parked.append(_parked_row(entry, event, known.id))
        return verdict

    def _update(self, entry: Entry, event: Event, known: KnownConversion, after: Standing, change: Change) -> None:
        row = _change_row(entry, event, known, after, change)
        self.changes.append(row)
        # After a refund the status is still that of what is left, and so is the source's word for it.
        word = event.source_status if after.status == event.status else known.source_status
        unsigned = carry_unsigned(known.unsigned, entry.unsigned, event.standing)
        past = known.past | remember(row.kind, row.payout_before, row.payout, row.event_time, row.transaction_id)
        self._known[known.dedup_key] = replace(
            known, standing=after, source_status=word, unsigned=unsigned, past=past,
            revision=row.revision, changed_at=row.changed_at,
        )  # fmt: skip
        self.folded[known.dedup_key] = FoldedRow(
            known.dedup_key, after.status, row.revision, row.changed_at, word,
            after.payout, after.currency, after.event_time, unsigned or None,
        )  # fmt: skip


def _standing_for(entry: Entry, event: Event, known: KnownConversion) -> Standing:
    # What a replay judges again was received long ago. It must not undo a change that came since, even if the sender
    # gives no times.
    standing = known.standing
    if entry.replay_of is None or event.event_time is None or standing.event_time is not None:
        return standing
    return replace(standing, event_time=known.changed_at)


def _change_row(entry: Entry, event: Event, known: KnownConversion, after: Standing, change: Change) -> ChangeRow:
    assert entry.source_id is not None, "only a source has events"
    before = known.standing
    return ChangeRow(
        event.dedup_key, entry.receipt, entry.source_id, change.kind, entry.received_at,
        before.status, after.status, known.revision + 1, _time_change(entry, known),
        known.id if change.kind in ("refund", "reversal") else None, event.refund_id, event.source_status,
        event.payout, before.payout, before.currency, change.delta, _currency_of(event, before, change),
        event.event_time,
    )  # fmt: skip


def _time_change(entry: Entry, known: KnownConversion) -> datetime:
    # The outbox is read in the order of these times, so a later change must have a later time. The times of receipt
    # may be in another order, because requests arrive at several processes, on machines with clocks of their own.
    return max(entry.received_at, known.changed_at + _STEP)


def _currency_of(event: Event, before: Standing, change: Change) -> str | None:
    # What is taken back is in the currency that was booked, even if the reversal names another one.
    if change.kind == "status" or before.payout is None:
        return event.currency or before.currency
    return before.currency


def _parked_row(entry: Entry, event: Event, conversion_id: str) -> ParkedRow:
    assert entry.source_id is not None, "only a source has events"
    return ParkedRow(
        event.dedup_key, entry.receipt, conversion_id, entry.source_id, entry.received_at, event.refund_id,
        event.source_status, event.payout, event.currency, event.event_time, entry.unsigned or None,
    )  # fmt: skip
