"""Reads the entries of a CAMT statement as lines. The entry is the money; its details only split it if they add up."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeVar

from msgspec.structs import replace

from postledger.reconciliation.readers.camt_details import (
    Detail,
    Money,
    Party,
    is_return,
    read_charges,
    read_money,
    read_rate,
    read_sign,
)
from postledger.reconciliation.readers.xml_parts import Part
from postledger.reconciliation.rules.account_numbers import normalise_account
from postledger.reconciliation.rules.bank_cells import (
    BadField,
    clean_reference,
    is_currency,
    join_texts,
    read_iso_day,
    settle_rate,
)
from postledger.reconciliation.rules.statement_lines import BankLine, FaultReason

T = TypeVar("T")
_BOOKED = "BOOK"
_NOT_MONEY = frozenset({"PDNG", "INFO", "FUTR"})
MOST_DETAILS = 20_000
"""An entry with more details is not split."""


class EntryReader:
    """Reads the entries of one statement. `default_state` is that of an entry without one; it can be empty."""

    def __init__(self, currency: str | None, account: str, default_state: str) -> None:
        self._currency = currency
        self._account, self._default_state = normalise_account(account), default_state

    def read(self, entry: Part, details: Sequence[Detail], line_no: int) -> list[BankLine]:
        """Read an entry as one line, or one for each detail. Raises `BadField`."""
        whole = self._read_whole(entry, line_no)
        details = details if len(details) <= MOST_DETAILS else ()
        amounts = [_choose_amount(detail, whole) for detail in details]
        known = [amount for amount in amounts if amount is not None]
        if 1 < len(details) == len(known) and sum(known) == whole.amount:
            return self._split(entry, whole, zip(details, known, strict=True))
        return [self._describe(whole, _merge(entry, details))]

    def _split(self, entry: Part, whole: BankLine, parts: Iterable[tuple[Detail, Decimal]]) -> list[BankLine]:
        lines = [
            self._describe(replace(whole, line_no=whole.line_no + nth, amount=amount), detail)
            for nth, (detail, amount) in enumerate(parts)
        ]
        fee = _sum(read_charges(entry), whole.currency)
        if fee is not None and all(line.fee is None for line in lines):
            lines[0] = replace(lines[0], fee=fee)
        return lines

    def _read_whole(self, entry: Part, line_no: int) -> BankLine:
        state = read_state(entry) or self._default_state
        money, is_credit = self._read_money(entry)
        booked_on = read_entry_day(entry)
        if state != _BOOKED and state not in _NOT_MONEY:
            raise BadField("state", FaultReason.UNKNOWN_STATUS)
        if booked_on is None and state == _BOOKED:
            raise BadField("date", FaultReason.BAD_DATE)
        return BankLine(
            line_no,
            money.amount if is_credit else -money.amount,
            money.currency,
            booked_on,
            _read_day(entry, "ValDt"),
            bank_reference=clean_reference(entry.get("AcctSvcrRef")),
            remittance=join_texts(entry.get("AddtlNtryInf")),
            reversal=entry.get("RvslInd") in ("true", "1") or is_return(entry),
            pending=state in _NOT_MONEY,
        )

    def _read_money(self, entry: Part) -> tuple[Money, bool]:
        money, is_credit = read_money(entry, "Amt"), read_sign(entry)
        if money is None:
            raise BadField("amount", FaultReason.BAD_AMOUNT)
        if is_credit is None:
            raise BadField("sign", FaultReason.MISSING_FIELD)
        if not is_currency(money.currency) or money.currency != (self._currency or money.currency):
            raise BadField("currency", FaultReason.BAD_CURRENCY)
        return money, is_credit

    def _describe(self, line: BankLine, detail: Detail) -> BankLine:
        foreign = next((money for money in detail.amounts if money.currency != line.currency), None)
        instructed = detail.instructed or foreign
        is_reversal = line.reversal or detail.is_return
        party = self._choose_party(detail, is_debtor=(line.amount > 0) != is_reversal)
        return replace(
            line,
            fee=_sum(detail.charges, line.currency),
            instructed_amount=None if instructed is None else instructed.amount,
            instructed_currency=None if instructed is None else instructed.currency,
            rate=settle_rate(detail.rate, None if instructed is None else instructed.amount, line.amount),
            bank_reference=line.bank_reference or detail.reference,
            end_to_end=detail.end_to_end,
            counterparty=party.name,
            counterparty_account=party.account,
            remittance=join_texts(detail.remittance, line.remittance),
            reversal=is_reversal,
        )

    def _choose_party(self, detail: Detail, *, is_debtor: bool) -> Party:
        """The other one of a payment. When a payment comes back, the parties are still those of the payment."""
        likely, other = (detail.debtor, detail.creditor) if is_debtor else (detail.creditor, detail.debtor)
        is_own = bool(self._account) and normalise_account(likely.account or "") == self._account
        return other if is_own else likely


def read_state(entry: Part) -> str:
    """Read the state: `BOOK`, `PDNG` … Empty if the entry has none."""
    return entry.first("Sts/Cd", "Sts/Prtry", "Sts") or ""


def is_money(state: str) -> bool:
    """Whether an entry of this state is money."""
    return state not in _NOT_MONEY


def read_entry_day(entry: Part) -> date | None:
    """Read the day of booking, or else of value."""
    return _read_day(entry, "BookgDt") or _read_day(entry, "ValDt")


def _read_day(entry: Part, name: str) -> date | None:
    text = entry.first(f"{name}/Dt", f"{name}/DtTm")
    return None if text is None else read_iso_day(text)


def _choose_amount(detail: Detail, whole: BankLine) -> Decimal | None:
    """Choose the amount of a detail that is in the currency of the account."""
    amount = next((money.amount for money in detail.amounts if money.currency == whole.currency), None)
    is_credit = whole.amount > 0 if detail.is_credit is None else detail.is_credit
    return amount if amount is None or is_credit else -amount


def _merge(entry: Part, details: Sequence[Detail]) -> Detail:
    """Make one detail of all: of what the entry says itself, and what all details say alike."""
    if len(details) == 1 and not any(path.startswith(("AmtDtls", "Chrgs")) for path, _ in entry.texts):
        return details[0]
    amounts = [read_money(entry, "AmtDtls/TxAmt/Amt"), _add([_find_first(each) for each in details])]
    return Detail(
        [money for money in amounts if money is not None],
        None,
        read_money(entry, "AmtDtls/InstdAmt/Amt") or _add([each.instructed for each in details]),
        read_rate(entry) or _agree([each.rate for each in details]),
        read_charges(entry) or [charge for detail in details for charge in detail.charges],
        _agree([each.reference for each in details]),
        _agree([each.end_to_end for each in details]),
        _agree([each.debtor for each in details]) or Party(),
        _agree([each.creditor for each in details]) or Party(),
        join_texts(*(each.remittance for each in details)),
        bool(details) and all(each.is_return for each in details),
    )


def _agree(values: Sequence[T | None]) -> T | None:
    return values[0] if values and all(value == values[0] for value in values) else None


def _find_first(detail: Detail) -> Money | None:
    return next(iter(detail.amounts), None)


def _add(found: Sequence[Money | None]) -> Money | None:
    """Add what all details have in one currency."""
    known = [money for money in found if money is not None]
    if not known or len(known) < len(found) or len({money.currency for money in known}) > 1:
        return None
    return Money(sum((money.amount for money in known), Decimal(0)), known[0].currency)


def _sum(charges: Sequence[Money], currency: str) -> Decimal | None:
    return sum((money.amount for money in charges if money.currency == currency), Decimal(0)) or None
