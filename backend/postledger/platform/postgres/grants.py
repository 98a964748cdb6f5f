"""Grants the dashboards' role its rights. The list of columns is `sql/grant_reader.sql`.

This is no migration, because a role belongs to the whole server and its name is chosen by the operator.
"""

from typing import Any

from psycopg import Connection
from psycopg.errors import UndefinedObject
from psycopg.sql import SQL, Identifier

from postledger.platform.postgres.sql import statements_of
from postledger.vocabulary.operator_error import NotFound

sql = statements_of("postledger.platform.postgres")


def grant_reader(connection: Connection[Any], role: str) -> None:
    """Let a role read the listed columns, and revoke all its other rights on our tables.

    Raises `NotFound`, or psycopg.errors.InsufficientPrivilege if another role owns the tables.
    """
    try:
        with connection.transaction():
            connection.execute(SQL(sql("grant_reader")).format(role=Identifier(role)), prepare=False)
    except UndefinedObject as error:
        raise NotFound(f"role {role} does not exist in Postgres; create it: CREATE ROLE … LOGIN") from error
