"""Reads and writes requests and what they are about, many in one statement."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from psycopg import Connection

from postledger.finance.approval.content import hash_contents
from postledger.finance.approval.plan import ApprovalLine, DayKey, LineKey, NewRequest, OpenRequest
from postledger.finance.rules.approval_rule import Subject, Total
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.finance")

OnRequests = Callable[[Connection[Any], Sequence[str], datetime], None]
"""Notes that requests wait, in the transaction that makes them, so that people are notified."""

_NOT_HASHED = b""
_DAY = timedelta(days=1)


def lock_open_requests(
    connection: Connection[Any], subjects: Collection[Subject], subject_ids: Collection[str]
) -> list[OpenRequest]:
    """Read the requests about some subjects that wait, were rejected or returned, and lock them."""
    values = {"subjects": list(subjects), "subject_ids": sorted(subject_ids)}
    return [OpenRequest(*row) for row in connection.execute(sql("lock_open_requests"), values)]


def read_approval_lines(connection: Connection[Any], dedup_keys: Collection[str], zone: ZoneInfo) -> list[ApprovalLine]:
    """Read the payable lines of conversions, with what people have said about them."""
    if not dedup_keys:
        return []
    rows = connection.execute(sql("read_approval_lines"), (sorted(dedup_keys),))
    return [_read_line(zone, *row) for row in rows]


def _read_line(zone: ZoneInfo, *row: Any) -> ApprovalLine:
    dedup_key, seq, payee, happened_at, currency, amount, base_amount, base_currency, *statuses, held_by = row
    is_unpriced, is_agreed, is_refused, is_billed = statuses
    day_key = DayKey(payee, happened_at.astimezone(zone).date(), currency)
    return ApprovalLine(
        dedup_key, seq, day_key, amount, base_amount, base_currency,
        is_unpriced=is_unpriced, is_agreed=is_agreed, is_refused=is_refused, is_billed=is_billed,
        held_by=tuple(held_by),
    )  # fmt: skip


def find_conversions_of_days(connection: Connection[Any], days: Iterable[DayKey], zone: ZoneInfo) -> set[str]:
    """Find the conversions with payable lines of payees' days."""
    return {
        dedup_key
        for day in days
        for (dedup_key,) in connection.execute(sql("find_conversions_of_day"), _bounds(day, zone))
    }


def find_held_conversions(connection: Connection[Any], approval_ids: Sequence[str]) -> set[str]:
    """Find the conversions with lines that requests hold."""
    rows = connection.execute(sql("find_held_conversions"), (list(approval_ids),)) if approval_ids else ()
    return {dedup_key for (dedup_key,) in rows}


def read_day_totals(
    connection: Connection[Any], days: Collection[DayKey], rules_version: int, zone: ZoneInfo
) -> dict[DayKey, Total]:
    """Read what payees' days sum to so far. A day without lines has no entry."""
    found = _read_known_days(connection, days, rules_version)
    for day in days - found.keys():
        row = connection.execute(sql("sum_day"), _bounds(day, zone)).fetchone()
        if row is not None:
            amount, base_amount, base_currency = row
            found[day] = Total(amount, day.currency, base_amount, base_currency)
    return found


def _read_known_days(connection: Connection[Any], days: Collection[DayKey], rules_version: int) -> dict[DayKey, Total]:
    listed = list(days)
    values = {
        "payees": [day.payee for day in listed],
        "days": [day.day for day in listed],
        "currencies": [day.currency for day in listed],
        "rules_version": rules_version,
    }
    rows = connection.execute(sql("read_payee_days"), values)
    return {
        DayKey(payee, day, currency): Total(amount, currency, *base) for payee, day, currency, amount, *base in rows
    }


def _bounds(day: DayKey, zone: ZoneInfo) -> dict[str, object]:
    since = datetime.combine(day.day, time(), zone)
    until = datetime.combine(day.day + _DAY, time(), zone)
    return {"payee": day.payee, "currency": day.currency, "since": since, "until": until}


def write_day_totals(connection: Connection[Any], days: Mapping[DayKey, Total], rules_version: int) -> None:
    """Write what payees' days sum to now."""
    rows = [(*day, total.amount, total.base_amount, total.base_currency, rules_version) for day, total in days.items()]
    with connection.cursor() as cursor:
        cursor.executemany(sql("write_payee_day"), rows)


def lock_requests_of_payees(connection: Connection[Any], payees: Sequence[str]) -> dict[str, NewRequest]:
    """Lock the requests about money of payees that wait, and return by id what to ask again in their place."""
    found: dict[str, NewRequest] = {}
    for approval_id, *facts, keys, numbers in connection.execute(sql("lock_requests_of_payees"), (list(payees),)):
        replaces = approval_id if facts[0] == "payee_day" else None
        values: list[Any] = [*facts, tuple(zip(keys, numbers, strict=True)), replaces]
        found[approval_id] = NewRequest(*values)
    return found


def supersede(connection: Connection[Any], approval_ids: Sequence[str], now: datetime) -> None:
    """End requests, because what they were bound to has changed."""
    if approval_ids:
        connection.execute(sql("supersede_requests"), {"ids": list(approval_ids), "now": now})


def insert_requests(connection: Connection[Any], requests: Sequence[NewRequest], now: datetime) -> list[str]:
    """Make requests whose lines are stored, and return their ids."""
    ids = [str(uuid4()) for _ in requests]
    if not ids:
        return []
    with connection.cursor() as cursor:
        cursor.executemany(sql("insert_request"), list(map(_make_row, ids, requests, [now] * len(ids))))
        added = [_take_over(connection, *each) for each in zip(ids, requests, strict=True)]
        with cursor.copy(sql("copy_approval_lines")) as copy:
            for approval_id, lines in zip(ids, added, strict=True):
                for dedup_key, seq in lines:
                    copy.write_row((dedup_key, seq, approval_id))
        bind(connection, ids)
    return ids


def _take_over(connection: Connection[Any], approval_id: str, request: NewRequest) -> Collection[LineKey]:
    """Move lines from the request that this one replaces, and return those that are still to be added."""
    if request.replaces is None:
        return request.lines
    keys, numbers = zip(*request.lines, strict=True)
    values = {"before": request.replaces, "after": approval_id, "dedup_keys": list(keys), "seqs": list(numbers)}
    moved = connection.execute(sql("move_approval_lines"), values)
    return set(request.lines) - set(moved)


def bind(connection: Connection[Any], approval_ids: Sequence[str]) -> None:
    """Bind new requests to their content as it is."""
    hashes = hash_contents(connection, approval_ids)
    values = {"ids": list(hashes), "hashes": list(hashes.values())}
    connection.execute(sql("bind_requests"), values)


def _make_row(approval_id: str, request: NewRequest, now: datetime) -> dict[str, object]:
    remind_after_s = request.remind_after_s
    return {
        "id": approval_id,
        "subject": request.subject,
        "subject_id": request.subject_id,
        "rule": request.rule,
        "rule_version": request.rule_version,
        "payee": request.payee,
        "amount": request.amount,
        "currency": request.currency,
        "created_by": request.created_by,
        "steps": list(request.steps),
        "content_sha256": _NOT_HASHED,
        "created_at": now,
        "remind_at": None if remind_after_s is None else now + timedelta(seconds=remind_after_s),
    }
