"""Reads the bank accounts of a month: statements, balances, what was booked, and what of it is explained."""

from collections.abc import Iterable, Sequence
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
    statements = month.rows("month_bank_statements", account=account)
    flows = as_structs(Flow, month.rows("month_flows", account=account))
    opening, closing = _find_balances(statements)
    booked = sum((flow.amount for flow in flows), Decimal(0))
    difference = None if opening is None or closing is None else opening + booked - closing
    return AccountMonth(
        account=account,
        currency=row["currency"],
        opening=opening,
        closing=closing,
        lines=sum(flow.lines for flow in flows),
        booked=booked,
        proof=_judge(statements, difference),
        proof_difference=difference,
        statements=as_structs(BankStatement, statements),
        flows=flows,
        parts=as_structs(PartTotal, month.rows("month_parts", account=account)),
        entries=as_structs(BankEntry, month.rows("month_entries", account=account, limit=MOST_ROWS)),
        run=run,
        classes=as_structs(ClassTotal, (each for each in classes if each["account"] == account)),
        is_expected=row["is_expected"],
    )


def _find_balances(statements: Sequence[Row]) -> tuple[Decimal | None, Decimal | None]:
    """Return the balances at the ends of the month. A statement can have days of other months, too."""
    if not statements:
        return None, None
    # Of statements that overlap, the newest can end before an older one.
    first, last = statements[0], max(reversed(statements), key=lambda each: each["until"] or each["since"])
    opening, closing = first["opening"], last["closing"]
    return (
        None if opening is None else opening + first["before_month"],
        None if closing is None else closing - last["after_month"],
    )


def _judge(statements: Sequence[Row], difference: Decimal | None) -> str:
    """Return the worst of the statements' proofs: the month is proven if each is, and they add up without a gap."""
    proofs = {statement["proof"] for statement in statements}
    if not statements:
        return "missing"
    if difference or "unproven" in proofs or any(statement["gap"] == "gap" for statement in statements):
        return "unproven"
    return "no_balances" if difference is None or "no_balances" in proofs else "proven"
