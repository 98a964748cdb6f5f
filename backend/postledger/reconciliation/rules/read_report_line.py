"""Reads the rows of one report as lines, by the format of its network. Pure."""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from postledger.decoding.parameters import read_currency, read_event
from postledger.reconciliation.rules.cells import BadCell, Cell, make_time_reader, read_amount, read_text
from postledger.reconciliation.rules.columns import find_columns
from postledger.reconciliation.rules.report_format import COLUMNS, ReportFormat
from postledger.reconciliation.rules.statement_lines import FaultReason, LineFault, ReportLine
from postledger.vocabulary.refusal import Refused
from postledger.vocabulary.statuses import Status

Read = Callable[[Cell], Any]


class ReportLineReader:
    """Reads the rows below one header. Raises `BadHeader`."""

    def __init__(self, report_format: ReportFormat, header: Sequence[str]) -> None:
        self._format, self._width = report_format, len(header)
        columns = {each: report_format.columns[each] for each in COLUMNS if each in report_format.columns}
        positions = find_columns(columns, header, f"report format {report_format.slug}")
        readers = _make_readers(report_format)
        self._fields = [(name, readers[name], position) for name, position in positions.items()]

    def __call__(self, line_no: int, cells: Sequence[Cell]) -> ReportLine | LineFault:
        """Read one row."""
        if len(cells) != self._width:
            return LineFault(line_no, None, FaultReason.BAD_ROW)
        name, values = "", dict[str, Any]()
        try:
            for name, read, position in self._fields:
                values[name] = read(cells[position])
        except BadCell as bad:
            return LineFault(line_no, name, bad.reason)
        return self._combine(line_no, values)

    def _combine(self, line_no: int, values: dict[str, Any]) -> ReportLine | LineFault:
        transaction_id, click_id = values.get("transaction_id"), values.get("click_id")
        if transaction_id is None and click_id is None:
            return LineFault(line_no, "transaction_id", FaultReason.MISSING_FIELD)
        currency = values.get("currency") or self._format.currency
        if currency is None:
            return LineFault(line_no, "currency", FaultReason.MISSING_FIELD)
        status_word, status = values.get("status") or (None, self._format.status)
        booked_on, happened_at = values.get("time") or (None, None)
        amount = -values["amount"] if self._format.negate else values["amount"]
        return ReportLine(
            line_no, amount, currency, status, values.get("event") or self._format.event, transaction_id, click_id,
            booked_on, happened_at, status_word, values.get("fee"),
        )  # fmt: skip


def _make_readers(report_format: ReportFormat) -> dict[str, Read]:
    mark = report_format.decimal
    return {
        "amount": lambda cell: read_amount(cell, mark),
        "fee": lambda cell: None if cell is None or cell == "" else read_amount(cell, mark),
        "currency": _read_currency,
        "status": _make_status_reader(report_format),
        "time": make_time_reader(report_format.time_formats, ZoneInfo(report_format.timezone)),
        "transaction_id": read_text,
        "click_id": read_text,
        "event": _make_event_reader(report_format),
    }


@lru_cache(maxsize=1000)
def _read_currency(cell: Cell) -> str | None:
    text = read_text(cell)
    try:
        return None if text is None else read_currency(text)
    except Refused:
        raise BadCell(FaultReason.BAD_CURRENCY) from None


def _make_status_reader(report_format: ReportFormat) -> Read:
    words = {word.casefold(): status for status, words in report_format.statuses.items() for word in words}

    @lru_cache(maxsize=1000)
    def read(cell: Cell) -> tuple[str | None, Status]:
        word = read_text(cell)
        status = words.get((word or "").casefold())
        if status is None:
            raise BadCell(FaultReason.UNKNOWN_STATUS)
        return word, status

    return read


def _make_event_reader(report_format: ReportFormat) -> Read:
    events = {word.casefold(): event for event, words in report_format.events.items() for word in words}

    @lru_cache(maxsize=1000)
    def read(cell: Cell) -> str | None:
        word = read_text(cell)
        try:
            return None if word is None else events.get(word.casefold()) or read_event(word)
        except Refused:
            raise BadCell(FaultReason.BAD_EVENT) from None

    return read
