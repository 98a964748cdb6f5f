"""Reads bank statements in SWIFT's MT940."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import IO

import msgspec
from msgspec.structs import replace

from postledger.reconciliation.readers.mt940_details import Details, read_details
from postledger.reconciliation.readers.rows import BadFile
from postledger.reconciliation.readers.statement_parts import Days, Numbered, check_number, combine
from postledger.reconciliation.readers.text_lines import find_encoding, read_lines
from postledger.reconciliation.rules.bank_cells import (
    clean,
    clean_reference,
    is_currency,
    join_texts,
    read_short_day,
    read_swift_amount,
    settle_rate,
)
from postledger.reconciliation.rules.statement_lines import BankLine, BankStatement, FaultReason, LineFault

_BEGINNING = re.compile(rb"^:20:.*\s^:25P?:", re.MULTILINE | re.DOTALL)
_TAG = re.compile(r":([0-9]{2}[A-Z]?|NS):")
_BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9.]+,[0-9]*)")
_ENTRY = re.compile(
    r"(?P<valued>[0-9]{6})(?P<booked>[0-9]{4}|[ ]{4})?(?P<mark>R?[CD]|E[CD])(?P<funds>[A-Z])?\s?"
    r"(?P<amount>[0-9.]+,[0-9]*)(?![0-9.,])(?P<text>.*)",
    re.IGNORECASE,
)
_CURRENCY = re.compile(r".*[0-9]([A-Z]{3})|([A-Z]{3})[DC ]?[0-9.]*,[0-9]*")
MOST_LINES_OF_A_FIELD = 1000


def looks_like_mt940(first: bytes) -> bool:
    """Whether a file that begins so is MT940."""
    text = first.replace(b"\0", b"").replace(b"\r", b"\n").removeprefix(b"\xef\xbb\xbf")
    return _BEGINNING.search(re.sub(rb"^\xff\xfe|^\xfe\xff", b"", text)) is not None


def read_mt940(content: IO[bytes]) -> Iterator[BankStatement]:
    """Read the statements of a file that can be sought. Raises `BadFile`, also while lines are read."""
    encoding, heads = find_encoding(content), list[_Head]()
    for field in _read_fields(content, encoding):
        if field.tag == "20":
            heads.append(_Head())
            check_number(len(heads))
        if heads:
            heads[-1].add(field)
    check_number(len(heads))
    statements = [head.finish() for head in heads]
    yield from combine(statements, _read_entries(content, encoding, heads))


class _Field(msgspec.Struct, frozen=True):
    """A field: its tag, its lines, and the number of the first."""

    tag: str
    lines: list[str]
    line_no: int


def _read_fields(content: IO[bytes], encoding: str) -> Iterator[_Field]:
    """Yield the fields. A line that begins with no tag belongs to the field before; `-` ends a statement."""
    field: _Field | None = None
    for line_no, line in read_lines(content, encoding):
        if (found := _TAG.match(line)) is not None or line.startswith(("{", "-}")) or line.strip() == "-":
            if field is not None:
                yield field
            field = None if found is None else _Field(found[1], [line[found.end() :]], line_no)
        elif field is not None:
            field.lines.append(line)
            if len(field.lines) > MOST_LINES_OF_A_FIELD:
                raise BadFile(f"has a field of more than {MOST_LINES_OF_A_FIELD} lines at line {field.line_no}")
    if field is not None:
        yield field


class _Head:
    """What was read of one statement, except its lines."""

    def __init__(self) -> None:
        self.account, self.currency, self._number = "", "", ""
        self._opening: Decimal | None = None
        self._closing: Decimal | None = None
        self._days = Days()
        self.is_interim = False

    def add(self, field: _Field) -> None:
        """Read a field."""
        text = field.lines[0].strip()
        match field.tag:
            case "25" | "25P":
                self.account = clean(text) or ""
            case "28" | "28C":
                self._number = clean(text) or ""
            case "60F" | "60M" | "60":
                self._opening = self._read_balance(field)
            case "62F" | "62M" | "62":
                self._closing = self._read_balance(field)
            case "34F":
                self.is_interim = self._opening is None
                self._note_currency(text)
            case "61" if (found := _ENTRY.fullmatch(text)) is not None and found["mark"][0].upper() != "E":
                self._days.add(_read_days(found)[0])

    def _read_balance(self, field: _Field) -> Decimal | None:
        found = _BALANCE.match(field.lines[0].strip())
        amount = None if found is None else read_swift_amount(found[4])
        if found is None or amount is None or not is_currency(found[3]):
            return None
        self.currency = found[3]
        if field.tag.startswith("62"):  # that of the opening is often the day of the statement before
            self._days.add(read_short_day(found[2]))
        return amount if found[1] == "C" else -amount

    def finish(self) -> BankStatement:
        """Return the statement without its lines."""
        if not self.currency:
            self._note_currency(self.account)
        return BankStatement(
            self.account,
            self._number or None,
            self.currency or None,
            self._days.first,
            self._days.last,
            self._opening,
            self._closing,
            iter(()),
        )

    def _note_currency(self, text: str) -> None:
        found = _CURRENCY.fullmatch(text)
        if found is not None and is_currency(found[1] or found[2]):
            self.currency = found[1] or found[2]


def _read_entries(content: IO[bytes], encoding: str, heads: Sequence[_Head]) -> Numbered:
    index, entry, details = -1, None, list[str]()
    for field in _read_fields(content, encoding):
        if entry is not None and field.tag == "86":
            details += field.lines[: MOST_LINES_OF_A_FIELD - len(details)]
            continue
        if entry is not None:
            yield index, _read_entry(entry, details, heads[index])
        index += field.tag == "20"
        entry, details = field if field.tag == "61" and index >= 0 else None, []
    if entry is not None:
        yield index, _read_entry(entry, details, heads[index])


def _read_entry(field: _Field, details: list[str], head: _Head) -> BankLine | LineFault:
    found = _ENTRY.fullmatch(field.lines[0].strip())
    amount = None if found is None else read_swift_amount(found["amount"])
    if found is None or amount is None:
        return LineFault(field.line_no, "amount", FaultReason.BAD_AMOUNT)
    booked_on, valued_on = _read_days(found)
    if booked_on is None:
        return LineFault(field.line_no, "date", FaultReason.BAD_DATE)
    if not head.currency:
        return LineFault(field.line_no, "currency", FaultReason.MISSING_FIELD)
    mark = found["mark"].upper()
    line = BankLine(
        field.line_no,
        amount if mark in _CREDITS else -amount,
        head.currency,
        booked_on,
        valued_on,
        reversal=mark in ("RC", "RD"),
        pending=head.is_interim or mark in ("EC", "ED"),
    )
    return _describe(line, found["text"], field.lines[1:], read_details(details))


_CREDITS = frozenset({"C", "RD", "EC"})
"""A reversal of a debit brings money back; a reversal of a credit, RC, takes it."""


def _describe(line: BankLine, text: str, supplement: Sequence[str], details: Details) -> BankLine:
    kind, customer, bank = _split_reference(text)
    instructed, currency = details.instructed or (None, None)
    fee, fee_currency = details.fee or (None, None)
    return replace(
        line,
        fee=fee if fee and fee_currency in (None, line.currency) else None,
        instructed_amount=instructed,
        instructed_currency=None if instructed is None else currency or line.currency,
        rate=settle_rate(details.rate, instructed, line.amount),
        bank_reference=bank,
        end_to_end=details.end_to_end,
        counterparty=details.counterparty,
        counterparty_account=details.account,
        remittance=join_texts(details.remittance, customer, *supplement),
        reversal=line.reversal or details.is_return or kind == "RTI",
    )


def _split_reference(text: str) -> tuple[str, str | None, str | None]:
    """Split the code of the transaction, the reference of the customer, and that of the bank."""
    kind, rest = (text.strip()[1:4], text.strip()[4:]) if text.strip() else ("", "")
    customer, _, bank = rest.partition("//")
    return kind.upper(), clean_reference(customer), clean_reference(bank)


def _read_days(entry: re.Match[str]) -> tuple[date | None, date | None]:
    """Read the day of booking and that of value. The year of the booking is that which is nearest to the value."""
    valued_on, written = read_short_day(entry["valued"]), (entry["booked"] or "").strip()
    if valued_on is None or not written:
        return valued_on, valued_on
    years = (valued_on.year + each for each in (0, -1, 1))
    days = (read_short_day(f"{year % 100:02}{written}") for year in years)
    return min((day for day in days if day), key=lambda day: abs(day - valued_on), default=None), valued_on
