"""Finds what followed from conversions: waiting changes, expense lines, approvals, bills, deliveries …"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from psycopg import Connection

from postledger.audit.trace_rows import Row, fetch, select, values_of

CONSEQUENCES = ("waiting", "lines", "approvals", "bills", "forwards", "publications")
_OF_DELIVERY = ("dedup_key", "forward", "receipt")


def add_consequences(connection: Connection[Any], conversions: Sequence[Row], postbacks: Iterable[Row]) -> None:
    """Add to each conversion what is `waiting`, its `lines`, `approvals`, `bills`, `forwards` and `publications`.

    The changes of the conversions must be there already, because their times lead to what waits.
    """
    keys = values_of("dedup_key", conversions)
    waiting = fetch(connection, "trace_waiting", dedup_keys=keys, times=_list_times(conversions, postbacks))
    lines = fetch(connection, "trace_lines", dedup_keys=keys)
    approvals = _find_approvals(connection, keys)
    bills = _find_bills(connection, keys)
    deliveries = fetch(connection, "trace_deliveries", dedup_keys=keys)
    publications = fetch(connection, "trace_publications", dedup_keys=keys)
    attempts = fetch(connection, "trace_attempts", dedup_keys=keys)
    for delivery in deliveries:
        delivery["attempts"] = _select_attempts(delivery, attempts)
    for conversion in conversions:
        conversion["waiting"] = select(waiting, conversion)
        conversion["lines"] = select(lines, conversion)
        conversion["approvals"] = select(approvals, conversion)
        conversion["bills"] = select(bills, conversion)
        conversion["forwards"] = select(deliveries, conversion)
        conversion["publications"] = select(publications, conversion)


def _find_approvals(connection: Connection[Any], dedup_keys: Sequence[str]) -> list[Row]:
    """Find the requests that hold lines of conversions, each with its `decisions`."""
    approvals = fetch(connection, "trace_approvals", dedup_keys=dedup_keys)
    decisions = fetch(connection, "trace_decisions", ids=values_of("id", approvals))
    return [approval | {"decisions": _select_of(approval, decisions, "approval_id")} for approval in approvals]


def _find_bills(connection: Connection[Any], dedup_keys: Sequence[str]) -> list[Row]:
    """Find the bills that hold lines of conversions, each with its `exports`."""
    bills = fetch(connection, "trace_bills", dedup_keys=dedup_keys)
    exports = fetch(connection, "trace_exports", ids=values_of("id", bills))
    return [bill | {"exports": _select_of(bill, exports, "bill_id")} for bill in bills]


def _select_of(parent: Row, rows: Iterable[Row], key: str) -> list[Row]:
    return [{name: value for name, value in row.items() if name != key} for row in rows if row[key] == parent["id"]]


def _list_times(conversions: Sequence[Row], postbacks: Iterable[Row]) -> list[Any]:
    changes = chain.from_iterable(conversion["changes"] for conversion in conversions)
    return [*values_of("received_at", chain(postbacks, changes)), *values_of("created_at", conversions)]


def _select_attempts(delivery: Row, attempts: Iterable[Row]) -> list[Row]:
    return [
        {name: value for name, value in attempt.items() if name not in _OF_DELIVERY}
        for attempt in attempts
        if all(attempt[name] == delivery[name] for name in _OF_DELIVERY)
    ]
