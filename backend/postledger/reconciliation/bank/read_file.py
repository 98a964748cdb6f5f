"""Reads a bank's file as the statements of our accounts. A line that cannot be told from another becomes a fault."""

import re
from collections.abc import Callable
from datetime import date

import msgspec

from postledger.reconciliation.bank.our_accounts import OurAccounts, list_numbers
from postledger.reconciliation.rules.balance_proof import Span
from postledger.reconciliation.rules.bank_account import BankAccount, BankKind
from postledger.reconciliation.rules.statement_lines import BankLine, BankStatement, FaultReason, LineFault

SHORTEST_NUMBER = 6
"""Shorter numbers are not hidden, because they can be part of anything."""


class ReadStatement(msgspec.Struct, frozen=True):
    """A statement that was read, the account that it is of, and the number of the account as the file has it.

    `closed_on` is the day of the closing balance, if the file says it.
    """

    account: BankAccount
    written_account: str
    number: str | None
    span: Span
    lines: list[BankLine]
    faults: list[LineFault]
    closed_on: date | None = None


def read_statement(
    statement: BankStatement, accounts: OurAccounts, kind: BankKind, on_line: Callable[[], None]
) -> ReadStatement:
    """Read the lines of a statement. Raises `InvalidRequest`, and `BadFile` as the reader does."""
    account = accounts.find(statement.account, statement.currency, kind)
    lines, faults = list[BankLine](), list[LineFault]()
    for found in statement.lines:
        checked = found if isinstance(found, LineFault) else _check(found, account)
        if isinstance(checked, LineFault):
            faults.append(checked)
        else:
            lines.append(checked)
        on_line()
    span = _find_span(statement, lines)
    return ReadStatement(account, statement.account, statement.number, span, lines, faults, statement.closed_on)


def hide_number(text: str, number: str) -> str:
    """Hide the number of an account in the name of its file."""
    for each in filter(lambda each: len(each) >= SHORTEST_NUMBER, list_numbers(number)):
        text = re.sub("[ ._-]?".join(map(re.escape, each)), "***", text, flags=re.IGNORECASE)
    return text


def day_of(line: BankLine) -> date | None:
    """Return the day by which a line is put in order."""
    return line.booked_on or line.valued_on


def _check(line: BankLine, account: BankAccount) -> BankLine | LineFault:
    if line.currency != account.currency:
        return LineFault(line.line_no, "currency", FaultReason.BAD_CURRENCY)
    if day_of(line) is None and not line.pending:
        return LineFault(line.line_no, "date", FaultReason.MISSING_FIELD)
    return line


def _find_span(statement: BankStatement, lines: list[BankLine]) -> Span:
    """Find the days that a statement covers: those that it says, or those of its lines."""
    days = [day for line in lines if not line.pending and (day := day_of(line)) is not None]
    since = statement.since or min(days, default=statement.until)
    until = statement.until or max(days, default=statement.since)
    return Span(since, until, statement.opening, statement.closing)
