"""Finds what statements say: report lines of conversions, bank lines that pay bills and receivables, work items."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import msgspec
from psycopg import Connection

from postledger.audit.trace_rows import Row, fetch, values_of
from postledger.vocabulary.receipt import is_receipt

OF_STATEMENTS = ("report_lines", "receivables", "discrepancies")
_NO_PLACE = {"statement_id": None, "line_no": None}


class Documents(msgspec.Struct, frozen=True):
    """What an id names that is no conversion: report lines without one, bank lines, bills, receivables."""

    report_lines: list[Row]
    bank_lines: list[Row]
    bills: list[Row]
    receivables: list[Row]

    def __bool__(self) -> bool:
        return bool(self.report_lines or self.bank_lines or self.bills or self.receivables)


def find_documents(connection: Connection[Any], searched: str) -> Documents:
    """Find what has this transaction id in a report, this reference at the bank, or this number or id as a bill."""
    named = {"number": searched, "id": searched if is_receipt(searched) else None}
    return Documents(
        _find_report_lines(connection, transaction_ids=[searched]),
        fetch(connection, "trace_bank_lines", reference=searched, **_NO_PLACE),
        fetch(connection, "trace_bill_by_number", **named),
        fetch(connection, "trace_receivable_by_number", **named),
    )


def find_line(connection: Connection[Any], statement_id: str, line_no: int) -> Documents:
    """Find one line of a report or of a bank statement."""
    place = {"statement_id": statement_id, "line_no": line_no}
    return Documents(
        _find_report_lines(connection, **place),
        fetch(connection, "trace_bank_lines", reference=None, **place),
        [],
        [],
    )


def add_statements(connection: Connection[Any], conversions: Sequence[Row], documents: Documents) -> Documents:
    """Add `report_lines`, `receivables` and `discrepancies` to conversions, and `payments` to their bills.

    Adds `payments`, `parts` and `discrepancies` to documents too. Report lines that belong to one of the conversions
    are left out of the documents.
    """
    report_lines = _find_report_lines(
        connection,
        transaction_ids=values_of("transaction_id", conversions),
        dedup_keys=values_of("dedup_key", conversions),
    )
    receivables = fetch(connection, "trace_receivables", dedup_keys=values_of("dedup_key", conversions))
    for conversion in conversions:
        conversion["report_lines"] = [line for line in report_lines if belongs(line, conversion)]
        conversion["receivables"] = [row for row in receivables if row["dedup_key"] == conversion["dedup_key"]]
    told = {_place(line) for conversion in conversions for line in conversion["report_lines"]}
    rest = [line for line in documents.report_lines if _place(line) not in told]
    documents = msgspec.structs.replace(documents, report_lines=rest)
    _add_payments(connection, conversions, documents)
    _add_items(connection, conversions, documents)
    return documents


def belongs(line: Row, conversion: Row) -> bool:
    """Return whether a report line is about a conversion: matched with it, or with its ids if it is not matched."""
    if line["dedup_key"] is not None:
        return bool(line["dedup_key"] == conversion["dedup_key"])
    ids = ("source", "transaction_id")
    is_its_event = line["event"] in (None, conversion["event"])
    return is_its_event and all(line[name] is not None and line[name] == conversion[name] for name in ids)


def _find_report_lines(connection: Connection[Any], **wanted: object) -> list[Row]:
    nothing: Row = {"transaction_ids": [], "dedup_keys": [], **_NO_PLACE}
    return fetch(connection, "trace_report_lines", **(nothing | wanted))


def _list_bills(conversions: Sequence[Row], documents: Documents) -> list[Row]:
    return [*chain.from_iterable(conversion["bills"] for conversion in conversions), *documents.bills]


def _list_receivables(conversions: Sequence[Row], documents: Documents) -> list[Row]:
    return [*chain.from_iterable(conversion["receivables"] for conversion in conversions), *documents.receivables]


def _add_payments(connection: Connection[Any], conversions: Sequence[Row], documents: Documents) -> None:
    bills, owed = _list_bills(conversions, documents), _list_receivables(conversions, documents)
    payments = fetch(
        connection,
        "trace_payments",
        bill_ids=values_of("id", bills),
        receivable_ids=values_of("id", owed),
        **_list_places(documents.bank_lines),
    )
    for bill in bills:
        bill["payments"] = [each for each in payments if each["bill_id"] == bill["id"]]
    for receivable in owed:
        receivable["payments"] = [each for each in payments if each["receivable_id"] == receivable["id"]]
    for line in documents.bank_lines:
        line["parts"] = [each for each in payments if _place(each) == _place(line)]


def _add_items(connection: Connection[Any], conversions: Sequence[Row], documents: Documents) -> None:
    bills, owed = _list_bills(conversions, documents), _list_receivables(conversions, documents)
    lines = [*chain.from_iterable(each["report_lines"] for each in conversions), *documents.report_lines]
    items = fetch(
        connection,
        "trace_items",
        dedup_keys=values_of("dedup_key", conversions),
        bill_ids=values_of("id", bills),
        receivable_ids=values_of("id", owed),
        **_list_places([*lines, *documents.bank_lines]),
    )
    for conversion in conversions:
        places = {_place(line) for line in conversion["report_lines"]}
        conversion["discrepancies"] = [
            item for item in items if item["dedup_key"] == conversion["dedup_key"] or _place(item) in places
        ]
    for name, rows in (("bill_id", bills), ("receivable_id", owed)):
        for row in rows:
            row["discrepancies"] = [item for item in items if item[name] == row["id"]]
    for line in [*documents.report_lines, *documents.bank_lines]:
        line["discrepancies"] = [item for item in items if _place(item) == _place(line)]


def _place(row: Row) -> tuple[object, object]:
    return row["statement_id"], row["line_no"]


def _list_places(rows: Iterable[Row]) -> dict[str, list[Any]]:
    places = list(dict.fromkeys(map(_place, rows)))
    return {"statement_ids": [each[0] for each in places], "line_nos": [each[1] for each in places]}
