"""Reads the bank accounts of a month: statements, balances, what was booked, and what of it is explained."""

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from postledger.reconciliation.month_tables.reading import MonthReader, Row, as_structs
from postledger.reconciliation.month_tables.sources import find_run
from postledger.reconciliation.rules.month import (
    MOST_ROWS,
    AccountMonth,
    BankEntry,
    BankStatement,
    ClassTotal,
    Flow,
    PartTotal,
    Run,
)


def read_accounts(month: MonthReader, runs: Sequence[Run]) -> tuple[AccountMonth, ...]:
    """Read the bank accounts of a month."""
    classes = month.rows("month_classes")
    return tuple(
        _read_account(month, row, find_run(runs, "bank", row["slug"]), classes) for row in month.rows("month_accounts")
    )


def _read_account(month: MonthReader, row: Row, run: Run | None, classes: Iterable[Row]) -> AccountMonth:
    account = row["slug"]
    statements = as_structs(BankStatement, month.rows("month_bank_statements", account=account))
    flows = as_structs(Flow, month.rows("month_flows", account=account))
    opening, closing = _find_balances(month, account)
    booked = sum((flow.amount for flow in flows), Decimal(0))
    difference = None if opening is None or closing is None else opening + booked - closing
    return AccountMonth(
        account=account,
        currency=row["currency"],
        opening=opening,
        closing=closing,
        lines=sum(flow.lines for flow in flows),
        booked=booked,
        proof=_judge(statements, difference, month.first_day),
        proof_difference=difference,
        statements=statements,
        flows=flows,
        parts=as_structs(PartTotal, month.rows("month_parts", account=account)),
        entries=as_structs(BankEntry, month.rows("month_entries", account=account, limit=MOST_ROWS)),
        run=run,
        classes=as_structs(ClassTotal, (each for each in classes if each["account"] == account)),
        is_expected=row["is_expected"],
    )


def _find_balances(month: MonthReader, account: str) -> tuple[Decimal | None, Decimal | None]:
    """Find the balances at the ends of the month, if a statement has any."""
    rows = month.rows("month_balances", account=account)
    return (rows[0]["opening"], rows[0]["closing"]) if rows else (None, None)


def _judge(statements: Sequence[BankStatement], difference: Decimal | None, first_day: date) -> str:
    """Return whether the month is proven: each statement is, or others prove its days, and no day is missing."""
    if not statements:
        return "missing"
    is_wrong = any(each.proof == "unproven" or _follows_gap(each, first_day) for each in statements)
    if difference or is_wrong:
        return "unproven"
    return "proven" if all(_is_proven(each, statements) for each in statements) else "no_balances"


def _follows_gap(statement: BankStatement, first_day: date) -> bool:
    return statement.gap == "gap" and statement.since > first_day


def _is_proven(statement: BankStatement, statements: Sequence[BankStatement]) -> bool:
    proven = [each for each in statements if each.proof == "proven"]
    begins = any(each.since <= statement.since for each in proven)
    return begins and any(each.until >= statement.until for each in proven)
