"""Finds which postbacks a replay would book a second time, under another key.

The sender has repeated a postback that was refused, and its repeat was booked under the key of that time. If today's
rules give both another key, the ledger does not know it. Nor does it matter whether the selection holds the repeat.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import Connection

from postledger.audit.replay.judge import Judge
from postledger.audit.replay.selection import StoredRow
from postledger.ledger.entry import Entry
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.audit.replay")


def find_booked_before(connection: Connection[Any], judge: Judge, opened: Sequence[Entry]) -> set[str]:
    """Find entries whose conversion stands in the ledger under another key; return their receipts."""
    keys = {entry.event.dedup_key: entry.receipt for entry in opened if entry.event is not None}
    if not keys:
        return set()
    events = [entry.event for entry in opened if entry.event is not None]
    values: Mapping[str, object] = {
        "source_ids": list({entry.source_id for entry in opened}),
        "click_ids": list({event.click_id for event in events}),
        "transaction_ids": list({name for event in events for name in (event.reverses, event.transaction_id) if name}),
        "dedup_keys": list(keys),
    }
    booked = (StoredRow(*row) for row in connection.execute(sql("read_booked"), values))
    return {keys[key] for row in booked for key in _list_keys(judge, row) if key in keys}


def _list_keys(judge: Judge, row: StoredRow) -> Sequence[str]:
    judged = judge.judge(row)
    if isinstance(judged, tuple) or judged.event is None:
        return ()
    return (judged.event.dedup_key, *(former.dedup_key for former in judged.event.former_keys))
