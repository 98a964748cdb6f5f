"""Makes the requests that follow from new expense lines, in the transaction that writes the lines."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from psycopg import Connection

from postledger.finance.approval.plan import (
    NEGATIVE,
    ApprovalLine,
    DayKey,
    OpenRequest,
    Plan,
    add_up,
    find_days_to_read,
    list_priced,
    plan_requests,
)
from postledger.finance.approval.request_store import (
    OnRequests,
    find_conversions_of_days,
    find_held_conversions,
    insert_requests,
    lock_open_requests,
    read_approval_lines,
    read_day_totals,
    supersede,
    write_day_totals,
)
from postledger.finance.books import Books
from postledger.finance.line_store import Completed, insert_lines
from postledger.finance.lines import FIRST_SEQ, Line
from postledger.finance.rules.approval_rule import NO_RULE, Total
from postledger.people.line_digest import LineDigest
from postledger.policy.approval_store import ApprovalRules


class _Prepared(msgspec.Struct, frozen=True):
    """What follows from new lines, and what the payees' days with them sum to, if a rule limits these."""

    plan: Plan
    days: Mapping[DayKey, Total]


def write_lines(
    connection: Connection[Any],
    completed: Sequence[Completed],
    books: Books,
    now: datetime,
    *,
    on_requests: OnRequests,
    actor: str | None = None,
) -> LineDigest:
    """Add the new lines of conversions with the rules that approve them, and make the requests about the others.

    Returns a digest of the lines, see `insert_lines`. `actor` is who causes the lines, or None for postbacks. No other
    session may map meanwhile.
    """
    if not books.has_approvals:
        return insert_lines(connection, completed, now, _approve_without_rules)
    prepared = _prepare(connection, completed, books, actor)
    approved_by = prepared.plan.approved_by
    digest = insert_lines(connection, completed, now, lambda key, line: approved_by.get((key, line.seq)))
    write_day_totals(connection, prepared.days, books.approval_rules.version)
    supersede(connection, prepared.plan.superseded, now)
    if made := insert_requests(connection, prepared.plan.requests, now):
        on_requests(connection, made, now)
    return digest


def _approve_without_rules(_dedup_key: str, line: Line) -> str | None:
    if line.booking.unmapped is not None or not _is_for_payee(line):
        return None
    return NO_RULE if line.amount > 0 else NEGATIVE


def _is_for_payee(line: Line) -> bool:
    """Return whether a line pays a payee. Without a rate people must decide already, although it is not mapped yet."""
    booking = line.booking
    return booking.direction == "payable" and booking.payee is not None and booking.unmapped in (None, "no_rate")


def _prepare(connection: Connection[Any], completed: Sequence[Completed], books: Books, actor: str | None) -> _Prepared:
    new = [_make_line(each, line, books.zone) for each in completed for line in each.lines if _is_for_payee(line)]
    if not new:
        return _Prepared(Plan((), (), {}), {})
    rules = books.approval_rules
    days = _add_to_days(connection, new, rules, books.zone)
    requests = _lock_requests(connection, new)
    keys = {line.dedup_key for line in new if line.seq > FIRST_SEQ}
    keys |= _find_conversions_of_days(connection, find_days_to_read(new, days, requests, rules), requests, books.zone)
    lines = [*read_approval_lines(connection, keys, books.zone), *new]
    return _Prepared(plan_requests(lines, days, requests, rules, actor), days)


def _find_conversions_of_days(
    connection: Connection[Any], days: Iterable[DayKey], requests: Iterable[OpenRequest], zone: ZoneInfo
) -> set[str]:
    """Find the conversions of days that must be decided. A request that is open holds all of them."""
    asked = {request.subject_id: request.id for request in requests if request.subject == "payee_day"}
    held = find_held_conversions(connection, list(asked.values()))
    return held | find_conversions_of_days(connection, [day for day in days if str(day) not in asked], zone)


def _make_line(completed: Completed, line: Line, zone: ZoneInfo) -> ApprovalLine:
    day = DayKey(line.booking.payee or "", line.happened_at.astimezone(zone).date(), line.currency)
    return ApprovalLine(
        completed.conversion.dedup_key, line.seq, day, line.amount, line.base_amount, line.base_currency,
        is_unpriced=line.booking.unmapped is not None, is_new=True,
    )  # fmt: skip


def _add_to_days(
    connection: Connection[Any], new: Iterable[ApprovalLine], rules: ApprovalRules, zone: ZoneInfo
) -> dict[DayKey, Total]:
    """Return what the days of new lines sum to with these, if a rule limits days."""
    if not any(rule.on == "payee_day" for rule in rules.rules):
        return {}
    added: dict[DayKey, list[ApprovalLine]] = {}
    for line in list_priced(new):
        added.setdefault(line.day_key, []).append(line)
    before = read_day_totals(connection, added.keys(), rules.version, zone)
    return {day: add_up(lines, before.get(day)) for day, lines in added.items()}


def _lock_requests(connection: Connection[Any], new: Iterable[ApprovalLine]) -> list[OpenRequest]:
    listed = list(new)
    subject_ids = {str(line.day_key) for line in listed} | {
        line.line_subject for line in listed if line.seq > FIRST_SEQ
    }
    return lock_open_requests(connection, ("line", "payee_day"), subject_ids)
