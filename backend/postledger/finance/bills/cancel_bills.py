"""Cancels bills that were not exported. Their lines are free again, and what they carried is carried no more."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from postledger.finance.bills.list_bills import find_bills
from postledger.people.audit_chain import Entry, append_all, write_body
from postledger.platform.postgres.advisory_locks import BILLS, MATCHES, wait_for_lock
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotPossible

sql = statements_of("postledger.finance")


def cancel_bills(connection: Connection[Any], searched: Sequence[str], actor: str) -> list[str]:
    """Cancel bills, given by number or id, all or none, and return their numbers. Raises `NotFound`, `NotPossible`."""
    with connection.transaction():
        wait_for_lock(connection, BILLS)
        wait_for_lock(connection, MATCHES)
        ids = find_bills(connection, searched)
        # A decision locks its request before the bill, so this does too.
        requests = [request for (request,) in connection.execute(sql("lock_bill_requests"), (ids,))]
        numbers = _lock(connection, ids)
        now = read_clock(connection)
        connection.execute(sql("end_bill_requests"), {"ids": requests, "now": now})
        connection.execute(sql("delete_exports_of_bills"), (ids,))
        connection.execute(sql("free_bill_items"), (ids,))
        connection.execute(sql("cancel_bills"), {"ids": ids, "now": now})
        append_all(
            connection,
            [Entry(actor, "bill.cancel", numbers[bill_id], write_body(bill=bill_id)) for bill_id in ids],
            now,
        )
    return [numbers[bill_id] for bill_id in ids]


def _lock(connection: Connection[Any], ids: Sequence[str]) -> dict[str, str]:
    bills = connection.execute(sql("lock_bills"), (list(ids),)).fetchall()
    for _, number, state, paid in bills:
        if paid != 0:
            raise NotPossible(
                f"bill {number} has payments; undo their matches first: postledger match list --bill {number}"
            )
        if state == "cancelled":
            raise NotPossible(f"bill {number} is cancelled already; leave it out")
        if state == "exported":
            raise NotPossible(f"bill {number} was exported; what changes is on the payee's next bill")
    for number, target, is_here in connection.execute(sql("lock_exports_of_bills"), (list(ids),)):
        if not is_here:
            raise NotPossible(f"{target} has bill {number} already, or is being sent it; run: postledger export list")
    return {bill_id: number for bill_id, number, *_ in bills}
