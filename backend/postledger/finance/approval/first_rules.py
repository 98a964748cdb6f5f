"""Judges the expense lines from before approval rules by the first rules. A task of the worker.

Until a line is judged it is not paid, because neither a rule nor a person has approved it. Each portion is a
transaction of its own. A line that is judged is not found again, so the task can be repeated.
"""

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace
from psycopg import Connection

from postledger.finance.approval.plan import (
    ApprovalLine,
    DayKey,
    LineKey,
    OpenRequest,
    Plan,
    find_days_to_read,
    plan_requests,
)
from postledger.finance.approval.request_store import (
    OnRequests,
    find_conversions_of_days,
    insert_requests,
    lock_open_requests,
    read_approval_lines,
    read_day_totals,
    supersede,
    write_day_totals,
)
from postledger.finance.books import Books
from postledger.finance.remap import let_worker_in, open_books
from postledger.finance.rules.approval_rule import NO_RULE, Subject, Total
from postledger.ledger.dispatch import hold_dispatch
from postledger.people.audit_chain import append, write_body
from postledger.platform.postgres.connection import read_clock
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.finance")

PORTION_CONVERSIONS = 1000
_BEFORE_ALL = "00000000-0000-0000-0000-000000000000"

OnProgress = Callable[[float, float | None], None]


def judge_earlier_lines(connection: Connection[Any], on_progress: OnProgress, on_requests: OnRequests) -> None:
    """Name the rule that approves each line of the time before, or make requests about it.

    Raises `NotPossible` if there are no books.
    """
    books, after, done = open_books(connection), _BEFORE_ALL, 0
    while keys := _find_conversions(connection, after):
        _judge_portion(connection, keys, books, on_requests)
        after, done = keys[-1], done + len(keys)
        on_progress(done, None)
        let_worker_in(connection)


def _find_conversions(connection: Connection[Any], after: str) -> list[str]:
    values = {"after": after, "limit": PORTION_CONVERSIONS}
    return [key for (key,) in connection.execute(sql("find_unjudged_conversions"), values)]


def _judge_portion(connection: Connection[Any], keys: Sequence[str], books: Books, on_requests: OnRequests) -> None:
    with connection.transaction():
        hold_dispatch(connection)
        now = read_clock(connection)
        connection.execute(sql("approve_billed_lines"), {"keys": keys, "rule": NO_RULE})
        plan = _plan(connection, keys, books)
        _write_approvals(connection, plan.approved_by)
        supersede(connection, plan.superseded, now)
        if made := insert_requests(connection, plan.requests, now):
            on_requests(connection, made, now)
        _record(connection, plan, now)


def _plan(connection: Connection[Any], keys: Sequence[str], books: Books) -> Plan:
    """Decide as if the lines were new."""
    rules = books.approval_rules
    lines = _read_lines(connection, keys, books)
    days = _sum_days(connection, {line.day_key for line in lines if line.is_new}, books)
    of_days = _lock_requests(connection, "payee_day", {str(line.day_key) for line in lines if line.is_new})
    # On such a day all lines count, also those of conversions in other portions.
    to_read = find_days_to_read([line for line in lines if line.is_new], days, of_days, rules)
    others = find_conversions_of_days(connection, to_read, books.zone) - set(keys)
    lines += [_keep_new(line, to_read) for line in _read_lines(connection, others, books)]
    of_lines = _lock_requests(connection, "line", {line.line_subject for line in lines if line.is_new})
    return plan_requests(lines, days, [*of_days, *of_lines], rules, None)


def _lock_requests(connection: Connection[Any], on: Subject, subject_ids: Collection[str]) -> list[OpenRequest]:
    return lock_open_requests(connection, (on,), subject_ids)


def _read_lines(connection: Connection[Any], keys: Collection[str], books: Books) -> list[ApprovalLine]:
    """Read the lines of conversions. Those that no rule has judged are new, except those on a bill."""
    unjudged = set(connection.execute(sql("find_unjudged_lines"), (sorted(keys),)).fetchall()) if keys else set()
    lines = read_approval_lines(connection, keys, books.zone)
    return [replace(line, is_new=line.key in unjudged) for line in lines]


def _keep_new(line: ApprovalLine, days: Collection[DayKey]) -> ApprovalLine:
    return replace(line, is_new=line.is_new and line.day_key in days)


def _sum_days(connection: Connection[Any], days: Collection[DayKey], books: Books) -> dict[DayKey, Total]:
    """Return what payees' days sum to, if a rule limits these, and keep it for the mapper and the next portion."""
    rules = books.approval_rules
    if not any(rule.on == "payee_day" for rule in rules.rules):
        return {}
    totals = read_day_totals(connection, set(days), rules.version, books.zone)
    write_day_totals(connection, totals, rules.version)
    return totals


def _write_approvals(connection: Connection[Any], approved_by: Mapping[LineKey, str]) -> None:
    with connection.cursor() as cursor, cursor.copy(sql("copy_line_approvals")) as copy:
        for (dedup_key, seq), rule in approved_by.items():
            copy.write_row((dedup_key, seq, rule))


def _record(connection: Connection[Any], plan: Plan, now: datetime) -> None:
    """Add a portion to the audit chain: how many lines a rule approves, and a digest of which by which."""
    digest = hashlib.sha256(msgspec.json.encode(sorted((*key, rule) for key, rule in plan.approved_by.items())))
    body = write_body(
        approved=len(plan.approved_by), sha256=digest.hexdigest(), held=sum(len(each.lines) for each in plan.requests)
    )
    append(connection, "postledger", "lines.judge", "line_approvals", body=body, at=now)
