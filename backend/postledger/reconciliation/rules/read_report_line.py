"""Reads the rows of one report as lines, by the format of its network. Pure."""

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from postledger.decoding.parameters import NO_MONEY, read_currency, read_event
from postledger.reconciliation.rules.cells import BadCell, Cell, make_time_reader, name_bad_row, read_amount, read_text
from postledger.reconciliation.rules.columns import BadHeader, find_columns
from postledger.reconciliation.rules.report_format import COLUMNS, ReportFormat
from postledger.reconciliation.rules.statement_lines import FaultReason, LineFault, ReportLine
from postledger.vocabulary.refusal import Refused
from postledger.vocabulary.statuses import Status

Read = Callable[[Cell], Any]
_IDS = ("transaction_id", "click_id")


def has_columns(report_format: ReportFormat, names: Collection[str]) -> bool:
    """Whether a file with columns of these names can be of the format. Objects of JSON may leave out optional keys."""
    if report_format.kind == "json":
        return _has_needed_keys(report_format, names)
    try:
        ReportLineReader(report_format, list(names))
    except BadHeader:
        return False
    return True


def _has_needed_keys(report_format: ReportFormat, names: Collection[str]) -> bool:
    found = {meaning for meaning, key in report_format.columns.items() if key in names}
    optional = {*_IDS, "event", "fee", *(["currency"] if report_format.currency is not None else [])}
    return not found.isdisjoint(_IDS) and report_format.columns.keys() - optional <= found


class ReportLineReader:
    """Reads the rows below one header. Raises `BadHeader`."""

    def __init__(self, report_format: ReportFormat, header: Sequence[str]) -> None:
        self._width = len(header)
        columns = {each: report_format.columns[each] for each in COLUMNS if each in report_format.columns}
        positions = find_columns(columns, header, f"report format {report_format.slug}")
        readers, without = _make_readers(report_format), _read_absent(report_format)
        # Each row is read by the same eight calls, because a million rows have no time for more.
        self._fields = [
            (readers[name], positions[name]) if name in positions else (without[name], 0) for name in COLUMNS
        ]

    def __call__(self, line_no: int, cells: Sequence[Cell]) -> ReportLine | LineFault:
        """Read one row."""
        if len(cells) != self._width:
            return LineFault(line_no, None, name_bad_row(cells))
        try:
            amount, currency, (word, status), (day, moment), transaction_id, click_id, event, fee = [
                read(cells[position]) for read, position in self._fields
            ]
        except BadCell:
            return self._find_fault(line_no, cells)
        if transaction_id is None and click_id is None:
            return LineFault(line_no, "transaction_id", FaultReason.MISSING_FIELD)
        return ReportLine(line_no, amount, currency, status, event, transaction_id, click_id, day, moment, word, fee)

    def _find_fault(self, line_no: int, cells: Sequence[Cell]) -> LineFault:
        for name, (read, position) in zip(COLUMNS, self._fields, strict=True):
            try:
                read(cells[position])
            except BadCell as bad:
                return LineFault(line_no, name, bad.reason)
        raise AssertionError("one of the cells cannot be read")


def _make_readers(report_format: ReportFormat) -> dict[str, Read]:
    return {
        "amount": _make_amount_reader(report_format),
        "fee": lambda cell: None if cell is None or cell == "" else read_amount(cell, report_format.decimal),
        "currency": _make_currency_reader(report_format),
        "status": _make_status_reader(report_format),
        "time": make_time_reader(report_format.time_formats, ZoneInfo(report_format.timezone)),
        "transaction_id": read_text,
        "click_id": read_text,
        "event": _make_event_reader(report_format),
    }


def _read_absent(report_format: ReportFormat) -> dict[str, Read]:
    """Return how the columns are read that a report does not have."""
    currency = _make_currency_reader(report_format)
    return {
        "currency": lambda _cell: currency(None),
        "status": lambda _cell: (None, report_format.status),
        "time": lambda _cell: (None, None),
        "event": lambda _cell: report_format.event,
        **dict.fromkeys(("amount", "transaction_id", "click_id", "fee"), lambda _cell: None),
    }


def _make_amount_reader(report_format: ReportFormat) -> Read:
    mark = report_format.decimal
    if report_format.negate:
        return lambda cell: -read_amount(cell, mark)
    return lambda cell: read_amount(cell, mark)


def _make_currency_reader(report_format: ReportFormat) -> Read:
    @lru_cache(maxsize=1000, typed=True)  # True is not 1
    def read(cell: Cell) -> str:
        text = read_text(cell, FaultReason.BAD_CURRENCY)
        try:
            currency = report_format.currency if text is None else read_currency(text)
        except Refused:
            raise BadCell(FaultReason.BAD_CURRENCY) from None
        if currency is None:
            raise BadCell(FaultReason.MISSING_FIELD)
        if currency in NO_MONEY:
            raise BadCell(FaultReason.BAD_CURRENCY)
        return currency

    return read


def _make_status_reader(report_format: ReportFormat) -> Read:
    words = {word.casefold(): status for status, words in report_format.statuses.items() for word in words}

    @lru_cache(maxsize=1000, typed=True)  # True is not 1
    def read(cell: Cell) -> tuple[str | None, Status]:
        word = str(cell).lower() if isinstance(cell, bool) else read_text(cell, FaultReason.UNKNOWN_STATUS)
        status = words.get((word or "").casefold())
        if status is None:
            raise BadCell(FaultReason.UNKNOWN_STATUS)
        return word, status

    return read


def _make_event_reader(report_format: ReportFormat) -> Read:
    events = {word.casefold(): event for event, words in report_format.events.items() for word in words}

    @lru_cache(maxsize=1000, typed=True)  # True is not 1
    def read(cell: Cell) -> str | None:
        word = read_text(cell, FaultReason.BAD_EVENT)
        try:
            return report_format.event if word is None else events.get(word.casefold()) or read_event(word)
        except Refused:
            raise BadCell(FaultReason.BAD_EVENT) from None

    return read
