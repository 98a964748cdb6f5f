"""Gathers the evidence of a work item, or of an id: click, postbacks, conversion, lines, statements, audit proof."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import chain
from typing import Any

import msgspec
from psycopg import Connection

from postledger.audit.evidence.chain_proof import ChainProof, prove
from postledger.audit.evidence.signature_check import check_signature
from postledger.audit.trace import Trace, trace
from postledger.audit.trace_rows import Row, fetch, values_of
from postledger.audit.trace_statements import Documents, add_statements, find_documents, find_line
from postledger.policy.store import read_stored_settings
from postledger.reconciliation.items.list_items import show_item
from postledger.vocabulary.operator_error import InvalidRequest, NotFound

_NOT_EVIDENCE = ("waiting", "forwards", "publications")
_INTERNAL_OF_CLICK = ("affiliate_id", "subs", "label_notes")
_INTERNAL_OF_CONVERSION = ("affiliate_id", "lines", "approvals", "bills", "receivables", "discrepancies")
_INTERNAL_OF_LINE = ("discrepancies", "imported_by")
_INTERNAL_OF_ITEM = ("notes", "owner", "resolution", "bill", "receivable", "version", "key")
_LONGEST_ITEM_ID = 18


class Evidence(msgspec.Struct, frozen=True):
    """All that belongs to a case. `item` is None if no work item is meant. `is_external`: made for the other party."""

    id: str
    made_at: datetime
    is_external: bool
    item: Row | None
    clicks: list[Row]
    postbacks: list[Row]
    conversions: list[Row]
    report_lines: list[Row]
    bank_lines: list[Row]
    bills: list[Row]
    receivables: list[Row]
    audit: ChainProof


def gather_evidence(connection: Connection[Any], searched: str, now: datetime, *, external: bool = False) -> Evidence:
    """Gather what belongs to a work item, given by its number, or to an id that `trace` knows. Raises `NotFound`.

    `external` leaves out what concerns only us: affiliate and labels, expense lines, approvals, bills, notes, owner.
    """
    item = _find_item(connection, searched)
    found = trace(connection, searched) if item is None else _find_case(connection, item)
    if external:
        _check_one_source(found)
    _add_checks(connection, found.postbacks)
    conversions = [_strip(row, _NOT_EVIDENCE) for row in found.conversions]
    proof = _prove(connection, item, found, external=external)
    evidence = Evidence(
        searched, now, external, item, found.clicks, found.postbacks, conversions, found.report_lines, found.bank_lines,
        found.bills, found.receivables, proof,
    )  # fmt: skip
    return _leave_out_internal(evidence) if external else evidence


def _leave_out_internal(evidence: Evidence) -> Evidence:
    return msgspec.structs.replace(
        evidence,
        item=None if evidence.item is None else _strip(evidence.item, _INTERNAL_OF_ITEM),
        clicks=[_strip(row, _INTERNAL_OF_CLICK) for row in evidence.clicks],
        conversions=[_strip(row, _INTERNAL_OF_CONVERSION) for row in evidence.conversions],
        report_lines=[_strip(row, _INTERNAL_OF_LINE) for row in evidence.report_lines],
        bank_lines=[_strip(row, _INTERNAL_OF_LINE) for row in evidence.bank_lines],
        bills=[],
        receivables=[_strip(row, _INTERNAL_OF_LINE) for row in evidence.receivables],
    )


def _find_item(connection: Connection[Any], searched: str) -> Row | None:
    digits = searched.strip().removeprefix("#")
    if digits.isascii() and digits.isdecimal() and len(digits) <= _LONGEST_ITEM_ID:
        with suppress(NotFound):
            return show_item(connection, int(digits))
    return None


def _find_case(connection: Connection[Any], item: Row) -> Trace:
    """Find what belongs to a work item. Of another source's conversions with the same ids nothing is taken."""
    traces = list(_trace_ids(connection, _list_ids(connection, item)))
    documents = _merge_documents(connection, item, traces)
    source = item["source"]
    conversions = _unique(_of_source(chain.from_iterable(each.conversions for each in traces), source), "dedup_key")
    documents = add_statements(connection, conversions, documents)
    postbacks = _unique(_of_source(chain.from_iterable(each.postbacks for each in traces), source), "id")
    click_ids = set(values_of("click_id", [*conversions, *postbacks]))
    clicks = _unique(chain.from_iterable(each.clicks for each in traces), "click_id")
    return Trace(
        str(item["id"]), [row for row in clicks if row["click_id"] in click_ids], postbacks, conversions,
        *msgspec.structs.astuple(documents),
    )  # fmt: skip


def _list_ids(connection: Connection[Any], item: Row) -> list[str]:
    """List the ids that lead to a work item's conversion, or else to what was sent about it."""
    if item["dedup_key"] is not None:
        found = fetch(connection, "evidence_conversion", dedup_key=item["dedup_key"])
        return values_of("receipt", found)
    return [each for each in (item["transaction_id"] or item["click_id"],) if each is not None]


def _trace_ids(connection: Connection[Any], ids: Iterable[str]) -> Iterable[Trace]:
    for each in ids:
        with suppress(NotFound):
            yield trace(connection, each)


def _merge_documents(connection: Connection[Any], item: Row, traces: Sequence[Trace]) -> Documents:
    found = [] if item["line_no"] is None else [find_line(connection, item["statement_id"], item["line_no"])]
    numbers = [number for number in (item["bill"], item["receivable"]) if number is not None]
    found += [find_documents(connection, number) for number in numbers]
    lines = [*chain.from_iterable(each.report_lines for each in found)]
    lines += chain.from_iterable(each.report_lines for each in traces)
    return Documents(
        _unique(_of_source(lines, item["source"]), "statement_id", "line_no"),
        [*chain.from_iterable(each.bank_lines for each in found)],
        [*chain.from_iterable(each.bills for each in found)],
        [*chain.from_iterable(each.receivables for each in found)],
    )


def _of_source(rows: Iterable[Row], source: str | None) -> list[Row]:
    """Select what is of a source. Of none: everything, because a bank line is about no source."""
    return [row for row in rows if source in (None, row["source"])]


def _unique(rows: Iterable[Row], *keys: str) -> list[Row]:
    return list({tuple(row[key] for key in keys): row for row in rows}.values())


def _check_one_source(found: Trace) -> None:
    rows = [*found.conversions, *found.postbacks, *found.report_lines]
    if len(values_of("source", rows)) > 1:
        raise InvalidRequest("several sources have this id; give the id of a work item, or leave out --external")


def _add_checks(connection: Connection[Any], postbacks: Sequence[Row]) -> None:
    """Add to each postback the request as it was received, and what the check of its signature found."""
    ids = [row["id"] for row in postbacks]
    rows = fetch(connection, "evidence_postbacks", ids=ids, times=[row["received_at"] for row in postbacks])
    stored = {row["id"]: row for row in rows}
    for postback in postbacks:
        found = stored[postback["id"]]
        settings = None if found["settings"] is None else read_stored_settings(found["settings"])
        postback["request"] = _write_request(found["raw"])
        postback["is_cut"] = found["is_cut"]
        postback["signature"] = msgspec.structs.asdict(check_signature(postback | found, settings))


def _write_request(raw: bytes) -> str:
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def _prove(connection: Connection[Any], item: Row | None, found: Trace, *, external: bool) -> ChainProof:
    lines = [*chain.from_iterable(each["report_lines"] for each in found.conversions), *found.report_lines]
    subjects = values_of("statement_id", [*lines, *found.bank_lines])
    subjects += [] if item is None else [item["first_run"], item["last_run"]]
    times: list[datetime] = []
    if not external:
        approvals = chain.from_iterable(each["approvals"] for each in found.conversions)
        bills = [*chain.from_iterable(each["bills"] for each in found.conversions), *found.bills]
        subjects += [*values_of("id", approvals), *values_of("number", bills)]
        times = values_of("created_at", chain.from_iterable(each["lines"] for each in found.conversions))
    return prove(connection, None if item is None or external else item["id"], subjects, times)


def _strip(row: Row, names: Sequence[str]) -> Row:
    return {name: value for name, value in row.items() if name not in names}
