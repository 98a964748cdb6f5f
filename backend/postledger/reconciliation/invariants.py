"""Checks what must always be true of statements, matches and work items, beside the invariants of the books.

The statements read the tables in their own way: they do not ask the code that wrote the rows.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from psycopg import Connection

from postledger.finance.invariants import INVARIANTS as INVARIANTS_OF_BOOKS
from postledger.finance.invariants import Broken, check_books
from postledger.platform.postgres.sql import statements_of

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


_CHECKS: dict[str, Check] = {
    "proven_statements_add_up": _find_disproved_statements,
    "work_items_have_facts": _find_items_without_facts,
}
INVARIANTS = (*INVARIANTS_OF_BOOKS, *_CHECKS)
