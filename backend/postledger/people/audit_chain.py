"""The audit chain: who did what and when. Each entry's hash covers its fields and the hash of the entry before it.

Entries are only ever added. A row that is changed later no longer fits its hash, or the next entry no longer fits it.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from struct import pack
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection

from postledger.people.line_digest import DigestedLine, LineDigest
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.people")

NOTHING = bytes(32)
"""The hash before the first entry."""
BEGIN = "chain.begin"
_FORM = b"postledger audit 1"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PORTION_LINES = 5_000


class Entry(NamedTuple):
    """What is recorded: an action such as `approval.approve`, and what it was done to. `body` is JSON.

    A body names ids, hashes and digests. It holds no secret.
    """

    actor: str
    action: str
    subject: str
    body: bytes


class Head(msgspec.Struct, frozen=True):
    """The end of the chain: the number of the last entry and its hash. 0 before the first one."""

    seq: int
    hash: bytes

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash.hex()}"


def write_body(**facts: object) -> bytes:
    """Write the body of an entry: JSON with sorted keys."""
    return msgspec.json.encode(facts, order="deterministic")


def append(connection: Connection[Any], actor: str, action: str, subject: str, *, body: bytes, at: datetime) -> Head:
    """Add one entry, and return the end of the chain. The caller opens the transaction, and appends last in it.

    Entries have one order, so from here to the end of the transaction all others that append wait.
    """
    return append_all(connection, [Entry(actor, action, subject, body)], at)


def append_all(connection: Connection[Any], entries: Iterable[Entry], at: datetime) -> Head:
    """Add entries in their order, as `append` does, in one statement."""
    head = lock_head(connection)
    if head.seq == 0:
        head = _write(connection, head, [_begin(connection)], at)
    return _write(connection, head, entries, at)


def begin_chain(connection: Connection[Any], at: datetime) -> None:
    """Write the first entry, if there is none: a digest of the expense lines from before the chain."""
    with connection.transaction():
        if lock_head(connection).seq == 0:
            append_all(connection, [], at)


def lock_head(connection: Connection[Any]) -> Head:
    """Read the end of the chain, and keep others from appending until the end of the transaction."""
    head = _read(connection, "lock_head")
    if head is None:
        connection.execute(sql("insert_head"), (NOTHING,))
        head = _read(connection, "lock_head")
    assert head is not None, "the row is there"
    return head


def read_head(connection: Connection[Any]) -> Head:
    """Read the end of the chain."""
    return _read(connection, "read_head") or Head(0, NOTHING)


def hash_entry(seq: int, at_us: int, entry: tuple[str, str, str, bytes], prev: bytes) -> bytes:
    """Return the hash of an entry: actor, action, subject, body. `at_us`: microseconds since 1970.

    Every field has its length before it, so no two entries have the same bytes.
    """
    *texts, body = entry
    fields = [*map(str.encode, texts), body, prev]
    return hashlib.sha256(_FORM + pack(">qq5q", seq, at_us, *map(len, fields)) + b"".join(fields)).digest()


def _read(connection: Connection[Any], statement: str) -> Head | None:
    row = connection.execute(sql(statement)).fetchone()
    return None if row is None else Head(row[0], bytes(row[1]))


def _write(connection: Connection[Any], head: Head, entries: Iterable[Entry], at: datetime) -> Head:
    at_us, rows, seq, prev = (at - _EPOCH) // _MICROSECOND, [], head.seq, head.hash
    for entry in entries:
        seq += 1
        hashed = hash_entry(seq, at_us, entry, prev)
        rows.append((seq, at, *entry, prev, hashed))
        prev = hashed
    if rows:
        with connection.cursor() as cursor, cursor.copy(sql("copy_entries")) as copy:
            for row in rows:
                copy.write_row(row)
        connection.execute(sql("move_head"), (seq, prev))
    return Head(seq, prev)


def _begin(connection: Connection[Any]) -> Entry:
    digest = LineDigest()
    with connection.transaction(), connection.cursor("lines_before") as cursor:
        cursor.itersize = _PORTION_LINES
        for row in cursor.execute(sql("read_lines_before")):
            digest.add(DigestedLine(*row))
    return Entry("postledger", BEGIN, "expense_lines", write_body(lines=digest.lines, sha256=digest.hexdigest()))
