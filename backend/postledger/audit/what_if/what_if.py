"""Finds what other rules would have made of the postbacks of a source. Nothing is changed.

The rules in force are the control: they should give the verdicts that are on record. Both rules are run by the ledger's
own writer on temporary tables, which begin as the ledger was at the beginning of the time that is looked at.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec.structs import replace
from psycopg import Connection

from postledger.audit.replay.batch import name_refusal
from postledger.audit.replay.belief import Left, LeftOut
from postledger.audit.replay.fold import Folded, Money, find_missing_clicks, fold
from postledger.audit.replay.judge import Judge
from postledger.audit.replay.preview import BATCH_ROWS, OnProgress
from postledger.audit.replay.selection import MOST_RECEIPTS, Selection, StoredRow, count_rows, read_batches
from postledger.audit.replay.shadow import cast_shadow, list_keys
from postledger.audit.replay.table import Table
from postledger.audit.what_if.affected import Affected
from postledger.audit.what_if.pairs import Pair, judge_by_both
from postledger.ledger.entry import Entry, Outcome
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.receipt import ENTROPY_BYTES, make_receipt
from postledger.vocabulary.refusal import Cause, Reason, Refusal
from postledger.vocabulary.statuses import Verdict

sql = statements_of("postledger.audit.what_if")

_ZERO = Decimal(0)
_CLICK_SINCE: LeftOut = (Left.NOT_KEPT, "click known since")
_OF_REPLAY: LeftOut = (Left.NOT_KEPT, "opened by a replay since")
_NO_ENTROPY = bytes(ENTROPY_BYTES)


class Side:
    """One of the two rules, and a session whose temporary tables stand before those of the ledger."""

    def __init__(self, connection: Connection[Any], judge: Judge, since: datetime) -> None:
        self.connection, self.judge, self._since = connection, judge, since
        cast_shadow(connection, with_reversals=False)

    def fold(self, entries: Sequence[Entry]) -> dict[str, Folded]:
        """Tell what becomes of entries, by their receipts."""
        refused = {entry.receipt: _refuse(entry) for entry in entries if entry.event is None}
        events = [entry for entry in entries if entry.event is not None]
        if not events:
            return refused
        values = {"dedup_keys": list_keys(events), "since": self._since}
        self.connection.execute(sql("copy_conversions_as_of"), values)
        return refused | fold(self.connection, events)


def try_rules(selection: Selection, today: Side, then: Side, on_progress: OnProgress) -> Table:
    """Judge the rows of a selection by both rules, and count what differs.

    In the table, `drift` holds the rows that the rules in force do not judge as recorded, and `changes` those that the
    other rules judge otherwise than the rules in force.
    """
    trial = _Trial(today, then, selection.since)
    total = 2 * count_rows(today.connection, selection)
    for rows in read_batches(today.connection, selection, BATCH_ROWS):
        trial.judge(rows)
        on_progress(trial.table.rows, total)
    trial.affected.spread()
    for rows in read_batches(today.connection, trial.narrow(selection), BATCH_ROWS):
        trial.fold(rows)
        on_progress(trial.table.rows + trial.folded, total)
    return trial.table


class _Trial:
    def __init__(self, today: Side, then: Side, since: datetime) -> None:
        self.today, self.then, self._since = today, then, since
        self.table, self.affected, self.folded = Table(), Affected(today.connection), 0
        found = today.connection.execute(sql("was_replayed"), (since,)).fetchone()
        self._was_replayed = found is not None and found[0]

    def judge(self, rows: Sequence[StoredRow]) -> None:
        """Count the rows that both rules refuse, or that are left out. Note the others."""
        self.table.rows += len(rows)
        with_events = []
        for pair in self._pair(rows, self.table):
            self.table.judged += 1
            if pair.keys:
                with_events.append(pair)
                self.table.as_recorded += pair.is_plain
            else:
                self._compare(pair, _refuse(pair.today), _refuse(pair.then))
        self.affected.add(with_events)

    def narrow(self, selection: Selection) -> Selection:
        """Select the affected rows alone, if they are few."""
        receipts = self.affected.list_some(MOST_RECEIPTS + 1)
        return selection if len(receipts) > MOST_RECEIPTS else replace(selection, receipts=tuple(receipts))

    def fold(self, rows: Sequence[StoredRow]) -> None:
        """Fold the affected rows by both rules, and count them."""
        self.folded += len(rows)
        chosen = self.affected.select([row.id for row in rows])
        pairs = self._pair([row for row in rows if row.id in chosen], Table())
        by_today = self.today.fold([pair.today for pair in pairs])
        by_then = self.then.fold([pair.then for pair in pairs])
        for pair in pairs:
            self.table.as_recorded -= pair.is_plain
            self._compare(pair, by_today[pair.row.id], by_then[pair.row.id])

    def _pair(self, rows: Sequence[StoredRow], table: Table) -> list[Pair]:
        """Judge rows, and count in the table what is left out."""
        pairs = []
        for row in rows:
            found = judge_by_both(row, self.today.judge, self.then.judge)
            if isinstance(found, Pair):
                pairs.append(found)
            else:
                table.leave_out(*found)
        late = self._find_late_clicks(pairs)
        replayed = self._find_replayed(pairs) - late
        for reason, left_out in ((_CLICK_SINCE, late), (_OF_REPLAY, replayed)):
            for _ in left_out:
                table.leave_out(*reason)
        return [pair for pair in pairs if pair.row.id not in late | replayed]

    def _find_late_clicks(self, pairs: Sequence[Pair]) -> set[str]:
        """Find what was refused for a click that is known now: no rule of then would refuse it today."""
        refused = [pair for pair in pairs if pair.row.reason == Reason.UNKNOWN_CLICK and _needs_click(pair.today)]
        missing = {
            entry.receipt for entry in find_missing_clicks(self.today.connection, [one.today for one in refused])
        }
        return {pair.row.id for pair in refused} - missing

    def _find_replayed(self, pairs: Sequence[Pair]) -> set[str]:
        """Find what belongs to conversions that a replay has opened since, for postbacks from before."""
        if not self._was_replayed:
            return set()
        values = {
            "dedup_keys": [key for pair in pairs for key in pair.keys],
            "since": self._since,
            "first_receipt": make_receipt(int(self._since.timestamp() * 1000), _NO_ENTROPY),
        }
        found = {key for (key,) in self.today.connection.execute(sql("find_replayed"), values)}
        return {pair.row.id for pair in pairs if not found.isdisjoint(pair.keys)}

    def _compare(self, pair: Pair, today: Folded, then: Folded) -> None:
        row = pair.row
        if (row.verdict, row.reason) == (today.outcome.verdict, _reason_of(today.outcome)):
            self.table.as_recorded += 1
        else:
            was = Outcome(Verdict(row.verdict), _recorded_refusal(row))
            _count(self.table, row.id, Folded(was, {}), Folded(today.outcome, {}), is_drift=True)
        if _name(today.outcome) != _name(then.outcome) or today.money != then.money:
            _count(self.table, row.id, today, then, is_drift=False)


def _count(table: Table, receipt: str, before: Folded, after: Folded, *, is_drift: bool) -> None:
    table.change(
        receipt=receipt,
        was=before.outcome.verdict,
        now=after.outcome.verdict,
        detail=" → ".join(filter(None, (name_refusal(one.outcome.refusal) for one in (before, after)))),
        opened=_opens(after.outcome) - _opens(before.outcome),
        money=_subtract(after.money, before.money),
        is_drift=is_drift,
    )


def _recorded_refusal(row: StoredRow) -> Refusal | None:
    cause = None if row.cause is None else Cause(row.cause)
    return None if row.reason is None else Refusal(Reason(row.reason), row.parameter, cause=cause)


def _refuse(entry: Entry) -> Folded:
    return Folded(Outcome(Verdict.REFUSED, entry.refusal), {})


def _needs_click(entry: Entry) -> bool:
    return entry.event is not None and entry.click_check == "required"


def _name(outcome: Outcome) -> tuple[str, str]:
    return outcome.verdict, name_refusal(outcome.refusal)


def _reason_of(outcome: Outcome) -> str | None:
    return None if outcome.refusal is None else outcome.refusal.reason.value


def _opens(outcome: Outcome) -> int:
    return int(outcome.verdict is Verdict.ACCEPTED)


def _subtract(money: Money, less: Money) -> Money:
    currencies = money.keys() | less.keys()
    differences = {currency: money.get(currency, _ZERO) - less.get(currency, _ZERO) for currency in currencies}
    return {currency: amount for currency, amount in differences.items() if amount}
