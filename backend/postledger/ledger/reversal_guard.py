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

from postledger.ledger.entry import Entry
from postledger.ledger.rows import encode_rows
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.conversion_event import Event
from postledger.vocabulary.statuses import Verdict

sql = statements_of("postledger.ledger")

WINDOW = timedelta(hours=1)
_LOCK_ID = 0x72657673  # "revs": the sources' locks are told apart by the second number

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
        self._held: dict[Said, str] | None = None
        self.parked: list[ParkedRow] = []

    def judge(self, entry: Entry, event: Event, conversion_id: str) -> Verdict | None:
        """Tell what becomes of a reversal: None is that it may be booked, and was counted.

        Else it is put aside; or it repeats one that waits, or that an operator has discarded, whatever the hour is.
        """
        limit = entry.rules.reversal_guard
        if limit is None:
            return None
        said = (event.dedup_key, event.own_id, event.payout, event.event_time)
        held = self._read_held()
        if said not in held:
            if self._admits(entry.source_id, event.dedup_key, limit):
                return None
            held[said] = entry.receipt
            self.parked.append(_park(entry, event, conversion_id))
        return Verdict.PARKED if held[said] == entry.receipt else Verdict.DUPLICATE

    def _admits(self, source_id: int | None, dedup_key: str, limit: int) -> bool:
        if source_id is None or dedup_key in self._counted:
            return True
        taken_back = self._count()
        if taken_back.get(source_id, 0) >= limit:
            return False
        taken_back[source_id] = taken_back.get(source_id, 0) + 1
        self._counted.add(dedup_key)
        return True

    def write(self) -> None:
        """Write what was put aside."""
        if self.parked:
            self._cursor.execute(sql("park_reversals"), (encode_rows(self.parked),))

    def _count(self) -> dict[int, int]:
        if self._taken_back is None:
            source_ids = sorted({entry.source_id for entry in self._repeats if entry.source_id is not None})
            since = max(entry.received_at for entry in self._repeats) - WINDOW
            self._cursor.execute(sql("lock_sources"), (_LOCK_ID, source_ids))
            found = self._cursor.execute(sql("count_reversals"), {"source_ids": source_ids, "since": since})
            self._taken_back = dict(found.fetchall())
        return self._taken_back

    def _read_held(self) -> dict[Said, str]:
        if self._held is None:
            keys = list({entry.event.dedup_key for entry in self._repeats if entry.event})
            found = self._cursor.execute(sql("read_parked"), (keys,)).fetchall()
            self._held = {(key, own_id, payout, at): receipt for key, receipt, own_id, payout, at in found}
        return self._held


def _park(entry: Entry, event: Event, conversion_id: str) -> ParkedRow:
    assert entry.source_id is not None, "only a source has events"
    return ParkedRow(
        event.dedup_key, entry.receipt, conversion_id, entry.source_id, entry.received_at, event.own_id,
        event.source_status, event.payout, event.currency, event.event_time, entry.unsigned or None,
    )  # fmt: skip
