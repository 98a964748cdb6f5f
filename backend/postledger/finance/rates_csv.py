"""Reads the file of reference rates that the European Central Bank publishes, the daily one and the history. Pure.

https://www.ecb.europa.eu/stats/eurofxref: a header, one line a day, an empty column at the end, `N/A` for a day
without a rate and for a currency that has ended.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

import msgspec

_CURRENCY = re.compile(r"[A-Z]{3}")
_RATE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,12})?")
_NO_RATE = ("", "N/A")
_DATE_FORMS = ("%Y-%m-%d", "%d %B %Y")  # of the history and of the daily file
_AHEAD = timedelta(days=1)  # time zones


class DayRate(msgspec.Struct, frozen=True):
    """How many units of a currency one euro has on a day."""

    currency: str
    on_day: date
    rate: Decimal


class RateFault(msgspec.Struct, frozen=True):
    """A line that cannot be read, and why."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


class BadRates(Exception):
    """The file has faults, and none of it was imported."""

    def __init__(self, faults: Sequence[RateFault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


class _Reader:
    """Reads the lines of one file, and collects their faults."""

    def __init__(self, header: Sequence[str], today: date) -> None:
        self.faults: list[RateFault] = []
        self._newest, self._days = today + _AHEAD, set[date]()
        self._currencies = dict(enumerate(header[1:], 1))
        while self._currencies and not self._currencies[len(self._currencies)]:
            self._currencies.popitem()  # the empty column at the end
        if not self._currencies or header[0] != "Date" or not all(map(_CURRENCY.fullmatch, self._currencies.values())):
            self.faults.append(RateFault(1, "is not the header of ECB's file: Date, and a column for each currency"))
        columns = list(self._currencies.values())
        if twice := next((currency for currency in columns if columns.count(currency) > 1), None):
            self.faults.append(RateFault(1, f"has {twice} twice; remove one of the columns"))

    def read(self, line: int, cells: Sequence[str]) -> Iterator[DayRate]:
        """Read the rates of one day."""
        on_day = _read_day(cells[0])
        if on_day is None or on_day > self._newest:
            self.faults.append(RateFault(line, 'Date must be a day such as "2026-11-27", and not in the future'))
            return
        if on_day in self._days:
            self.faults.append(RateFault(line, f"{on_day} is in this file twice; remove one of the lines"))
        self._days.add(on_day)
        for column, currency in self._currencies.items():
            cell = cells[column] if column < len(cells) else "missing"
            if cell in _NO_RATE:
                continue
            if not _RATE.fullmatch(cell) or not (rate := Decimal(cell)):
                self.faults.append(RateFault(line, f'{currency} must be a rate above zero such as "1.0846", or N/A'))
                continue
            yield DayRate(currency, on_day, rate)


def read_rates(text: str, today: date) -> list[DayRate]:
    """Read a file as a whole. Raises `BadRates` with all faults."""
    lines = csv.reader(text.removeprefix("\ufeff").splitlines())
    rows = [[cell.strip() for cell in cells] for cells in lines]
    reader = _Reader(rows[0] if rows and rows[0] else [""], today)
    rates: list[DayRate] = []
    if not reader.faults:
        for line, cells in enumerate(rows[1:], 2):
            rates.extend(reader.read(line, cells) if any(cells) else ())
    if not reader.faults and not rates:
        reader.faults.append(RateFault(1, "the file has no rate; download it again"))
    if reader.faults:
        raise BadRates(reader.faults)
    return rates


def _read_day(text: str) -> date | None:
    for form in _DATE_FORMS:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None
