"""Stores the approval rules by version, and reads the people who could decide by them.

The caller opens the transaction.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.finance.rules.approval_rule import ApprovalRule
from postledger.people.users import list_enabled
from postledger.platform.postgres.sql import statements_of
from postledger.platform.tasks.queue import enqueue
from postledger.policy.approval_checks import People
from postledger.vocabulary.task_names import FIRST_RULES

sql = statements_of("postledger.policy")


class ApprovalRules(msgspec.Struct, frozen=True):
    """The rules in force, in order, and their version. The version is 0 before the first ones."""

    version: int = 0
    rules: tuple[ApprovalRule, ...] = ()


def read_approval_rules(connection: Connection[Any]) -> ApprovalRules:
    """Read the rules in force. None are in force without `[finance]`."""
    rows = connection.execute(sql("read_approval_rules")).fetchall()
    rules = tuple(msgspec.convert(body, ApprovalRule) for _, body in rows if body is not None)
    return ApprovalRules((rows[0][0] if rows else None) or 0, rules)


def read_people(connection: Connection[Any], actor: str) -> People:
    """Read who may decide and who may change something."""
    users = list_enabled(connection)
    creators = frozenset(user.login for user in users if not user.only_looks)
    return People({user.login: user.roles for user in users}, creators, actor)


def write_approval_rules(connection: Connection[Any], rules: Sequence[ApprovalRule], now: datetime, actor: str) -> None:
    """Make a new version of the rules. Earlier versions stay, because lines and requests name them.

    After the first version a worker judges the lines that are there already.
    """
    row = connection.execute(sql("next_approval_rules_version")).fetchone()
    if row is None:  # the books were retired in the same transaction, and their rules with them
        return
    with connection.cursor() as cursor:
        values = [
            (row[0], position, rule.slug, msgspec.json.encode(rule).decode(), now, actor)
            for position, rule in enumerate(rules)
        ]
        cursor.executemany(sql("insert_approval_rule"), values)
    if row[0] == 1:
        enqueue(connection, FIRST_RULES, {}, actor=actor, now=now, unique_key=FIRST_RULES)
