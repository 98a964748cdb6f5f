"""Delegations: for some time a user may also decide what another one may decide."""

from datetime import datetime
from typing import Any

from psycopg import Connection

from postledger.people.audit_chain import append, write_body
from postledger.people.user import list_levels
from postledger.people.users import find_enabled_user, find_user
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import InvalidRequest, NotPossible

sql = statements_of("postledger.people")


def delegate(
    connection: Connection[Any], login: str, to: str, *, since: datetime, until: datetime, actor: str, now: datetime
) -> None:
    """Let `to` decide for `login` from `since` until before `until`. Raises `OperatorError`."""
    if not max(since, now) < until:
        raise InvalidRequest("--until must be after --since and in the future")
    with connection.transaction():
        connection.execute(sql("lock_users"))
        giver, taker = find_enabled_user(connection, login), find_enabled_user(connection, to)
        if giver.id == taker.id:
            raise InvalidRequest(f"{giver.login} cannot be its own delegate; name another user with --to")
        if not list_levels(giver.roles):
            raise NotPossible(f"{giver.login} has no level of approval, so there is nothing to delegate")
        if actor == taker.login:
            raise NotPossible(f"four_eyes: {actor} cannot take what {giver.login} decides; another user must give it")
        connection.execute(sql("insert_delegation"), (giver.id, taker.id, since, until, actor))
        body = write_body(to=taker.login, since=since, until=until)
        append(connection, actor, "user.delegate", giver.login, body=body, at=now)


def end_delegation(connection: Connection[Any], login: str, to: str, actor: str, now: datetime) -> int:
    """End the delegations of a user to another one; return how many there were. Raises `NotFound`."""
    with connection.transaction():
        connection.execute(sql("lock_users"))
        giver, taker = find_user(connection, login), find_user(connection, to)
        row = connection.execute(
            sql("end_delegations"), {"from_user": giver.id, "to_user": taker.id, "now": now}
        ).fetchone()
        assert row is not None, "the statement counts"
        body = write_body(to=taker.login, ended=row[0])
        append(connection, actor, "user.end_delegation", giver.login, body=body, at=now)
    return int(row[0])
