"""Approves bills, or has them wait again, as the requests about them and their payees say. An exported bill stays.

What counts is how everything stands now, so it does not matter who calls this, or how often.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from psycopg import Connection

from postledger.finance.approval.content import hash_contents
from postledger.finance.approval.renew import renew
from postledger.finance.approval.request_store import OnRequests
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.finance")


def settle_bills(
    connection: Connection[Any],
    now: datetime,
    *,
    on_requests: OnRequests,
    payees: Collection[str] = (),
    bill_ids: Collection[str] = (),
) -> None:
    """Settle the bills of these payees, and these bills, in the transaction of what was decided or changed.

    People are asked again about a bill that they approved, if the payee's bank account has changed since.
    """
    values = {"payees": list(payees), "bill_ids": list(bill_ids)}
    approved = connection.execute(sql("find_stale_bill_requests"), values).fetchall()
    contents = hash_contents(connection, [request_id for request_id, _ in approved])
    changed = [request_id for request_id, content in approved if contents[request_id] != content]
    if changed:
        renew(connection, changed, [contents[each] for each in changed], now, on_requests)
    open_bills = [bill_id for (bill_id,) in connection.execute(sql("lock_open_bills"), values)]
    connection.execute(sql("settle_bills"), {"ids": open_bills, "now": now})
