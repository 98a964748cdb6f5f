"""Adds users, lists them, changes their roles and disables them. Each change is an entry of the audit chain."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import dict_row

from postledger.people.audit_chain import append, write_body
from postledger.people.user import ADMIN, NewUser, User, check_new_user, check_roles, list_levels
from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotFound, NotPossible

sql = statements_of("postledger.people")
Row = dict[str, Any]


def add_user(connection: Connection[Any], user: NewUser, actor: str, now: datetime) -> None:
    """Add a user. Raises `InvalidRequest`, or `NotPossible` if another one has the login or the `os_user`."""
    check_new_user(user)
    check_giver(connection, user.login, user.roles, actor)
    values = msgspec.structs.asdict(user) | {"roles": _unique(user.roles), "now": now}
    with connection.transaction():
        connection.execute(sql("lock_users"))
        clash = connection.execute(sql("find_clash"), values).fetchone()
        if clash is not None:
            raise NotPossible(_describe_clash(user, *clash))
        connection.execute(sql("insert_user"), values)
        facts = {name: values[name] for name in ("roles", "os_user", "payee")}
        append(connection, actor, "user.add", user.login, body=write_body(**facts), at=now)


def list_users(connection: Connection[Any], now: datetime) -> list[Row]:
    """List the users by login, disabled ones too."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(sql("list_users"), {"now": now}).fetchall()


def list_enabled(connection: Connection[Any]) -> list[User]:
    """List the users who may act, by login."""
    return [User(*row) for row in connection.execute(sql("list_enabled"))]


def find_user(connection: Connection[Any], login: str) -> User:
    """Find a user by login. Raises `NotFound`."""
    row = connection.execute(sql("find_user"), (login,)).fetchone()
    if row is None:
        raise NotFound(f"user {login} does not exist; run: postledger user list")
    return User(*row)


def find_user_by_id(connection: Connection[Any], user_id: int) -> User:
    """Find a user by id. Raises `NotFound`."""
    row = connection.execute(sql("find_user_by_id"), (user_id,)).fetchone()
    if row is None:
        raise NotFound("this user does not exist; run: postledger user list")
    return User(*row)


def find_enabled_user(connection: Connection[Any], login: str) -> User:
    """Find a user who may act. Raises `NotFound`, or `NotPossible` if the user is disabled."""
    user = find_user(connection, login)
    check_enabled(user)
    return user


def check_enabled(user: User) -> None:
    """Refuse a user who is disabled. Raises `NotPossible`."""
    if user.disabled_at is not None:
        raise NotPossible(f"user {user.login} is disabled; run: postledger user enable {user.login}")


def check_may_change(user: User) -> None:
    """Refuse a user who only looks. Raises `NotPossible`."""
    if user.only_looks:
        raise NotPossible(f"user {user.login} is a viewer and changes nothing; run: postledger user role --help")


def change_roles(
    connection: Connection[Any],
    login: str,
    actor: str,
    now: datetime,
    *,
    roles: Collection[str] = (),
    add: Collection[str] = (),
    remove: Collection[str] = (),
) -> list[str]:
    """Give a user these roles, or add some and remove others. Returns the roles. Raises `OperatorError`."""
    check_roles([*roles, *add, *remove])
    with connection.transaction():
        connection.execute(sql("lock_users"))
        user = find_user(connection, login)
        changed = [role for role in _unique([*(roles or user.roles), *add]) if role not in remove]
        check_roles(changed)
        check_giver(connection, user.login, [role for role in changed if role not in user.roles], actor)
        if changed != user.roles:
            connection.execute(sql("write_roles"), (changed, user.id))
            body = write_body(roles=changed, before=user.roles)
            append(connection, actor, "user.role", user.login, body=body, at=now)
    return changed


def check_giver(connection: Connection[Any], login: str, roles: Sequence[str], actor: str) -> None:
    """Refuse a level of approval that its own taker gives, or, if there are admins, another user. Raises `NotPossible`.

    The operating system's user who is no user of Postledger may: that is who sets it up.
    """
    row = connection.execute(sql("find_user"), (actor,)).fetchone()
    levels = list_levels(roles)
    if row is None or not levels:
        return
    if actor == login:
        raise NotPossible(f"{actor} cannot become {levels[0]} by their own word; ask another admin")
    if ADMIN not in User(*row).roles and connection.execute(sql("find_admin")).fetchone() is not None:
        raise NotPossible(f"{actor} is no admin, and only an admin makes a user {levels[0]}; use --as with an admin")


def disable_user(connection: Connection[Any], login: str, actor: str, now: datetime) -> None:
    """Disable a user and revoke all of the user's tokens. Raises `NotFound`."""
    with connection.transaction():
        connection.execute(sql("lock_users"))
        user = find_user(connection, login)
        if user.disabled_at is None:
            connection.execute(sql("write_disabled_at"), (now, user.id))
            revoked = connection.execute(sql("revoke_tokens"), {"user_id": user.id, "now": now}).rowcount
            append(connection, actor, "user.disable", user.login, body=write_body(tokens=revoked), at=now)


def enable_user(connection: Connection[Any], login: str, actor: str, now: datetime) -> None:
    """Enable a user again. The tokens from before stay revoked. Raises `NotFound`."""
    with connection.transaction():
        connection.execute(sql("lock_users"))
        user = find_user(connection, login)
        if user.disabled_at is not None:
            connection.execute(sql("write_disabled_at"), (None, user.id))
            append(connection, actor, "user.enable", user.login, body=write_body(), at=now)


def _unique(roles: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(roles))


def _describe_clash(user: NewUser, login: str, is_login: bool) -> str:
    if not is_login:
        return f"{login} is the user {user.os_user} of the operating system already; choose another --os-user"
    return f"user {login} exists already; choose another login, or run: postledger user role {login} --add ROLE"
