"""Finds every row that belongs to one id: a receipt, a transaction id, a click id, a bill, or a bank's reference.

Each query uses an index, because a trace must be fast on a ledger of many years.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from psycopg import Connection

from postledger.audit.trace_consequences import CONSEQUENCES, add_consequences
from postledger.audit.trace_rows import Row, fetch, values_of
from postledger.audit.trace_statements import OF_STATEMENTS, add_statements, find_documents
from postledger.decoding.identities import trim
from postledger.ledger.sandbox import use_sandbox
from postledger.vocabulary.operator_error import NotFound
from postledger.vocabulary.receipt import is_receipt, receipt_unix_ms

_CLOCKS_DIFFER_BY = timedelta(days=1)
_FOLDED = ("accepted", "updated")
_EVENT_FACTS = ("received_at", "verdict", "event", "status", "source_status", "payout", "currency", "event_time")
_CHANGE_FACTS = (
    "received_at", "kind", "revision", "status_before", "status_after", "reverses", "transaction_id", "source_status",
    "payout", "payout_before", "delta", "currency", "currency_before", "event_time",
)  # fmt: skip
_PARKED_FACTS = (
    "received_at", "transaction_id", "source_status", "payout", "currency", "event_time", "settled_at", "settled_by",
    "outcome",
)  # fmt: skip

_UNKNOWN = (
    "no receipt, transaction id, click id, bill or bank reference has this value; check it"
    " (audit rows are deleted after POSTLEDGER_RETENTION_DAYS)"
)


class Trace(msgspec.Struct, frozen=True):
    """The rows of an id. Each list is sorted, oldest first, and has at most 1,000 rows.

    `report_lines` are those that no conversion here has. `bank_lines`, `bills` and `receivables` are what the id names
    itself; those of conversions stand below them.
    """

    id: str
    clicks: list[Row]
    postbacks: list[Row]
    conversions: list[Row]
    report_lines: list[Row] = []
    bank_lines: list[Row] = []
    bills: list[Row] = []
    receivables: list[Row] = []


def trace(connection: Connection[Any], searched: str) -> Trace:
    """Trace an id, with or without the blanks around it, and a receipt in any case. Raises `NotFound`."""
    *others, last = _list_candidates(searched)
    for candidate in others:
        with suppress(NotFound):
            return _trace(connection, candidate)
    return _trace(connection, last)


def trace_sandbox(connection: Connection[Any], searched: str) -> Trace:
    """Trace an id in the sandbox. The connection then stays there. Raises `NotFound`.

    Nothing follows from a conversion there. What followed from one in the ledger may have the same key.
    """
    found = trace(use_sandbox(connection), searched)
    for conversion in found.conversions:
        conversion.update(dict.fromkeys((*CONSEQUENCES, *OF_STATEMENTS), ()))
    return Trace(found.id, found.clicks, found.postbacks, found.conversions)


def _list_candidates(text: str) -> list[str]:
    # The last one finds an id that an earlier release stored with its blanks.
    trimmed = trim(text)
    receipt = [trimmed.lower()] if is_receipt(trimmed.lower()) else []
    return list(dict.fromkeys([trimmed, *receipt, text]))


def _trace(connection: Connection[Any], searched: str) -> Trace:
    """Trace an id as it is. Raises `NotFound`.

    Each conversion holds the `events` that were folded into it, its `changes`, its reversals that were `parked`, and
    what followed: changes that are `waiting` for a worker, `lines`, `approvals`, `bills` with their `exports` and
    `payments`, `forwards`, `publications`, `report_lines`, `receivables` with their `payments`, `discrepancies`. A
    parked reversal without `settled_at` still waits.
    """
    named = _find_receipt(connection, searched)
    conversions = _find_conversions(connection, searched, named)
    postbacks = _find_postbacks(connection, searched, conversions, named)
    click_ids = {searched, *values_of("click_id", [*conversions, *postbacks])}
    clicks = fetch(connection, "trace_clicks", click_ids=list(click_ids))
    dedup_keys = values_of("dedup_key", conversions)
    changes = fetch(connection, "trace_events", dedup_keys=dedup_keys)
    parked = fetch(connection, "trace_parked", dedup_keys=dedup_keys)
    for conversion in conversions:
        conversion["events"] = _find_events(conversion, postbacks)
        conversion["changes"] = _select(conversion, changes, _CHANGE_FACTS)
        conversion["parked"] = _select(conversion, parked, _PARKED_FACTS)
    add_consequences(connection, conversions, postbacks)
    documents = add_statements(connection, conversions, find_documents(connection, searched))
    if not (clicks or postbacks or conversions or documents):
        raise NotFound(_UNKNOWN)
    return Trace(searched, clicks, postbacks, conversions, *msgspec.structs.astuple(documents))


def _find_receipt(connection: Connection[Any], searched: str) -> list[Row]:
    if not is_receipt(searched):
        return []
    made_at = datetime.fromtimestamp(receipt_unix_ms(searched) / 1000, UTC)
    bounds = {"earliest": made_at - _CLOCKS_DIFFER_BY, "latest": made_at + _CLOCKS_DIFFER_BY}
    return fetch(connection, "trace_receipt", receipt=searched, **bounds)


def _find_conversions(connection: Connection[Any], searched: str, named: Sequence[Row]) -> list[Row]:
    # A refused postback has no conversion. Another postback with the same ids may have opened one.
    lost = [row for row in named if row["conversion_id"] is None]
    transaction_ids = values_of("transaction_id", lost)
    return fetch(
        connection,
        "trace_conversions",
        receipts=[*([searched] if is_receipt(searched) else []), *values_of("conversion_id", named)],
        transaction_ids=[searched, *transaction_ids],
        click_ids=[searched, *([] if transaction_ids else values_of("click_id", lost))],
    )


def _find_postbacks(
    connection: Connection[Any], searched: str, conversions: Sequence[Row], named: Sequence[Row]
) -> list[Row]:
    by_click = [row for row in [*conversions, *named] if row["transaction_id"] is None]
    found = fetch(
        connection,
        "trace_postbacks",
        conversion_ids=values_of("id", conversions),
        transaction_ids=[searched, *values_of("transaction_id", [*conversions, *named])],
        click_ids=[searched, *values_of("click_id", by_click)],
    )
    rows = {row["id"]: row for row in [*named, *found]}
    return sorted(rows.values(), key=lambda row: (row["received_at"], row["id"]))


def _find_events(conversion: Row, postbacks: Iterable[Row]) -> list[Row]:
    return [
        {"receipt": row["id"], **{name: row[name] for name in _EVENT_FACTS}}
        for row in postbacks
        if row["conversion_id"] == conversion["id"] and row["verdict"] in _FOLDED
    ]


def _select(conversion: Row, rows: Iterable[Row], facts: Iterable[str]) -> list[Row]:
    return [
        {"receipt": row["id"], **{name: row[name] for name in facts}}
        for row in rows
        if row["dedup_key"] == conversion["dedup_key"]
    ]
