"""The guard over reversals: how many conversions a source may take back from in an hour before a person looks.

One network once reversed a hundred sales by mistake; here the hundred and first waits. It is counted in Postgres, under
a lock for each source, so that the processes and machines of one ledger guard together.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
from psycopg import Cursor

from postledger.adapters.postgres.queries import sql
from postledger.adapters.postgres.rows import encode_rows
from postledger.domain.entry import Entry
from postledger.domain.event import Event

WINDOW = timedelta(hours=1)
_LOCK_ID = 0x72657673  # "revs": the sources' locks are told apart by the second number
# In the order of the ids, because two batches that meet the same sources otherwise could wait for each other for ever.
_LOCK = "SELECT pg_advisory_xact_lock(%s, source_id) FROM unnest(%s::integer[]) AS source_id"

Said = tuple[str, str | None, Decimal | None, datetime | None]


class ParkedRow(msgspec.Struct, omit_defaults=True):
    """A reversal that waits for an operator."""

    dedup_key: str
    id: str
    conversion_id: str
    source_id: int
    received_at: datetime
    transaction_id: str | None = None
    source_status: str | None = None
    payout: Decimal | None = None
    currency: str | None = None
    event_time: datetime | None = None
    unsigned: tuple[str, ...] | None = None


class ReversalGuard:
    """The guard of one batch: it looks at the ledger when the first reversal asks, and not at all without one."""

    def __init__(self, cursor: Cursor[Any], repeats: Collection[Entry]) -> None:
        self._cursor, self._repeats = cursor, repeats
        self._taken_back: dict[int, int] | None = None
        self._counted: set[str] = set()
        self._waiting: dict[Said, str] | None = None
        self.parked: list[ParkedRow] = []

    def admits(self, entry: Entry, event: Event) -> bool:
        """Tell whether a reversal may be booked, and count it if so."""
        limit, source_id = entry.rules.reversal_guard, entry.source_id
        if limit is None or source_id is None or event.dedup_key in self._counted:
            return True
        taken_back = self._count()
        if taken_back.get(source_id, 0) >= limit:
            return False
        taken_back[source_id] = taken_back.get(source_id, 0) + 1
        self._counted.add(event.dedup_key)
        return True

    def park(self, entry: Entry, event: Event, conversion_id: str) -> bool:
        """Put a reversal aside; tells whether it is news, and not the repeat of one that waits already."""
        waiting = self._read_waiting()
        said = (event.dedup_key, event.own_id, event.payout, event.event_time)
        if waiting.setdefault(said, entry.receipt) != entry.receipt:
            return False
        self.parked.append(_park(entry, event, conversion_id))
        return True

    def write(self) -> None:
        """Write what was put aside."""
        if self.parked:
            self._cursor.execute(sql("park_reversals"), (encode_rows(self.parked),))

    def _count(self) -> dict[int, int]:
        if self._taken_back is None:
            source_ids = sorted({entry.source_id for entry in self._repeats if entry.source_id is not None})
            since = max(entry.received_at for entry in self._repeats) - WINDOW
            self._cursor.execute(_LOCK, (_LOCK_ID, source_ids))
            found = self._cursor.execute(sql("count_reversals"), {"source_ids": source_ids, "since": since})
            self._taken_back = dict(found.fetchall())
        return self._taken_back

    def _read_waiting(self) -> dict[Said, str]:
        if self._waiting is None:
            keys = list({entry.event.dedup_key for entry in self._repeats if entry.event})
            found = self._cursor.execute(sql("read_parked"), (keys,)).fetchall()
            self._waiting = {(key, own_id, payout, at): receipt for key, receipt, own_id, payout, at in found}
        return self._waiting


def _park(entry: Entry, event: Event, conversion_id: str) -> ParkedRow:
    assert entry.source_id is not None, "only a source has events"
    return ParkedRow(
        event.dedup_key, entry.receipt, conversion_id, entry.source_id, entry.received_at, event.own_id,
        event.source_status, event.payout, event.currency, event.event_time, entry.unsigned or None,
    )  # fmt: skip
