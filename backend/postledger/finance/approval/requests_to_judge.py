"""Reads requests with the facts on which it depends who may decide them: a few statements for thousands of requests."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from psycopg import Connection

from postledger.finance.approval.content import hash_contents
from postledger.finance.rules.decision_rule import Decided, Person, Request, State
from postledger.people.user import User
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.finance")

_OF_ALL = ("approval_rule", "finance")
"""What concerns all requests, whichever one was changed."""

_NOBODY: frozenset[str] = frozenset()


class Row(NamedTuple):
    """A request as it is stored."""

    id: str
    subject: str
    subject_id: str
    rule: str
    rule_version: int
    payee: str | None
    step: int
    steps: Sequence[str]
    state: State
    content_sha256: bytes


class ToJudge(msgspec.Struct, frozen=True):
    """A request to judge, and what it is about."""

    row: Row
    request: Request


def lock_requests(connection: Connection[Any], ids: Sequence[str], now: datetime) -> dict[str, ToJudge]:
    """Read requests by id, and keep others from deciding them until the end of the transaction."""
    # What is read afterwards must be newer than the wait for the locks, so each statement is one of its own.
    return _complete(
        connection, [Row(*row) for row in connection.execute(sql("lock_approvals"), (as_array(ids),))], now
    )


def read_requests(connection: Connection[Any], ids: Sequence[str], now: datetime) -> dict[str, ToJudge]:
    """Read requests by id."""
    return _complete(connection, [Row(*row) for row in connection.execute(sql("read_approvals"), (list(ids),))], now)


def read_waiting(connection: Connection[Any], now: datetime) -> dict[str, ToJudge]:
    """Read all requests that wait, by id."""
    return _complete(connection, [Row(*row) for row in connection.execute(sql("read_waiting_approvals"))], now)


def read_person(user: User) -> Person:
    """Return what counts of a user who decides. A user who only looks decides nothing."""
    roles = frozenset() if user.only_looks else frozenset(user.roles)
    return _make_person(user.id, user.login, roles, user.os_user, user.payee)


def read_givers(connection: Connection[Any], user: User, now: datetime) -> list[Person]:
    """Return for whom a user may decide now, by delegation."""
    if user.only_looks:
        return []
    rows = connection.execute(sql("find_givers"), {"user_id": user.id, "now": now})
    return [_make_person(*row) for row in rows]


def find_rule_changers(connection: Connection[Any], now: datetime) -> frozenset[str]:
    """Find who changed a rule of approval, or its cooling, a short while ago."""
    rows = connection.execute(sql("find_changers"), {"now": now, "payees": []})
    return frozenset(actor for subject, _, actor in rows if subject in _OF_ALL)


def as_array(ids: Iterable[str]) -> str:
    """Write ids as an array of Postgres. The driver would quote thousands of them one by one."""
    return f"{{{','.join(ids)}}}"


def _make_person(user_id: int, login: str, roles: Collection[str], os_user: str | None, payee: str | None) -> Person:
    names = frozenset(name for name in (login, os_user) if name is not None)
    return Person(user_id, login, frozenset(roles), names, payee)


def _complete(connection: Connection[Any], rows: Sequence[Row], now: datetime) -> dict[str, ToJudge]:
    contents = hash_contents(connection, [row.id for row in rows if row.state == "waiting"])
    makers = _group(connection.execute(sql("find_makers"), (as_array(row.id for row in rows),)).fetchall())
    superseded = as_array(row.id for row in rows if row.state == "superseded")
    successors = dict(connection.execute(sql("find_successors"), (superseded,)).fetchall())
    decided = _read_decisions(connection, [row.id for row in rows if row.step > 0 or row.state != "waiting"])
    changers = _find_changers(connection, rows, now)
    return {
        row.id: ToJudge(
            row,
            Request(
                row.id, row.state, row.step, tuple(row.steps), row.payee, row.content_sha256,
                contents.get(row.id, row.content_sha256), makers.get(row.id, _NOBODY), changers.get(row.id, _NOBODY),
                tuple(decided.get(row.id, ())), successors.get(row.id),
            ),
        )
        for row in rows
    }  # fmt: skip


def _read_decisions(connection: Connection[Any], ids: Sequence[str]) -> Mapping[str, list[Decided]]:
    found: dict[str, list[Decided]] = defaultdict(list)
    for approval_id, *decision in connection.execute(sql("read_decisions"), (as_array(ids),)):
        found[approval_id].append(Decided(*decision))
    return found


def _find_changers(connection: Connection[Any], rows: Sequence[Row], now: datetime) -> Mapping[str, frozenset[str]]:
    """Find who changed an approval rule, a rule of the lines of a request, or its payee, a short while ago."""
    values = {"now": now, "payees": list({row.payee for row in rows if row.payee})}
    changed: dict[tuple[str, str], set[str]] = defaultdict(set)
    for subject, slug, actor in connection.execute(sql("find_changers"), values):
        changed[subject, "" if subject in _OF_ALL else slug].add(actor)
    if not changed:
        return {}
    slugs = [slug for subject, slug in changed if subject == "rule"]
    of_lines = _find_expense_rules(connection, rows, slugs) if slugs else {}
    return {
        row.id: frozenset(
            actor
            for key in (
                *((subject, "") for subject in _OF_ALL), ("payee", row.payee or ""),
                *(("rule", slug) for slug in of_lines.get(row.id, _NOBODY)),
            )
            for actor in changed.get(key, ())
        )
        for row in rows
    }  # fmt: skip


def _find_expense_rules(
    connection: Connection[Any], rows: Sequence[Row], slugs: Sequence[str]
) -> Mapping[str, frozenset[str]]:
    bills = as_array(row.id for row in rows if row.subject == "bill")
    values = {"ids": as_array(row.id for row in rows), "bill_ids": bills, "slugs": slugs}
    return _group(connection.execute(sql("find_expense_rules"), values).fetchall())


def _group(rows: Sequence[tuple[str, str]]) -> Mapping[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for key, value in rows:
        found[key].add(value)
    return {key: frozenset(values) for key, values in found.items()}
