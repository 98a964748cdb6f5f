"""Checks what must always be true of the books, and names each conversion and bill for which it is not.

The check reads the tables in its own way: it does not ask the code that made the lines.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.bills.bill_invariants import (
    find_bills_off_carry,
    find_bills_off_items,
    find_misbilled_lines,
    find_unapproved_bills,
    find_unapproved_lines,
)
from postledger.finance.books import Books
from postledger.finance.lines import ACCRUES_WITHOUT_RULE, Conversion, find_worth
from postledger.finance.remap import open_books, read_conversion
from postledger.finance.rules.expense_rule import ExpenseRule, find_rule
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.selftest import SELFTEST

sql = statements_of("postledger.finance")

_APPLY_TAKES = timedelta(minutes=1)
"""At most this long after the time of its rules an `apply` commits them. Until then the version before is in force."""

_DELIVERY_TAKES = timedelta(minutes=10)
"""A change that was published longer ago than this should have been mapped."""


class Broken(msgspec.Struct, frozen=True):
    """What an invariant does not hold for, and why: a conversion, bill, request, statement or work item, by its id.

    Of a bill it is the number, of a locked month its name.
    """

    conversion_id: str | None
    why: str
    bill: str | None = None
    request: str | None = None
    statement: str | None = None
    item: str | None = None
    period: str | None = None


class RulesInForce(msgspec.Struct, frozen=True):
    """One version of the rules, and when it came into force."""

    version: int
    since: datetime | None
    rules: Sequence[ExpenseRule]


Check = Callable[[Connection[Any], Books], Iterable[Broken]]


def check_books(
    connection: Connection[Any],
    on_progress: Callable[[float, float | None], None],
    *,
    maps_from_broker: bool = False,
) -> dict[str, list[Broken]]:
    """Return what is broken, by invariant; every invariant is named. Raises `NotPossible` without books.

    If a consumer of the broker maps, conversions whose changes are on their way to it do not count yet.
    """
    books, found = open_books(connection), dict[str, list[Broken]]()
    for name, check in _CHECKS.items():
        found[name] = list(check(connection, books))
        if maps_from_broker and name in _OF_ALL_CHANGES:
            found[name] = _leave_out_under_way(connection, found[name])
        on_progress(len(found), len(_CHECKS))
    return found


def record_check(connection: Connection[Any], found: Mapping[str, Sequence[Broken]], now: datetime) -> None:
    """Store the numbers for the metric `postledger_invariant_broken`."""
    with connection.transaction():
        for name, broken in found.items():
            connection.execute(sql("record_check"), (name, len(broken), now))


def _leave_out_under_way(connection: Connection[Any], broken: Sequence[Broken]) -> list[Broken]:
    since = read_clock(connection) - _DELIVERY_TAKES
    values = {"since": since, "ids": [each.conversion_id for each in broken]}
    under_way = {conversion_id for (conversion_id,) in connection.execute(sql("find_under_way"), values)}
    return [each for each in broken if each.conversion_id not in under_way]


def _find_wrong_sums(connection: Connection[Any], _books: Books) -> Iterator[Broken]:
    for conversion_id, currency, booked, worth in connection.execute(sql("find_wrong_sums")):
        yield Broken(conversion_id, f"its lines sum to {booked:f} {currency}, and it is worth {worth:f} {currency}")


def _find_without_lines(connection: Connection[Any], books: Books) -> Iterator[Broken]:
    versions = _read_versions(connection, books)
    values = {"since": books.since, "statuses": _list_statuses(versions), "selftest": SELFTEST}
    for *columns, updated_at in connection.execute(sql("find_without_lines"), values):
        conversion = read_conversion(books, *columns)
        # It was mapped after its last change, by rules that were in force then or came later.
        if all(_needs_line(conversion, each.rules) for each in _list_in_force(versions, updated_at - _APPLY_TAKES)):
            yield Broken(conversion.id, f"it is {conversion.status}, and no line carries its money")


def _needs_line(conversion: Conversion, rules: Sequence[ExpenseRule]) -> bool:
    rule = find_rule(rules, conversion.facts)
    if rule is not None and conversion.status not in rule.accrue:
        return False
    worth = find_worth(conversion, rule)
    if rule is None:
        return worth is not None and conversion.payout != 0
    return worth is None or worth.amount != 0


def _read_versions(connection: Connection[Any], books: Books) -> list[RulesInForce]:
    rules: dict[int, list[ExpenseRule]] = {}
    began: dict[int, datetime] = {}
    for version, since, body in connection.execute(sql("read_all_rules")):
        rules.setdefault(version, []).append(msgspec.convert(body, ExpenseRule))
        began[version] = since
    # A version without rules has no row. The first one, 0, never has rules.
    return [
        RulesInForce(version, began.get(version), rules.get(version, ())) for version in range(books.rules_version + 1)
    ]


def _list_statuses(versions: Iterable[RulesInForce]) -> list[str]:
    return list({ACCRUES_WITHOUT_RULE, *(status for each in versions for rule in each.rules for status in rule.accrue)})


def _list_in_force(versions: Sequence[RulesInForce], moment: datetime) -> Sequence[RulesInForce]:
    began = [index for index, each in enumerate(versions) if each.since is not None and each.since <= moment]
    return versions[max(began, default=0) :]


def _find_disorder(connection: Connection[Any], _books: Books) -> Iterator[Broken]:
    for (conversion_id,) in connection.execute(sql("find_disorder")):
        yield Broken(conversion_id, "its lines have a gap, or one that adjusts no accrual")


def _find_incomplete_lines(connection: Connection[Any], _books: Books) -> Iterator[Broken]:
    for (conversion_id,) in connection.execute(sql("find_incomplete_lines")):
        yield Broken(conversion_id, "a line has no reason, and no rule, payee or rate either")


def _find_altered_lines(connection: Connection[Any], _books: Books) -> Iterator[Broken]:
    for conversion_id, fault in connection.execute(sql("find_altered_lines")):
        yield Broken(conversion_id, fault)


def _find_undecided_lines(connection: Connection[Any], _books: Books) -> Iterator[Broken]:
    for (conversion_id,) in connection.execute(sql("find_undecided_lines")):
        yield Broken(conversion_id, "neither a rule nor a person has approved its money, and no request asks about it")


def _find_wrong_requests(connection: Connection[Any], _books: Books) -> Iterator[Broken]:
    for (conversion_id,) in connection.execute(sql("find_wrong_requests")):
        yield Broken(conversion_id, "a request waits with another amount than its lines, or with a billed line")


def _find_bills_off_items(connection: Connection[Any], _books: Books) -> Iterator[Broken]:
    return _name_bills(find_bills_off_items(connection), "its lines do not sum to its items or to its amount")


def _find_bills_off_carry(connection: Connection[Any], _books: Books) -> Iterator[Broken]:
    return _name_bills(find_bills_off_carry(connection), "it was carried another amount than earlier bills left over")


def _find_misbilled_lines(connection: Connection[Any], _books: Books) -> Iterator[Broken]:
    for conversion_id in find_misbilled_lines(connection):
        yield Broken(conversion_id, "a line is on two bills, or on a bill that it does not belong to")


def _find_billed_without_approval(connection: Connection[Any], _books: Books) -> Iterator[Broken]:
    yield from _name_bills(find_unapproved_bills(connection), "it is approved, but neither by a rule nor by people")
    for conversion_id in find_unapproved_lines(connection):
        yield Broken(conversion_id, "a line is on a bill, and neither a rule nor people approved it")


def _name_bills(numbers: Iterable[str], why: str) -> Iterator[Broken]:
    return (Broken(None, why, number) for number in numbers)


def _find_wrong_decisions(connection: Connection[Any], _books: Books) -> Iterator[Broken]:
    for (request_id,) in connection.execute(sql("find_wrong_decisions")):
        yield Broken(None, "not decided by another person for each of its steps", request=request_id)


_CHECKS: dict[str, Check] = {
    "lines_sum_to_worth": _find_wrong_sums,
    "conversions_have_lines": _find_without_lines,
    "lines_in_order": _find_disorder,
    "mapped_lines_complete": _find_incomplete_lines,
    "lines_as_mapped": _find_altered_lines,
    "money_decided": _find_undecided_lines,
    "requests_as_lines": _find_wrong_requests,
    "decided_by_others": _find_wrong_decisions,
    "bills_sum_to_items": _find_bills_off_items,
    "bills_sum_to_lines": _find_bills_off_carry,
    "lines_billed_once": _find_misbilled_lines,
    "billed_with_approval": _find_billed_without_approval,
}
_OF_ALL_CHANGES = ("lines_sum_to_worth", "conversions_have_lines")
"""The invariants that hold once every change was mapped."""
INVARIANTS = tuple(_CHECKS)
