"""Writes one batch of entries to the ledger and returns the outcome of each.

One statement settles all entries with new keys, and plain repeats. A second transaction folds the other entries with
known keys. A batch that is written twice has the same effect as one that is written once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace
from psycopg import Connection

from postledger.ledger.byte_leases import NOTHING, ByteLeases
from postledger.ledger.entry import Entry, Outcome, Unrecorded
from postledger.ledger.recorded_repeats import read_recorded
from postledger.ledger.repeat_writer import fold_repeats, write_decisions
from postledger.ledger.rows import EntryRow, encode_rows, entry_row
from postledger.ledger.rules.former_keys import Booked, choose_key
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.click import Click
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.refusal import Reason, Refusal
from postledger.vocabulary.statuses import Verdict

sql = statements_of("postledger.ledger")
_RECORD_ENTRIES, _RECORD_REPEATS = sql("record_entries"), sql("record_repeats")
_INSERT_CLICKS = sql("insert_clicks")


class _RecordedBefore(Exception):
    """Some repeats have their audit rows already: an attempt whose commit went unanswered has written them.

    They must not be folded a second time, because that could change a conversion twice.
    """


class Settled(NamedTuple):
    """What the first statement returns for one entry. Without a verdict, the entry is to be folded.

    `repeats`: the conversion that a plain repeat found as the repeat would leave it.
    """

    verdict: str | None
    reason: str | None
    campaign_id: int | None
    observed: list[str] | None
    is_imported: bool | None
    click_shed: bool | None
    repeats: str | None

    @property
    def observed_reasons(self) -> tuple[Reason, ...]:
        """Why the entry would be refused if its source were not in observe mode."""
        return tuple(map(Reason, self.observed)) if self.observed else ()


def write_batch(
    connection: Connection[Any], rows: Sequence[Entry | Click], budget: ByteLeases | None = None
) -> list[Outcome | None]:
    """Write the rows of one flush. A click has no outcome."""
    clicks = [row for row in rows if isinstance(row, Click)]
    entries = [row for row in rows if isinstance(row, Entry)]
    if clicks:
        _write_clicks(connection, clicks)
    outcomes = iter(write_entries(connection, entries, budget) if entries else ())
    return [next(outcomes) if isinstance(row, Entry) else None for row in rows]


def _write_clicks(connection: Connection[Any], clicks: Sequence[Click]) -> None:
    """Store a batch of visits."""
    connection.execute(_INSERT_CLICKS, (encode_rows(clicks),))


def check_writable(connection: Connection[Any]) -> None:
    """Raise if no row can be written. The statements of a flush, with no rows, take the same locks as with some."""
    _write_clicks(connection, ())
    write_entries(connection, ())


def write_entries(
    connection: Connection[Any], entries: Sequence[Entry], budget: ByteLeases | None = None
) -> list[Outcome]:
    """Write a batch of entries; the outcomes are in the order of the entries.

    One statement settles new and refused entries and plain repeats, in a transaction of its own. Other repeats need a
    second transaction. A refusal without a secret gets no audit row if the budget does not cover it.
    """
    unproved = [entry for entry in entries if entry.secret_id is None]
    charge = budget.charge(connection, unproved) if budget is not None and unproved else NOTHING
    outcomes = _settle(connection, entries, charge.unpaid)
    if budget is not None and charge.paid:
        budget.settle(charge.paid, outcomes)
    if not charge.unpaid:
        return [outcomes[entry.receipt] for entry in entries]
    return [_note_unrecorded(outcomes[entry.receipt], entry.receipt in charge.unpaid) for entry in entries]


def _settle(connection: Connection[Any], entries: Sequence[Entry], unpaid: Collection[str]) -> dict[str, Outcome]:
    entries = _use_former_keys(connection, entries)
    rows = [entry_row(entry) for entry in entries]
    for row in rows if unpaid else ():
        row.is_unpaid = row.id in unpaid or None
    _mark_again(rows)
    settled = {row[0]: Settled(*row[1:]) for row in connection.execute(_RECORD_ENTRIES, (encode_rows(rows),))}
    outcomes = {entry.receipt: _read_outcome(entry, settled[entry.receipt]) for entry in entries}
    repeats = [entry for entry in entries if outcomes[entry.receipt] is None]
    folded = _record_repeats(connection, repeats, settled, unpaid) if repeats else {}
    return {receipt: outcome or folded[receipt] for receipt, outcome in outcomes.items()}


def _mark_again(rows: Sequence[EntryRow]) -> None:
    """Mark the entries whose keys others before them in the batch have: those may change what these would find."""
    keys = [row.dedup_key for row in rows if row.dedup_key is not None]
    if len(set(keys)) == len(keys):
        return
    seen: set[str] = set()
    for row in rows:
        if row.dedup_key is not None:
            row.is_again = row.dedup_key in seen or None
            seen.add(row.dedup_key)


def _note_unrecorded(outcome: Outcome, is_unpaid: bool) -> Outcome:
    if is_unpaid and outcome.verdict is Verdict.REFUSED:
        return replace(outcome, unrecorded=Unrecorded.BUDGET)
    return outcome


def _use_former_keys(connection: Connection[Any], entries: Sequence[Entry]) -> Sequence[Entry]:
    events = [entry.event for entry in entries if entry.event is not None and entry.event.former_keys]
    if not events:
        return entries
    keys = [key for event in events for key in (event.dedup_key, *(former.dedup_key for former in event.former_keys))]
    booked = {key: Booked(*rest) for key, *rest in connection.execute(sql("find_booked"), (keys,)).fetchall()}
    return [_use_former_key(entry, entry.event, booked) if entry.event else entry for entry in entries]


def _use_former_key(entry: Entry, event: Event, booked: Mapping[str, Booked]) -> Entry:
    return replace(entry, event=replace(event, dedup_key=choose_key(event, booked))) if event.former_keys else entry


def _read_outcome(entry: Entry, settled: Settled) -> Outcome | None:
    if settled.verdict == Verdict.ACCEPTED and entry.event is not None:
        status, is_imported = entry.event.status, settled.is_imported is True
        return Outcome(
            Verdict.ACCEPTED, None, entry.receipt, settled.campaign_id, status, settled.observed_reasons,
            is_of_imported_click=is_imported, click_shed=settled.click_shed is True,
        )  # fmt: skip
    if settled.verdict == Verdict.DUPLICATE:
        return _complete(Outcome(Verdict.DUPLICATE, None, settled.repeats, settled.campaign_id), settled)
    if settled.verdict == Verdict.REFUSED:
        refusal = entry.refusal or Refusal(Reason(str(settled.reason)))
        return Outcome(Verdict.REFUSED, refusal, observed=settled.observed_reasons)
    return None


def _record_repeats(
    connection: Connection[Any],
    repeats: Sequence[Entry],
    settled: Mapping[str, Settled],
    unpaid: Collection[str],
) -> dict[str, Outcome]:
    try:
        return _fold_and_record(connection, repeats, settled, unpaid)
    except _RecordedBefore:
        pass
    recorded = {
        receipt: _complete(outcome, settled[receipt]) for receipt, outcome in read_recorded(connection, repeats).items()
    }
    rest = [entry for entry in repeats if entry.receipt not in recorded]
    return recorded | (_fold_and_record(connection, rest, settled, unpaid) if rest else {})


def _fold_and_record(
    connection: Connection[Any],
    repeats: Sequence[Entry],
    settled: Mapping[str, Settled],
    unpaid: Collection[str],
) -> dict[str, Outcome]:
    """Fold and record repeats in one transaction; raises `_RecordedBefore`, and then writes nothing."""
    with connection.transaction(), connection.cursor() as cursor:
        decisions = fold_repeats(cursor, repeats)
        outcomes = {receipt: _complete(outcome, settled[receipt]) for receipt, outcome in decisions.outcomes.items()}
        rows = _list_audit_rows(repeats, outcomes, unpaid)
        if rows and cursor.execute(_RECORD_REPEATS, (encode_rows(rows),)).rowcount < len(rows):
            raise _RecordedBefore
        write_decisions(cursor, decisions)
    return outcomes


def _complete(outcome: Outcome, settled: Settled) -> Outcome:
    return replace(
        outcome,
        observed=settled.observed_reasons,
        is_of_imported_click=settled.is_imported is True,
        click_shed=settled.click_shed is True,
    )


def _list_audit_rows(
    repeats: Iterable[Entry], outcomes: Mapping[str, Outcome], unpaid: Collection[str]
) -> list[EntryRow]:
    # An accepted entry has its row: the statement that opened the conversion wrote it.
    return [
        entry_row(entry, outcomes[entry.receipt])
        for entry in repeats
        if outcomes[entry.receipt].verdict is not Verdict.ACCEPTED
        and (entry.receipt not in unpaid or outcomes[entry.receipt].verdict is not Verdict.REFUSED)
    ]
