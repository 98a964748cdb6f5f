"""The passes over a report and the ledger, in their order. Each is one statement, and commits before the next one."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, LiteralString

from psycopg import Connection

from postledger.platform.postgres.sql import statements_of
from postledger.reconciliation.plans import joined_by_hash

sql = statements_of("postledger.reconciliation")

Pass = tuple[LiteralString, Mapping[str, Any]]

_CLICK_PASSES: tuple[Mapping[str, Any], ...] = (
    {"by": "amount", "with_id": False},
    {"by": "event", "with_id": False},
    {"by": "event", "with_id": True},
    {"by": "nothing", "with_id": False},
    {"by": "nothing", "with_id": True},
)
_LOOK_UPS = [
    sql("keep_decisions"), sql("create_ledger_side"), sql("claim_decided"), sql("create_named"),
    sql("add_far_conversions"), sql("create_named_refunds"), sql("create_elsewhere"),
]  # fmt: skip
"""Read a few rows out of tables that grow for years, so they must not read the whole of them."""


def compare(
    connection: Connection[Any], values: Mapping[str, Any], *, is_restated: bool, on_pass: Callable[[int, int], None]
) -> None:
    """Find what each line and each conversion is. Leaves the temporary tables that the results are written from."""
    passes = list(_list_passes(is_restated=is_restated))
    for done, (statement, more) in enumerate(passes):
        on_pass(done, len(passes))
        with connection.transaction() if statement in _LOOK_UPS else joined_by_hash(connection):
            connection.execute(statement, {**values, **more})


def drop_tables(connection: Connection[Any]) -> None:
    """Drop the temporary tables of the passes."""
    connection.execute(sql("drop_report_tables"))


def _list_passes(*, is_restated: bool) -> Iterator[Pass]:
    if is_restated:
        yield from _plain("keep_decisions")
    yield from _plain("create_report_lines", "create_report_groups", "create_later", "index_later")
    yield from _plain("create_ledger_side", "analyze_report_tables")
    yield from _plain("create_claims", "create_refused_claims", "claim_decided", "claim_most_by_transaction_id")
    yield from _plain("create_left_groups", "create_named", "drop_near_named", "add_far_conversions")
    yield from _plain("create_left_conversions", "create_late_claims")
    yield from _claiming("claim_by_transaction_id")
    yield from _claiming("claim_by_id_alone")
    for more in _CLICK_PASSES:
        yield from _claiming("claim_by_click_id", more)
    yield from _plain("create_candidates")
    yield from _claiming("claim_sure_candidates")
    yield from _plain("create_named_refunds", "add_late_claims", "claim_refunds", "drop_refund_groups")
    yield from _plain("drop_refunded_conversions")
    yield from _plain("drop_sure_candidates", "create_elsewhere", "create_verdicts", "judge_left_conversions")
    yield from _plain("find_differing_pairs", "find_unreported", "find_unbooked", "find_duplicate_lines")
    if is_restated:
        yield from _plain("find_restated")


def _plain(*names: str) -> Iterator[Pass]:
    return ((sql(name), {}) for name in names)


def _claiming(name: str, more: Mapping[str, Any] | None = None) -> Iterator[Pass]:
    yield sql(name), more or {}
    yield from _plain("drop_claimed_groups", "drop_claimed_conversions")
