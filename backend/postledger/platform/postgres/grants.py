"""The rights of the role that dashboards read with.

Apart from the migrations, because a role belongs to a whole server. The list is a file of its own,
`queries/grant_reader.sql`, so that it can be read by whoever answers for the data.
"""

from typing import Any

from psycopg import Connection
from psycopg.errors import UndefinedObject
from psycopg.sql import SQL, Identifier

from postledger.platform.postgres.sql import statements_of

sql = statements_of("postledger.platform.postgres")


class NoSuchRole(Exception):
    """The server has no role of that name, and only its administrator can make one."""


def grant_reader(connection: Connection[Any], role: str) -> None:
    """Let a role read the columns of the list, and no other: whatever else it had on our tables is taken back.

    Raises `NoSuchRole`, and psycopg.errors.InsufficientPrivilege where the tables are somebody else's.
    """
    try:
        with connection.transaction():
            connection.execute(SQL(sql("grant_reader")).format(role=Identifier(role)), prepare=False)
    except UndefinedObject as error:
        raise NoSuchRole(role) from error
