"""Looks up what is told: requests, forwards that are off, and exports that are refused, each with who may be told.

It is looked up when it is sent, so what was decided or repaired meanwhile is not told any more.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.approval.requests_to_judge import read_givers, read_person, read_requests
from postledger.finance.rules.decision_rule import Person, Request, Taken, judge
from postledger.notifications.facts import ExportRefused, Facts, ForwardOff, Kind, WaitingRequest
from postledger.people.user import ADMIN, OPERATOR, User
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.notifications")

Key = tuple[Kind, str]


class Told(msgspec.Struct, frozen=True):
    """What is told of a subject, and the users who get it by mail."""

    facts: Facts
    users: Sequence[User]


def look_up(connection: Connection[Any], keys: Collection[Key], now: datetime) -> dict[Key, Told]:
    """Look subjects up. One of which there is nothing to tell any more is missing."""
    users = [User(*row) for row in connection.execute(sql("find_persons"))]
    operators = [user for user in users if {OPERATOR, ADMIN} & set(user.roles)]
    by_kind: dict[Kind, list[str]] = {}
    for kind, subject_id in keys:
        by_kind.setdefault(kind, []).append(subject_id)
    found: dict[Key, Told] = {}
    for kind, ids in by_kind.items():
        if kind == "forward_off":
            told = {each.forward: Told(each, operators) for each in _find_forwards_off(connection, ids)}
        elif kind == "export_refused":
            told = {f"{each.bill}/{each.target}": Told(each, operators) for each in _find_refused(connection, ids)}
        else:
            told = _find_requests(connection, ids, users, now)
        found |= {(kind, subject_id): each for subject_id, each in told.items()}
    return found


def _find_requests(
    connection: Connection[Any], ids: Sequence[str], users: Sequence[User], now: datetime
) -> dict[str, Told]:
    to_judge = read_requests(connection, ids, now)
    persons = [(user, read_person(user), read_givers(connection, user, now)) for user in users]
    rows = [WaitingRequest(*row) for row in connection.execute(sql("read_requests"), (list(to_judge),))]
    return {
        row.id: Told(
            row,
            [user for user, person, givers in persons if _may_decide(to_judge[row.id].request, person, givers)],
        )
        for row in rows
        if to_judge[row.id].request.state == "waiting"
    }


def _may_decide(request: Request, person: Person, givers: Sequence[Person]) -> bool:
    return isinstance(judge(request, person, givers, "approve"), Taken)


def _find_forwards_off(connection: Connection[Any], slugs: Sequence[str]) -> list[ForwardOff]:
    return [ForwardOff(*row) for row in connection.execute(sql("find_forwards_off"), (list(slugs),))]


def _find_refused(connection: Connection[Any], ids: Sequence[str]) -> list[ExportRefused]:
    bills, targets = zip(*(each.split("/", 1) for each in ids), strict=True)
    values = {"bills": list(bills), "targets": list(targets)}
    return [ExportRefused(*row) for row in connection.execute(sql("find_refused_exports"), values)]
