"""Folds judged entries into the ledger by the ledger's own writer. Only what changes something leaves a row."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from msgspec.structs import replace
from psycopg import Connection, Rollback

from postledger.audit.replay.table import CHANGES
from postledger.ledger.entry import Entry, Outcome, refused
from postledger.ledger.writer import write_entries
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.refusal import Reason
from postledger.vocabulary.statuses import Status, Verdict

sql = statements_of("postledger.audit.replay")

Money = dict[str, Decimal]
_WORTH = (Status.PENDING, Status.APPROVED)
_ZERO = Decimal(0)


class Folded(NamedTuple):
    """What became of an entry, and how much more or less its conversion is worth."""

    outcome: Outcome
    money: Money


class _Changed(NamedTuple):
    receipt: str
    kind: str
    status_before: str
    status_after: str
    payout_before: Decimal | None
    currency_before: str | None
    payout: Decimal | None
    currency: str | None
    delta: Decimal | None


def fold(connection: Connection[Any], entries: Sequence[Entry]) -> dict[str, Folded]:
    """Book entries with events, and return what became of each by its receipt."""
    missing = find_missing_clicks(connection, entries)
    outcomes = {entry.receipt: refused(Reason.UNKNOWN_CLICK) for entry in missing}
    rest = [entry for entry in entries if entry.receipt not in outcomes]
    outcomes |= _write_changes(connection, rest) if rest else {}
    changed = _read_changed(connection, [entry for entry in rest if _changes(outcomes[entry.receipt])])
    return {
        entry.receipt: Folded(outcomes[entry.receipt], _find_money(entry, outcomes[entry.receipt], changed))
        for entry in entries
    }


def find_missing_clicks(connection: Connection[Any], entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries whose clicks must be known and are not.

    The writer finds them too. A replay of thousands that are still unknown would write as many rows to undo them.
    """
    checked = [entry for entry in entries if entry.click_check == "required" and entry.named_campaign_id is None]
    click_ids = list({entry.event.click_id for entry in checked if entry.event is not None})
    known = {click_id for (click_id,) in connection.execute(sql("find_clicks"), (click_ids,))} if click_ids else set()
    return [entry for entry in checked if entry.event is not None and entry.event.click_id not in known]


def park_all(entry: Entry) -> Entry:
    """Have the reversal guard park an entry if it is a reversal."""
    return replace(entry, rules=replace(entry.rules, reversal_guard=0))


def _write_changes(connection: Connection[Any], entries: Sequence[Entry]) -> dict[str, Outcome]:
    with connection.transaction() as attempt:
        outcomes = _write(connection, entries)
        changing = [entry for entry in entries if _changes(outcomes[entry.receipt])]
        if len(changing) < len(entries):
            raise Rollback(attempt)
    if 0 < len(changing) < len(entries):
        outcomes |= _write(connection, changing)
    return outcomes


def _write(connection: Connection[Any], entries: Sequence[Entry]) -> dict[str, Outcome]:
    outcomes = write_entries(connection, entries)
    return {entry.receipt: outcome for entry, outcome in zip(entries, outcomes, strict=True)}


def _changes(outcome: Outcome) -> bool:
    return outcome.verdict in CHANGES


def _read_changed(connection: Connection[Any], entries: Sequence[Entry]) -> dict[str, _Changed]:
    if not entries:
        return {}
    keys = [entry.event.dedup_key for entry in entries if entry.event is not None]
    former = [one.dedup_key for entry in entries if entry.event is not None for one in entry.event.former_keys]
    values = {"dedup_keys": [*keys, *former], "receipts": [entry.receipt for entry in entries]}
    return {row[0]: _Changed(*row) for row in connection.execute(sql("read_changed"), values)}


def _find_money(entry: Entry, outcome: Outcome, changed: dict[str, _Changed]) -> Money:
    event = entry.event
    if outcome.verdict is Verdict.ACCEPTED and event is not None:
        return _sum((event.status, event.payout and abs(event.payout), event.currency, 1))
    found = changed.get(entry.receipt)
    if found is None:
        return {}
    before = (found.status_before, found.payout_before, found.currency_before, -1)
    return _sum(before, (found.status_after, *_payout_after(found), 1))


def _payout_after(changed: _Changed) -> tuple[Decimal | None, str | None]:
    if changed.kind != "status":
        return (changed.payout_before or _ZERO) + (changed.delta or _ZERO), changed.currency_before or changed.currency
    if changed.payout is None:
        return changed.payout_before, changed.currency_before
    return changed.payout, changed.currency


def _sum(*worths: tuple[str, Decimal | None, str | None, int]) -> Money:
    money: Money = {}
    for status, payout, currency, sign in worths:
        if status in _WORTH and payout and currency:
            money[currency] = money.get(currency, _ZERO) + sign * payout
    return {currency: amount for currency, amount in money.items() if amount}
