"""Charges the rows of requests without a matching secret to the byte budget of their day."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
from psycopg import Connection

from postledger.ledger.entry import Entry, Outcome
from postledger.ledger.rules.byte_budget import ROW_BYTES, UNKNOWN_SOURCE, Account, Leases, Limits, grant
from postledger.ledger.rules.raw_beginning import MAX_UNPROVED_RAW_BYTES
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.statuses import Verdict

sql = statements_of("postledger.ledger")

_LOCK_ID = 0x62797465  # "byte" in ASCII
_KEPT_DAYS = 7
_BYTES_OF_LABEL_NOTE = 64
_COPIES_OF_ID = 3  # in the row, and in an index whose pages are half full


class Charge(msgspec.Struct, frozen=True):
    """The entries of a batch without a secret: those that the budget covers, and the receipts of the others."""

    paid: Sequence[Entry] = ()
    unpaid: frozenset[str] = frozenset()


NOTHING = Charge()


class ByteLeases:
    """The byte budget as one worker sees it. `count_bytes` gets what was spent."""

    def __init__(self, limits: Limits, count_bytes: Callable[[int], None]) -> None:
        self._leases, self._count_bytes = Leases(limits), count_bytes

    def is_spent(self, entry: Entry) -> bool:
        """Return whether this worker knows that the budget of an entry's source and day is spent."""
        return self._leases.is_spent(_account_of(entry))

    def charge(self, connection: Connection[Any], entries: Sequence[Entry]) -> Charge:
        """Charge entries without a secret, refused or not: that is known only when they are written."""
        costs = [(entry, _account_of(entry), cost_of(entry)) for entry in entries]
        missing = self._leases.list_missing((account, cost) for _, account, cost in costs)
        for day in {account[0] for account in missing}:
            self._lease(connection, day, {account[1]: more for account, more in missing.items() if account[0] == day})
        paid = [entry for entry, account, cost in costs if self._leases.pay(account, cost)]
        return Charge(paid, frozenset(entry.receipt for entry, _, _ in costs) - {entry.receipt for entry in paid})

    def settle(self, paid: Sequence[Entry], outcomes: Mapping[str, Outcome]) -> None:
        """Count what refusals cost, and give back what was paid for entries that were not refused."""
        for entry in paid:
            if outcomes[entry.receipt].verdict is Verdict.REFUSED:
                self._count_bytes(cost_of(entry))
            else:
                self._leases.give_back(_account_of(entry), cost_of(entry))

    def _lease(self, connection: Connection[Any], day: date, asked: Mapping[int, int]) -> None:
        # A transaction of its own, because the lock must not be held until the batch is on disk.
        with connection.transaction():
            connection.execute(sql("lock_unauthenticated_bytes"), (_LOCK_ID,))
            used = dict(connection.execute(sql("read_unauthenticated_bytes"), (day,)).fetchall())
            granted = grant(asked, used, self._leases.limits)
            total = {source: used.get(source, 0) + more for source, more in granted.items() if more}
            if total:
                values = {"day": day, "source_ids": list(total), "bytes": list(total.values())}
                connection.execute(sql("store_unauthenticated_bytes"), values)
            if not used:
                connection.execute(sql("forget_unauthenticated_bytes"), (day - timedelta(days=_KEPT_DAYS),))
        for source, wanted in asked.items():
            self._leases.add((day, source), wanted, granted[source])


def cost_of(entry: Entry) -> int:
    """Return how many bytes the audit row of a refusal takes at most, its index entries included."""
    event = entry.event
    ids = (entry.click_id, entry.transaction_id) if event is None else (event.click_id, event.transaction_id)
    ids_bytes = sum(len(one.encode()) for one in ids if one is not None)
    notes = len(event.label_notes or ()) if event is not None else 0
    return (
        ROW_BYTES
        + notes * _BYTES_OF_LABEL_NOTE
        + min(len(entry.raw), MAX_UNPROVED_RAW_BYTES)
        + _COPIES_OF_ID * ids_bytes
    )


def _account_of(entry: Entry) -> Account:
    return entry.received_at.date(), entry.source_id or UNKNOWN_SOURCE
