"""Reads what a CAMT statement says of itself: account, number, days and balances."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from postledger.reconciliation.readers.camt_details import read_account, read_money, read_sign
from postledger.reconciliation.readers.camt_entries import is_money, read_entry_day, read_state
from postledger.reconciliation.readers.statement_parts import Days
from postledger.reconciliation.readers.xml_parts import Part
from postledger.reconciliation.rules.bank_cells import clean, is_currency, read_iso_day
from postledger.reconciliation.rules.statement_lines import BankStatement


class Balance(msgspec.Struct, frozen=True):
    """A balance: of what kind and day."""

    code: str
    day: date | None
    amount: Decimal
    currency: str


class Head:
    """What was read of one statement, except its lines."""

    def __init__(self) -> None:
        self._account, self._currency, self._page = "", "", ""
        self._numbers = dict[str, str]()
        self._said, self._booked = Days(), Days()
        self._balances = list[Balance]()

    def add(self, part: Part) -> None:
        """Read a part of the statement."""
        match part.name:
            case "Id" | "ElctrncSeqNb" | "LglSeqNb":
                self._numbers[part.name] = clean(part.get("")) or ""
            case "StmtPgntn" | "RptPgntn" | "NtfctnPgntn":
                self._page = _read_page(part)
            case "FrToDt":
                self._read_days(part)
            case "Acct":
                self._account = read_account(part) or ""
                currency = part.get("Ccy") or ""
                self._currency = currency if is_currency(currency) else ""
            case "Bal":
                self._read_balance(part)
            case "Ntry":
                if is_money(read_state(part)):
                    self._booked.add(read_entry_day(part))

    def _read_days(self, part: Part) -> None:
        since, until = (part.first(f"{name}DtTm", f"{name}Dt") or "" for name in ("Fr", "To"))
        first, last = read_iso_day(since), read_iso_day(until)
        if first and last and first < last and "T00:00:00" in until:
            last -= timedelta(days=1)  # midnight is the end of the day before
        self._said.add(first)
        self._said.add(last)

    def _read_balance(self, part: Part) -> None:
        money, is_credit = read_money(part, "Amt"), read_sign(part)
        if money is None or is_credit is None or not is_currency(money.currency):
            return
        code = part.first("Tp/CdOrPrtry/Cd", "Tp/CdOrPrtry/Prtry", "Tp/Cd") or ""
        day = read_iso_day(part.first("Dt/Dt", "Dt/DtTm", "Dt") or "")
        self._balances.append(Balance(code, day, money.amount if is_credit else -money.amount, money.currency))

    def finish(self) -> BankStatement:
        """Return the statement without its lines."""
        currency = self._choose_currency()
        balances = [balance for balance in self._balances if balance.currency == currency]
        opening, closing = _find_opening(balances), _find_closing(balances)
        covered = Days()
        for day in (self._booked.first, self._booked.last, None if closing is None else closing.day):
            covered.add(day)
        return BankStatement(
            self._account,
            self._make_number(),
            currency or None,
            self._said.first or covered.first,
            self._said.last or covered.last,
            None if opening is None else opening.amount,
            None if closing is None else closing.amount,
            iter(()),
        )

    def _choose_currency(self) -> str:
        currencies = [balance.currency for balance in self._balances]
        return self._currency if self._currency in currencies or not currencies else currencies[0]

    def _make_number(self) -> str | None:
        names = ("ElctrncSeqNb", "LglSeqNb", "Id")
        number = next((self._numbers[name] for name in names if self._numbers.get(name)), None)
        return f"{number or ''}/{self._page}" if self._page else number


def _read_page(part: Part) -> str:
    """Read the page. The first and only one needs no number."""
    page, is_last = clean(part.get("PgNb")) or "", part.get("LastPgInd") in ("true", "1")
    return "" if page == "1" and is_last else page


def _find_opening(balances: Sequence[Balance]) -> Balance | None:
    for code in ("OPBD", "PRCD"):
        if found := _sort(balances, code):
            return found[0]
    interim = [balance for balance in balances if balance.code == "ITBD"]
    has_end = len(interim) > 1 or bool(_sort(balances, "CLBD"))
    return interim[0] if interim and has_end else None


def _find_closing(balances: Sequence[Balance]) -> Balance | None:
    found = _sort(balances, "CLBD") or [balance for balance in balances if balance.code == "ITBD"]
    return found[-1] if found else None


def _sort(balances: Sequence[Balance], code: str) -> list[Balance]:
    return sorted((each for each in balances if each.code == code), key=lambda each: each.day or date.min)
