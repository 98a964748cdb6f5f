"""Reads the bank accounts of a month: statements, balances, what was booked, and what of it is explained."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from postledger.reconciliation.month_tables.reading import MonthReader, Row, as_structs
from postledger.reconciliation.month_tables.sources import find_run
from postledger.reconciliation.rules.account_proof import AccountProof, judge_month
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


def read_proof(month: MonthReader, account: str) -> AccountProof:
    """Judge whether balances prove the month of an account."""
    booked = sum((row["amount"] for row in month.rows("month_flows", account=account)), Decimal(0))
    return _read_proof(month, account, booked, as_structs(BankStatement, _read_statements(month, account)))


def _read_account(month: MonthReader, row: Row, run: Run | None, classes: Iterable[Row]) -> AccountMonth:
    account = row["slug"]
    statements = as_structs(BankStatement, _read_statements(month, account))
    flows = as_structs(Flow, month.rows("month_flows", account=account))
    booked = sum((flow.amount for flow in flows), Decimal(0))
    proof = _read_proof(month, account, booked, statements)
    return AccountMonth(
        account=account,
        currency=row["currency"],
        opening=proof.opening,
        closing=proof.closing,
        lines=sum(flow.lines for flow in flows),
        booked=booked,
        proof=proof.state,
        proof_difference=proof.difference,
        statements=statements,
        flows=flows,
        parts=as_structs(PartTotal, month.rows("month_parts", account=account)),
        entries=as_structs(BankEntry, month.rows("month_entries", account=account, limit=MOST_ROWS)),
        run=run,
        classes=as_structs(ClassTotal, (each for each in classes if each["account"] == account)),
        is_expected=row["is_expected"],
    )


def _read_statements(month: MonthReader, account: str) -> list[Row]:
    return month.rows("month_bank_statements", account=account)


def _read_proof(month: MonthReader, account: str, booked: Decimal, statements: Sequence[BankStatement]) -> AccountProof:
    """Prove by the balances at the ends of the month. Of several that a day has, those count that fit."""
    ends = [(row["opening"], row["closing"]) for row in month.rows("month_balances", account=account)]
    return judge_month(statements, ends, booked, month.first_day)
