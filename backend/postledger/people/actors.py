"""Finds who acts, as every record names them: the login of a user, or else the user of the operating system."""

from typing import Any

from psycopg import Connection

from postledger.people.user import User
from postledger.people.users import check_enabled, check_may_change, find_enabled_user
from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.people")


def name_actor(connection: Connection[Any], login: str | None, os_user: str) -> str:
    """Return who acts: the user with this login, or else the one that the operating system's user is, or else that.

    Raises `NotFound`, or `NotPossible` if that user is disabled or only looks.
    """
    if login is not None:
        user = find_enabled_user(connection, login)
    else:
        found = find_user_of(connection, os_user)
        if found is None:
            return os_user
        check_enabled(found)
        user = found
    check_may_change(user)
    return user.login


def find_user_of(connection: Connection[Any], os_user: str) -> User | None:
    """Find the user that a user of the operating system is."""
    row = connection.execute(sql("find_os_user"), (os_user,)).fetchone()
    return None if row is None else User(*row)
