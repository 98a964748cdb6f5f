"""Reads bank statements in OFX 1 (SGML) and OFX 2 (XML)."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import IO

from postledger.reconciliation.readers.ofx_parts import STATEMENTS, Fields, read_parts
from postledger.reconciliation.readers.statement_parts import Days, Numbered, check_number, combine
from postledger.reconciliation.readers.text_lines import find_encoding
from postledger.reconciliation.rules.bank_cells import (
    LONGEST_TEXT,
    BadField,
    clean,
    clean_reference,
    is_currency,
    join_texts,
    read_iso_day,
    read_signed,
    read_unsigned,
)
from postledger.reconciliation.rules.statement_lines import BankLine, BankStatement, FaultReason, LineFault

_BEGINNING = re.compile(rb"OFXHEADER\s*[:=]|<OFX>", re.IGNORECASE)
_DAY = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:[0-9.\[].*)?")
_TRANSACTIONS = frozenset({"STMTTRN", "STMTTRNP"})
_GERMAN_BANK, _LONGEST_GERMAN_ACCOUNT = re.compile(r"[0-9]{8}"), 10


def looks_like_ofx(first: bytes) -> bool:
    """Whether a file that begins so is OFX."""
    return _BEGINNING.search(first.replace(b"\0", b"")) is not None


def read_ofx(content: IO[bytes]) -> Iterator[BankStatement]:
    """Read the statements of a file that can be sought. Raises `BadFile`, also while lines are read.

    OFX has no opening balance, so a statement is proven only by the one before.
    """
    encoding, heads = find_encoding(content), list[_Head]()
    for name, fields in read_parts(content, encoding):
        if name in STATEMENTS:
            heads.append(_Head())
            check_number(len(heads))
        elif heads:
            heads[-1].add(name, fields)
    check_number(len(heads))
    yield from combine([head.finish() for head in heads], _read_lines(content, encoding, heads))


class _Head:
    """What was read of one statement, except its lines."""

    def __init__(self) -> None:
        self.account, self.currency = "", ""
        self._said, self._booked = Days(), Days()
        self._closing: Decimal | None = None
        self._closed_on: date | None = None
        self._debits, self._negative_debits = 0, 0

    def add(self, name: str, fields: Fields) -> None:
        """Read a part."""
        match name:
            case "":
                currency = fields.get("CURDEF", "").upper()
                self.currency = currency if is_currency(currency) else self.currency
                for each in ("DTSTART", "DTEND"):
                    self._said.add(_read_day(fields.get(each)))
            case "BANKACCTFROM" | "CCACCTFROM":
                self.account = self.account or _read_account(fields)
            case "LEDGERBAL":
                self._closing = read_signed(fields.get("BALAMT"), self.currency)
                self._closed_on = _read_day(fields.get("DTASOF"))
            case "STMTTRN":
                self._booked.add(_read_day(fields.get("DTPOSTED")))
                amount = read_signed(fields.get("TRNAMT"), self.currency)
                if fields.get("TRNTYPE", "").upper() == "DEBIT" and amount:
                    self._debits += 1
                    self._negative_debits += amount < 0

    @property
    def has_signs(self) -> bool:
        """Whether debits are negative, as OFX has it. If none is, the bank writes no signs."""
        return not self._debits or self._negative_debits > 0

    def finish(self) -> BankStatement:
        """Return the statement without its lines."""
        days = self._said if self._said.first else self._booked
        return BankStatement(
            self.account, None, self.currency or None, days.first, days.last, None, self._closing, iter(()),
            self._closed_on,
        )  # fmt: skip


def _read_account(fields: Fields) -> str:
    bank, account = clean(fields.get("BANKID")) or "", clean(fields.get("ACCTID")) or ""
    is_german = _GERMAN_BANK.fullmatch(bank) and account.isdigit() and len(account) <= _LONGEST_GERMAN_ACCOUNT
    return f"{bank}/{account}" if is_german else account


def _read_lines(content: IO[bytes], encoding: str, heads: Sequence[_Head]) -> Numbered:
    index, line_no = -1, 0
    for name, fields in read_parts(content, encoding):
        if name in STATEMENTS:
            index, line_no = index + 1, 0
        elif name in _TRANSACTIONS and index >= 0:
            line_no += 1
            yield index, _read_line(fields, heads[index], line_no, is_pending=name == "STMTTRNP")


def _read_line(fields: Fields, head: _Head, line_no: int, *, is_pending: bool) -> BankLine | LineFault:
    try:
        amount = _read_amount(fields, head)
        booked_on = _read_day(fields.get("DTPOSTED") or fields.get("DTTRAN"))
        if booked_on is None:
            raise BadField("date", FaultReason.BAD_DATE)
    except BadField as bad:
        return LineFault(line_no, bad.field, bad.reason)
    rate = read_unsigned(fields.get("ORIGCURRENCY.CURRATE"))
    return BankLine(
        line_no,
        amount,
        head.currency,
        booked_on,
        _read_day(fields.get("DTAVAIL")),
        instructed_currency=clean(fields.get("ORIGCURRENCY.CURSYM")),
        rate=rate or None,
        bank_reference=clean_reference(fields.get("FITID")),
        counterparty=clean(fields.get("NAME") or fields.get("PAYEE.NAME") or fields.get("EXTDNAME")),
        counterparty_account=clean(fields.get("BANKACCTTO.ACCTID") or fields.get("CCACCTTO.ACCTID")),
        remittance=join_texts(
            clean(fields.get("MEMO"), LONGEST_TEXT),
            fields.get("EXTDNAME"),
            fields.get("CHECKNUM"),
            fields.get("REFNUM"),
        ),
        pending=is_pending,
    )


def _read_amount(fields: Fields, head: _Head) -> Decimal:
    amount = read_signed(fields.get("TRNAMT"), head.currency)
    if amount is None:
        raise BadField("amount", FaultReason.BAD_AMOUNT)
    if not head.currency:
        raise BadField("currency", FaultReason.MISSING_FIELD)
    if fields.get("CURRENCY.CURSYM", head.currency).upper() != head.currency:
        raise BadField("currency", FaultReason.BAD_CURRENCY)  # the amount is not in the currency of the account
    if "CORRECTACTION" in fields:
        raise BadField("state", FaultReason.UNKNOWN_STATUS)  # it replaces or deletes another transaction
    if not head.has_signs and fields.get("TRNTYPE", "").upper() == "DEBIT":
        raise BadField("sign", FaultReason.BAD_AMOUNT)
    return amount


def _read_day(text: str | None) -> date | None:
    """Read the day as the bank writes it, in the zone of the bank: `20261031`, `20261031233000.000[-5:EST]`."""
    found = _DAY.fullmatch((text or "").strip()[:64])
    return read_iso_day("-".join(found.groups()) if found else text or "")
