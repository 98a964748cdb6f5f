"""Finds the entries of the audit chain about a case, with what is needed to compute their hashes again."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.audit.trace_rows import Row, fetch
from postledger.people.audit_chain import hash_entry, read_head

HOW = (
    "hash = SHA-256 of: the text 'postledger audit 1'; seq, at_us and the lengths in bytes of actor, action, subject,"
    " body and prev, as seven signed 64-bit integers, the highest byte first; then actor, action, subject, body and"
    " prev. Texts are UTF-8, body is the text as it stands here, prev is the 32 bytes of the hash of the entry before."
)


class ChainEntry(msgspec.Struct, frozen=True):
    """An entry. `is_intact`: its hash is that of its fields. `at_us`: microseconds since 1970."""

    seq: int
    at: datetime
    at_us: int
    actor: str
    action: str
    subject: str
    body: str
    prev: str
    hash: str
    is_intact: bool


class ChainProof(msgspec.Struct, frozen=True):
    """The entries, and the end of the chain. `verified_up_to`: as far as all was in order at the last verification."""

    entries: list[ChainEntry]
    head: str
    verified_up_to: int | None
    verified_at: datetime | None
    how: str = HOW


def prove(
    connection: Connection[Any], item_id: int | None, subjects: Iterable[str], times: Sequence[datetime]
) -> ChainProof:
    """Find the entries about a work item and some subjects, and the batches of expense lines that have these times."""
    item = None if item_id is None else str(item_id)
    rows = fetch(connection, "evidence_entries", item=item, subjects=list(dict.fromkeys(subjects)), times=list(times))
    checked = fetch(connection, "evidence_check")
    verified = checked[0] if checked else {"seq": None, "verified_at": None}
    return ChainProof(
        [_read(row) for row in rows], str(read_head(connection)), verified["seq"], verified["verified_at"]
    )


def _read(row: Row) -> ChainEntry:
    fields = (row["actor"], row["action"], row["subject"], row["body"])
    return ChainEntry(
        row["seq"], row["at"], row["at_us"], row["actor"], row["action"], row["subject"],
        row["body"].decode("utf-8", "backslashreplace"), row["prev"].hex(), row["hash"].hex(),
        hash_entry(row["seq"], row["at_us"], fields, row["prev"]) == row["hash"],
    )  # fmt: skip
