"""Reads the rows of a bank's table as lines, by the format of the bank account. Pure."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from postledger.decoding.parameters import read_currency
from postledger.reconciliation.rules.bank_cells import LONGEST_TEXT, clean, clean_reference
from postledger.reconciliation.rules.bank_format import BANK_COLUMNS, BankFormat
from postledger.reconciliation.rules.cells import BadCell, Cell, make_time_reader, name_bad_row, read_amount
from postledger.reconciliation.rules.columns import find_columns
from postledger.reconciliation.rules.statement_lines import BankLine, FaultReason, LineFault
from postledger.vocabulary.refusal import Refused

Read = Callable[[Cell], Any]


class BankRow(msgspec.Struct, frozen=True):
    """A line, the account that it names, and the balance of the account after it."""

    line: BankLine
    account: str
    balance: Decimal | None


class BankRowReader:
    """Reads the rows below one header. Raises `BadHeader`."""

    def __init__(self, bank_format: BankFormat, header: Sequence[str]) -> None:
        self._format, self._width = bank_format, len(header)
        columns = {each: bank_format.columns[each] for each in BANK_COLUMNS if each in bank_format.columns}
        readers = _make_readers(bank_format)
        positions = find_columns(columns, header, "[bank_accounts.csv]")
        self._fields = [(name, readers[name], position) for name, position in positions.items()]

    def __call__(self, line_no: int, cells: Sequence[Cell]) -> BankRow | LineFault:
        """Read one row."""
        if len(cells) < self._width or any(cells[self._width :]):
            return LineFault(line_no, None, name_bad_row(cells))
        name, values = "", dict[str, Any]()
        try:
            for name, read, position in self._fields:
                values[name] = read(cells[position])
            name = "amount"
            amount = self._find_amount(values)
        except BadCell as bad:
            return LineFault(line_no, name, bad.reason)
        return self._combine(line_no, amount, values)

    def _find_amount(self, values: Mapping[str, Any]) -> Decimal:
        amount: Decimal = _sign(values["amount"], values) if "amount" in values else self._add_sides(values)
        fee = values.get("fee")
        less = amount - fee if self._format.subtract_fee and fee is not None else amount
        return -less if self._format.negate else less

    def _add_sides(self, values: Mapping[str, Any]) -> Decimal:
        debit, credit = values["debit"], values["credit"]
        if debit is None and credit is None:
            raise BadCell(FaultReason.MISSING_FIELD)
        if debit and credit:
            raise BadCell(FaultReason.BAD_AMOUNT)
        paid_out: Decimal = debit or Decimal(0)
        return (credit or Decimal(0)) + (paid_out if self._format.negative_debits else -paid_out)

    def _combine(self, line_no: int, amount: Decimal, values: Mapping[str, Any]) -> BankRow | LineFault:
        currency, is_pending = values.get("currency") or self._format.currency, values.get("state", False)
        if currency is None:
            return LineFault(line_no, "currency", FaultReason.MISSING_FIELD)
        booked_on, valued_on = values["date"], values.get("value_date")
        if booked_on is None and not is_pending:
            return LineFault(line_no, "date", FaultReason.BAD_DATE)
        line = BankLine(
            line_no,
            amount,
            currency,
            booked_on,
            valued_on,
            fee=values.get("fee"),
            bank_reference=values.get("reference"),
            end_to_end=values.get("end_to_end"),
            counterparty=values.get("counterparty"),
            counterparty_account=values.get("counterparty_account"),
            remittance=values.get("text"),
            pending=is_pending,
        )
        return BankRow(line, values.get("account") or "", values.get("balance"))


def _sign(amount: Decimal, values: Mapping[str, Any]) -> Decimal:
    """Apply the word for debit or credit. An amount with a minus can only be a debit."""
    is_credit = values.get("sign")
    if is_credit is None:
        return amount
    if is_credit and amount < 0:
        raise BadCell(FaultReason.BAD_AMOUNT)
    return amount if is_credit else -abs(amount)


def _make_readers(bank_format: BankFormat) -> dict[str, Read]:
    mark = bank_format.decimal

    def read_optional(cell: Cell) -> Decimal | None:
        return None if _is_empty(cell) else read_amount(cell, mark)

    read_time = make_time_reader(bank_format.time_formats, ZoneInfo(bank_format.timezone))
    read_day = lambda cell: None if _is_empty(cell) else read_time(cell)[0]  # noqa: E731
    return {
        "date": read_day,
        "value_date": read_day,
        "amount": lambda cell: read_amount(cell, mark),
        "debit": read_optional,
        "credit": read_optional,
        "fee": lambda cell: None if (fee := read_optional(cell)) is None else abs(fee),
        "balance": read_optional,
        "sign": _make_word_reader(
            {False: bank_format.signs.get("debit", ()), True: bank_format.signs.get("credit", ())}
        ),
        "state": _make_word_reader(
            {False: bank_format.states.get("booked", ()), True: bank_format.states.get("pending", ())}
        ),
        "currency": _read_currency,
        "account": lambda cell: clean(_write(cell)),
        "text": lambda cell: clean(_write(cell), LONGEST_TEXT),
        "counterparty": lambda cell: clean(_write(cell)),
        "counterparty_account": lambda cell: clean(_write(cell)),
        "reference": lambda cell: clean_reference(_write(cell)),
        "end_to_end": lambda cell: clean_reference(_write(cell)),
    }


def _is_empty(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _write(cell: Cell) -> str:
    return "" if cell is None else str(cell)


def _make_word_reader(meanings: Mapping[bool, Sequence[str]]) -> Read:
    words = {word.casefold(): meaning for meaning, words in meanings.items() for word in words}

    def read(cell: Cell) -> bool:
        meaning = words.get(_write(cell).strip().casefold())
        if meaning is None:
            raise BadCell(FaultReason.UNKNOWN_STATUS)
        return meaning

    return read


@lru_cache(maxsize=1000)
def _read_currency(cell: Cell) -> str | None:
    text = clean(_write(cell))
    try:
        return None if text is None else read_currency(text)
    except Refused:
        raise BadCell(FaultReason.BAD_CURRENCY) from None
