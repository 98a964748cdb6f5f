"""Checks what must always be true of statements, matches and work items, beside the invariants of the books.

The statements read the tables in their own way: they do not ask the code that wrote the rows.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from psycopg import Connection

from postledger.finance.invariants import INVARIANTS as INVARIANTS_OF_BOOKS
from postledger.finance.invariants import Broken, check_books
from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.rules.months import name_month

sql = statements_of("postledger.reconciliation")

Check = Callable[[Connection[Any]], Iterable[Broken]]


def check_all(
    connection: Connection[Any],
    on_progress: Callable[[float, float | None], None],
    *,
    maps_from_broker: bool = False,
) -> dict[str, list[Broken]]:
    """Return what is broken, by invariant; every invariant is named. Raises `NotPossible` without books."""

    def report(done: float, _of: float | None) -> None:
        on_progress(done, len(INVARIANTS))

    found = check_books(connection, report, maps_from_broker=maps_from_broker)
    for name, check in _CHECKS.items():
        found[name] = list(check(connection))
        report(len(found), None)
    return found


def _find_disproved_statements(connection: Connection[Any]) -> Iterator[Broken]:
    for statement_id, difference, currency in connection.execute(sql("find_disproved_statements")):
        why = f"it counts as proven, and its balances and lines differ by {difference:f} {currency or ''}".rstrip()
        yield Broken(None, why, statement=statement_id)


def _find_items_without_facts(connection: Connection[Any]) -> Iterator[Broken]:
    for item, missing in connection.execute(sql("find_items_without_facts")):
        yield Broken(None, f"its {missing} is not on record", item=str(item))


def _find_lines_after_lock(connection: Connection[Any]) -> Iterator[Broken]:
    for conversion_id, period, created_at in connection.execute(sql("find_lines_after_lock")):
        why = f"{name_month(period)} is locked, and took a line at {created_at:%Y-%m-%d %H:%M:%S} UTC"
        yield Broken(str(conversion_id), why)


def _find_altered_reports(connection: Connection[Any]) -> Iterator[Broken]:
    for period, version in connection.execute(sql("find_altered_reports")):
        why = f"its kept report of version {version} is missing, or is not what it was at the lock"
        yield Broken(None, why, period=name_month(period))


def _find_lines_off_parts(connection: Connection[Any]) -> Iterator[Broken]:
    for statement_id, line_no, parts, amount in connection.execute(sql("find_lines_off_parts")):
        of = "is not on record" if amount is None else f"is {amount:f}"
        yield Broken(None, f"the parts of line {line_no} sum to {parts:f}, and the line {of}", statement=statement_id)


def _find_items_off_payments(connection: Connection[Any]) -> Iterator[Broken]:
    for number, paid, payments in connection.execute(sql("find_items_off_payments")):
        yield Broken(None, f"{paid:f} counts as paid, and its matched payments sum to {payments:f}", bill=number)


_CHECKS: dict[str, Check] = {
    "parts_sum_to_line": _find_lines_off_parts,
    "paid_is_sum_of_payments": _find_items_off_payments,
    "proven_statements_add_up": _find_disproved_statements,
    "work_items_have_facts": _find_items_without_facts,
    "locked_months_take_no_lines": _find_lines_after_lock,
    "kept_reports_unchanged": _find_altered_reports,
}
INVARIANTS = (*INVARIANTS_OF_BOOKS, *_CHECKS)
