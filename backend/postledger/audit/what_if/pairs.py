"""Judges a stored postback by the rules in force and by other rules. Pure.

Most rows say the same by both, and what is on record. Only the others, and those that share a conversion with them,
need the ledger to tell what becomes of them.
"""

from typing import NamedTuple

from msgspec.structs import replace

from postledger.audit.replay.belief import Left, LeftOut
from postledger.audit.replay.judge import Judge, says_the_same
from postledger.audit.replay.selection import StoredRow
from postledger.ledger.entry import Entry
from postledger.vocabulary.refusal import Reason, Refusal
from postledger.vocabulary.statuses import Verdict

_OF_LEDGER = (Reason.UNKNOWN_CLICK, Reason.CONFLICT)
_REASONS = frozenset(map(str, Reason))
_GUARDED: LeftOut = (Left.NOT_KEPT, "parked")


class Pair(NamedTuple):
    """One row, and what it says by the rules in force and by the other ones."""

    row: StoredRow
    today: Entry
    then: Entry

    @property
    def is_plain(self) -> bool:
        """Whether both rules read the same, and read what is on record."""
        return _list_facts(self.today) == _list_facts(self.then) and _is_as_recorded(self.row, self.today)

    @property
    def keys(self) -> set[str]:
        """The dedup keys of the conversions that it may be about, by either rule."""
        events = [entry.event for entry in (self.today, self.then) if entry.event is not None]
        former = {key.dedup_key for event in events for key in event.former_keys}
        return {event.dedup_key for event in events} | former


def judge_by_both(row: StoredRow, today: Judge, then: Judge) -> Pair | LeftOut:
    """Judge a row twice, or tell why it is left out. A row that the other rules would not let in is refused by them.

    The reversal guard counts nothing here, so rows that it has parked are left out.
    """
    if row.verdict == Verdict.PARKED:
        return _GUARDED
    first, second = today.judge(row), then.judge(row)
    if isinstance(first, tuple):
        return first
    if not isinstance(second, tuple):
        return Pair(row, _unguard(first), _unguard(second))
    kind, reason = second
    if kind is Left.NOT_KEPT or reason not in _REASONS:
        return second
    return Pair(row, _unguard(first), replace(first, event=None, refusal=Refusal(Reason(reason))))


def _unguard(entry: Entry) -> Entry:
    return replace(entry, rules=replace(entry.rules, reversal_guard=None))


def _list_facts(entry: Entry) -> tuple[object, ...]:
    """List what decides what becomes of an entry."""
    return entry.event, entry.refusal, entry.rules, entry.click_check, entry.named_campaign_id


def _is_as_recorded(row: StoredRow, entry: Entry) -> bool:
    if entry.event is None:
        refusal = entry.refusal
        recorded = (row.reason, row.parameter, row.cause)
        return refusal is not None and recorded == (refusal.reason, refusal.parameter, refusal.cause)
    if row.verdict == Verdict.REFUSED:
        return row.reason in _OF_LEDGER
    return says_the_same(row, entry.event)
