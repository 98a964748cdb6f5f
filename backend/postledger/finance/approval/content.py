"""Hashes what a request is bound to: a decision counts only for what was shown to the person who made it."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
from psycopg import Connection

from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.finance")


def hash_contents(connection: Connection[Any], approval_ids: Sequence[str]) -> dict[str, bytes]:
    """Hash the present content of requests, by id: lines, amounts, accounts, payee, bank account, bill and rule.

    It is SHA-256 over JSON, which has every value at its place. Lines never change, but a payee's bank account does.
    """
    ids, lines = list(approval_ids), defaultdict[str, list[object]](list)
    for approval_id, line_id, amount, *others in connection.execute(sql("read_content_lines"), (ids,)):
        lines[approval_id].append((line_id, f"{amount:f}", *others))
    return {
        approval_id: hashlib.sha256(msgspec.json.encode((facts, lines[approval_id]))).digest()
        for approval_id, *facts in connection.execute(sql("read_contents"), (ids,))
    }
