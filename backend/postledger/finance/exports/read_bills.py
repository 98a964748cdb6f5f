"""Reads bills as targets get them, and what proves that one has not changed since it was queued."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Connection

from postledger.finance.exports.target import ExportedBill, ExportedLine
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.finance")


def read_bills(connection: Connection[Any], ids: Sequence[UUID]) -> dict[UUID, ExportedBill]:
    """Read bills with their lines, by id."""
    lines: dict[UUID, list[ExportedLine]] = defaultdict(list)
    for bill_id, *line in connection.execute(sql("read_exported_lines"), (list(ids),)):
        lines[bill_id].append(ExportedLine(*line))
    rows = connection.execute(sql("read_exported_bills"), (list(ids),)).fetchall()
    return {row[0]: ExportedBill(*(*row, tuple(lines[row[0]]))) for row in rows}


def hash_content(bill: ExportedBill) -> bytes:
    """Hash what must never change of a bill. Names and references of the payee may."""
    facts = msgspec.structs.asdict(bill) | {"lines": list(map(msgspec.structs.asdict, bill.lines))}
    del facts["payee_name"], facts["erp_reference"], facts["day"]
    return hashlib.sha256(msgspec.json.encode(facts, order="deterministic")).digest()
