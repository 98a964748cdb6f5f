"""Lists requests, and shows one with its lines, decisions and earlier requests."""

from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.finance.approval.request_id import is_request_id
from postledger.finance.approval.requests_to_judge import read_givers, read_person, read_waiting
from postledger.finance.rules.decision_rule import Taken, judge
from postledger.people.user import User
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotFound

sql = statements_of("postledger.finance")

Row = dict[str, Any]


class RequestFilters(msgspec.Struct, frozen=True):
    """Which requests are listed. None: all."""

    limit: int | None = None
    state: str | None = None
    subject: str | None = None
    payee: str | None = None
    waiting_for: User | None = None


def list_requests(connection: Connection[Any], filters: RequestFilters, now: datetime) -> list[Row]:
    """List requests: those that wait first, then the newest."""
    ids = None if filters.waiting_for is None else find_waiting_for(connection, filters.waiting_for, now)
    values = {name: getattr(filters, name) for name in ("limit", "state", "subject", "payee")}
    return _fetch(connection, "list_approvals", values | {"ids": ids})


def find_waiting_for(connection: Connection[Any], user: User, now: datetime) -> list[str]:
    """Find the requests that a user may decide now, directly or as a delegate."""
    person, givers = read_person(user), read_givers(connection, user, now)
    if user.disabled_at is not None or not (person.roles or givers):
        return []
    waiting = read_waiting(connection, now)
    return [
        request_id
        for request_id, each in waiting.items()
        if isinstance(judge(each.request, person, givers, "approve"), Taken)
    ]


def show_request(connection: Connection[Any], request_id: str) -> Row:
    """Read one request with its `lines`, its `decisions`, its `bill`, and the `others` about the same subject.

    Raises `NotFound`.
    """
    values = {"ids": [request_id], "limit": 1, "state": None, "subject": None, "payee": None}
    found = _fetch(connection, "list_approvals", values) if is_request_id(request_id) else []
    if not found:
        raise NotFound(f"request {request_id} does not exist; run: postledger approvals list")
    (request,) = found
    others = _fetch(connection, "show_approval_history", request)
    decisions = _fetch(connection, "show_approval_decisions", ([request_id, *(each["id"] for each in others)],))
    bills = _fetch(connection, "show_approval_bill", (request["subject_id"],)) if request["subject"] == "bill" else []
    return request | {
        "lines": _fetch(connection, "show_approval_lines", (request_id,)),
        "bill": bills[0] if bills else None,
        "decisions": _select(decisions, request_id),
        "others": [each | {"decisions": _select(decisions, each["id"])} for each in others],
    }


def _select(decisions: list[Row], request_id: str) -> list[Row]:
    return [
        {name: value for name, value in each.items() if name != "approval_id"}
        for each in decisions
        if each["approval_id"] == request_id
    ]


def _fetch(connection: Connection[Any], statement: Any, values: Any) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql(statement), values).fetchall()
