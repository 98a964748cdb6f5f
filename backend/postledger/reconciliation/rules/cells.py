"""Reads the cells of reports: text, numbers as Excel stores them, amounts, days and times. Pure."""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache, partial
from zoneinfo import ZoneInfo

from postledger.reconciliation.rules.statement_lines import FaultReason


class Unreadable(Enum):
    """What stands in place of a cell that is neither text nor a number, such as an array of JSON.

    `OPEN_QUOTE` is the only cell of a line that a quote has taken into another row.
    """

    CELL = "unreadable"
    OPEN_QUOTE = "open_quote"


Cell = str | int | float | Decimal | bool | date | datetime | time | timedelta | Unreadable | None
"""What a row reader gives: of text always `str`; of Excel numbers and dates too; of JSON `Decimal` for a fraction."""

LONGEST_TEXT = 255
UNIX = "unix"
"""The time format of whole unix seconds. The others are those of strptime."""
MOST_EXACT_DIGITS = 15
"""Excel keeps so many digits of a number. What an id had beyond them is lost."""
_LENGTH_OF_A_DAY = len("2026-11-30")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST, _LATEST = date(2000, 1, 1), date(2100, 1, 1)
_TOO_MUCH, _SMALLEST = Decimal(10) ** 12, Decimal("0.000001")
_MOST_PLACES = 6
_PLAIN = re.compile(r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?")
_AROUND = "$€£¥₹ \u00a0\u202f"  # marks of currencies, and blanks
_GROUPED = {
    ".": re.compile(r"([0-9]{1,12}|[0-9]{1,3}(?:[,'\u2019 \u00a0\u202f][0-9]{3}){1,3})(?:\.([0-9]{1,6}))?"),
    ",": re.compile(r"([0-9]{1,12}|[0-9]{1,3}(?:[.'\u2019 \u00a0\u202f][0-9]{3}){1,3})(?:,([0-9]{1,6}))?"),
}


class BadCell(Exception):
    """A cell cannot be read."""

    def __init__(self, reason: FaultReason) -> None:
        super().__init__(reason)
        self.reason = reason


def name_bad_row(cells: Sequence[Cell]) -> FaultReason:
    """Return why a row does not have the cells of its header."""
    return FaultReason.UNCLOSED_QUOTE if Unreadable.OPEN_QUOTE in cells else FaultReason.BAD_ROW


def read_text(cell: Cell, otherwise: FaultReason = FaultReason.BAD_TEXT) -> str | None:
    """Read text of at most 255 printable characters, or a number. None if the cell is empty. Raises `BadCell`.

    `otherwise`: the fault of a cell that is no text and no number. What Excel took for a day has lost its text.
    """
    if cell is None:
        return None
    text = (cell if isinstance(cell, str) else _write_number(cell, otherwise)).strip()
    if len(text) > LONGEST_TEXT:
        raise BadCell(FaultReason.TOO_LONG)
    if not text.isprintable():
        raise BadCell(FaultReason.BAD_TEXT)
    return text or None


def _write_number(cell: Cell, otherwise: FaultReason) -> str:
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        raise BadCell(otherwise)
    exact = Decimal(repr(cell) if isinstance(cell, float) else cell)
    number = exact.normalize()
    is_long = len(number.as_tuple().digits) > MOST_EXACT_DIGITS or abs(number.adjusted()) >= MOST_EXACT_DIGITS
    if is_long or number != exact:
        raise BadCell(FaultReason.LOST_DIGITS)
    return format(number.to_integral() if number == number.to_integral() else number, "f")


def read_amount(cell: Cell, decimal: str) -> Decimal:
    """Read an amount whose decimal mark is `decimal`. Raises `BadCell`.

    A minus stands before or behind it, or it is in brackets. Thousands may be grouped by the other mark, by blanks or
    by apostrophes. A number of Excel goes by its shortest text, never through binary arithmetic.
    """
    if isinstance(cell, str):
        return Decimal(cell) if decimal == "." and _PLAIN.fullmatch(cell) else _read_written(cell, decimal)
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        raise BadCell(FaultReason.BAD_AMOUNT)
    number = Decimal(repr(cell) if isinstance(cell, float) else cell)
    if not number.is_finite() or abs(number) >= _TOO_MUCH:
        raise BadCell(FaultReason.BAD_AMOUNT)
    rounded = number.quantize(_SMALLEST)
    if isinstance(cell, Decimal):
        return _keep(number, rounded)
    return number if rounded == number else rounded.normalize() + 0


def _keep(written: Decimal, rounded: Decimal) -> Decimal:
    """Keep the decimal places that were written, without an exponent."""
    if written != rounded:
        raise BadCell(FaultReason.BAD_AMOUNT)
    places = max(0, min(-int(written.as_tuple().exponent), _MOST_PLACES))
    return rounded.quantize(Decimal(1).scaleb(-places))


def _read_written(cell: str, decimal: str) -> Decimal:
    text, is_negative = cell.replace("\N{MINUS SIGN}", "-").strip(_AROUND), False
    if text[:1] == "(" and text[-1:] == ")":
        text, is_negative = text[1:-1], True
    elif text[:1] in ("-", "+"):
        text, is_negative = text[1:], text[0] == "-"
    elif text[-1:] == "-":
        text, is_negative = text[:-1], True
    found = _GROUPED[decimal].fullmatch(text.strip(_AROUND))
    if found is None:
        raise BadCell(FaultReason.BAD_AMOUNT)
    number = Decimal(f"{re.sub('[^0-9]', '', found[1])}.{found[2] or 0}")
    return -number if is_negative else number


def make_time_reader(formats: Sequence[str], zone: ZoneInfo) -> Callable[[Cell], tuple[date, datetime | None]]:
    """Return a reader of days and times. It gives the day in the zone, and the moment unless the cell has a day only.

    A time without an offset is of the zone. Of one that the clocks show twice it is the first; one that they skip is a
    fault. Raises `BadCell`.
    """
    place = _make_placer(zone)

    def read_text(text: str) -> tuple[date, datetime | None]:
        for form in formats or (None,):
            try:
                found = _parse_time(text, form)
            except (ValueError, OverflowError):
                continue
            return place(found, _has_time(text, form))
        raise BadCell(FaultReason.BAD_DATE)

    read_often = lru_cache(maxsize=1000)(read_text)  # of the lines of a report without times few have a new day

    def read_cell(cell: Cell) -> tuple[date, datetime | None]:
        if isinstance(cell, datetime):
            return place(cell, cell.time() != time.min)
        if isinstance(cell, date):
            return cell, None
        if not isinstance(cell, str) or not (text := cell.strip()):
            raise BadCell(FaultReason.BAD_DATE)
        return read_often(text) if len(text) <= _LENGTH_OF_A_DAY else read_text(text)

    return read_cell


def _parse_time(text: str, form: str | None) -> datetime:
    if form == UNIX:
        return datetime.fromtimestamp(int(text), UTC)
    return datetime.fromisoformat(text) if form is None else datetime.strptime(text, form)  # noqa: DTZ007


def _has_time(text: str, form: str | None) -> bool:
    return len(text) > _LENGTH_OF_A_DAY if form is None else form == UNIX or "%H" in form or "%I" in form


def _make_placer(zone: ZoneInfo) -> Callable[[datetime, bool], tuple[date, datetime | None]]:
    """Return a function that finds day and moment. It remembers hours, because to ask the zone takes long."""
    find_epoch = lru_cache(maxsize=1000)(partial(_find_epoch, zone))

    def place(found: datetime, has_time: bool) -> tuple[date, datetime | None]:
        if not has_time:
            return _check_day(found.date()), None
        if found.tzinfo is None and (epoch := find_epoch(found.toordinal() * 24 + found.hour)) is not None:
            return _check_day(found.date()), _EPOCH + (found - epoch)
        moment = (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
        if found.tzinfo is None and moment.astimezone(zone).replace(tzinfo=None) != found:
            raise BadCell(FaultReason.BAD_DATE)  # the clocks skip it
        return _check_day(moment.astimezone(zone).date()), moment

    return place


def _find_epoch(zone: ZoneInfo, hour: int) -> datetime | None:
    """Return what the clocks of a zone would have shown at `_EPOCH`, by the offset of an hour.

    Hours count from the year 1. None if the clocks are changed in it.
    """
    begins = datetime.fromordinal(hour // 24) + timedelta(hours=hour % 24)
    shown = [begins.replace(tzinfo=zone, minute=minute, fold=fold) for minute in (0, 59) for fold in (0, 1)]
    offsets = {moment.utcoffset() for moment in shown}
    offset = offsets.pop()
    return None if offsets or offset is None else _EPOCH.replace(tzinfo=None) + offset


def _check_day(day: date) -> date:
    if not _EARLIEST <= day < _LATEST:
        raise BadCell(FaultReason.BAD_DATE)
    return day
