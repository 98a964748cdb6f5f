"""Renews requests whose content is not what they were made for, because the payee's bank account was changed meanwhile.

New lines renew a request in the transaction that adds them. This is for what changes without a line.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from postledger.finance.approval.content import hash_contents
from postledger.finance.approval.request_store import OnRequests, supersede
from postledger.ledger.dispatch import hold_dispatch
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.receipt import ENTROPY_BYTES, make_receipt

sql = statements_of("postledger.finance")


def renew_changed(
    connection: Connection[Any], ids: Sequence[str] | None, now: datetime, on_requests: OnRequests
) -> list[str]:
    """Supersede those of these requests, or of all, whose content has changed. Returns the ids of the new ones."""
    suspects = [row[0] for row in connection.execute(sql("find_requests_of_changed_payees"), {"ids": ids})]
    if not suspects:
        return []
    with connection.transaction():
        hold_dispatch(connection)  # or a mapper would not see the requests that take the place of others
        stored = connection.execute(sql("lock_renewable"), (suspects,)).fetchall()
        contents = hash_contents(connection, [request_id for request_id, _ in stored])
        changed = [request_id for request_id, content in stored if contents[request_id] != content]
        return renew(connection, changed, [contents[each] for each in changed], now, on_requests) if changed else []


def renew(
    connection: Connection[Any], old: Sequence[str], contents: Sequence[bytes], now: datetime, on_requests: OnRequests
) -> list[str]:
    """Supersede requests by new ones, bound to these contents, in the transaction of the caller. Returns their ids."""
    unix_ms = int(now.timestamp() * 1000)
    new = [make_receipt(unix_ms, secrets.token_bytes(ENTROPY_BYTES)) for _ in old]
    values = {"old": list(old), "new": new, "contents": list(contents), "now": now}
    supersede(connection, old, now)
    connection.execute(sql("renew_approvals"), values)
    connection.execute(sql("renew_approval_lines"), values)
    on_requests(connection, new, now)
    return new
