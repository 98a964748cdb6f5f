"""Verifies the audit chain from its first entry to its end, and remembers up to where it was in order.

A chain alone cannot show that its end was cut off. So the part that was in order once must be there ever after.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from psycopg import Connection

from postledger.people.audit_chain import NOTHING, Head, hash_entry
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.people")

Kind = Literal["broken", "went_back"]
FAULTS: tuple[Kind, ...] = ("broken", "went_back")
_PORTION_ENTRIES = 2_000

OnProgress = Callable[[float, float | None], None]


class Fault(msgspec.Struct, frozen=True):
    """The first entry at which something is wrong, and what. `went_back`: entries that were there once are not."""

    kind: Kind
    seq: int
    why: str


class Verified(msgspec.Struct, frozen=True):
    """How many entries are in order, the end of these, and what is wrong with the next one."""

    head: Head
    fault: Fault | None = None


def check_chain(
    connection: Connection[Any], now: datetime, on_progress: OnProgress, expected: Head | None = None
) -> Verified:
    """Verify the chain, and record the result for the alerts. `expected`: an end that was kept elsewhere."""
    known = [head for head in (_read_proven(connection), expected) if head is not None]
    verified = verify(connection, known, on_progress)
    values = {"now": now, "seq": verified.head.seq, "hash": verified.head.hash}
    if verified.fault is None:
        connection.execute(sql("record_proof"), values)
    else:
        fault = {"fault": verified.fault.kind, "fault_seq": verified.fault.seq}
        connection.execute(sql("record_fault"), values | fault | {"seq": 0, "hash": NOTHING})
    return verified


def verify(connection: Connection[Any], known: Sequence[Head], on_progress: OnProgress) -> Verified:
    """Verify the chain. `known`: ends that it has had, which must all still be in it."""
    bounds = connection.execute(sql("read_bounds")).fetchone()
    assert bounds is not None, "the statement has no condition"
    last_seq, *end = bounds
    verified = _follow(connection, end[0], {head.seq: head.hash for head in known}, on_progress)
    return verified if verified.fault else _compare(verified.head, Head(*end), last_seq, known)


def _follow(connection: Connection[Any], last: int, known: Mapping[int, bytes], on_progress: OnProgress) -> Verified:
    seq, prev = 0, NOTHING
    with connection.transaction(), connection.cursor("audit_chain", binary=True) as cursor:
        cursor.itersize = _PORTION_ENTRIES
        for row in cursor.execute(sql("read_entries"), (last,)):
            fault = _find_fault(seq, prev, row, known)
            if fault is not None:
                return Verified(Head(seq, prev), fault)
            seq, prev = row[0], row[-1]
            if seq % _PORTION_ENTRIES == 0:
                on_progress(seq, last)
    return Verified(Head(seq, prev))


def _find_fault(seq: int, prev: bytes, row: Any, known: Mapping[int, bytes]) -> Fault | None:
    """Return what is wrong with the entry that stands after entry `seq`."""
    found, at_us, *entry, its_prev, its_hash = row
    if found != seq + 1:
        return Fault("broken", seq + 1, f"entry {seq + 1} is missing")
    if hash_entry(found, at_us, tuple(entry), its_prev) != its_hash:
        return Fault("broken", found, f"entry {found} was changed after it was written")
    if its_prev != prev:
        return Fault("broken", found, f"entry {found} does not follow entry {seq}: one of them was replaced")
    if known.get(found, its_hash) != its_hash:
        return Fault("went_back", found, f"entry {found} is not the one that it was")
    return None


def _compare(head: Head, end: Head, last_seq: int, known: Sequence[Head]) -> Verified:
    longest = max((end.seq, *(each.seq for each in known)))
    if head.seq < longest:
        why = f"the chain ends with entry {head.seq} and once had {longest}: its end was cut off"
        return Verified(head, Fault("went_back", head.seq + 1, why))
    if head.hash != end.hash:
        return Verified(head, Fault("broken", head.seq, f"entry {head.seq} is not the one that the chain ends with"))
    if last_seq > head.seq:
        why = f"entry {last_seq} is beyond the end of the chain, {head.seq}: Postledger did not write it"
        return Verified(head, Fault("broken", head.seq + 1, why))
    return Verified(head)


def _read_proven(connection: Connection[Any]) -> Head | None:
    row = connection.execute(sql("read_proven")).fetchone()
    return None if row is None else Head(row[0], bytes(row[1]))
