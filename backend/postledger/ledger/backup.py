"""Writes a backup of the ledger, and restores one into an empty database."""

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from postledger.ledger.migrate import migrate
from postledger.platform.keyring import Keyring
from postledger.platform.postgres import archive
from postledger.platform.postgres.sql import statements_of
from postledger.policy.locked_secrets import Decrypted, try_secrets
from postledger.vocabulary.operator_error import InvalidRequest, NotPossible
from postledger.vocabulary.wording import count

sql = statements_of("postledger.ledger")

_MARK = " TABLE public schema_migrations "
_MAINTENANCE = "postgres"


class Backup(msgspec.Struct, frozen=True):
    """A backup that was written, and which of its secrets the master keys of this machine decrypt."""

    file: Path
    size_bytes: int
    secrets: Decrypted


class Restored(msgspec.Struct, frozen=True):
    """What was restored. `saved` is the last backup of the ledger that it replaced."""

    conversions: int
    secrets: Decrypted
    saved: Path | None


def back_up(
    connection: Connection[Any], database_url: str, target: Path, keyring: Keyring | None, now: datetime
) -> Backup:
    """Write the ledger into a new file, or into a directory under a name with the time. Raises `OperatorError`."""
    file = target / f"postledger-{now:%Y%m%dT%H%M%SZ}.dump" if target.is_dir() else target
    if file.exists():
        raise InvalidRequest(f"{file} exists already; name another file, or a directory")
    if not file.parent.is_dir():
        raise InvalidRequest(f"the directory {file.parent} does not exist; create it")
    secrets = try_secrets(connection, keyring)
    archive.dump(database_url, file)
    return Backup(file, file.stat().st_size, secrets)


def create_database(database_url: str) -> bool:
    """Create the database of an address. Return False if it exists."""
    name = str(conninfo_to_dict(database_url).get("dbname") or "")
    with psycopg.connect(make_conninfo(database_url, dbname=_MAINTENANCE), autocommit=True) as connection:
        if connection.execute(sql("database_exists"), (name,)).fetchone() is not None:
            return False
        connection.execute(SQL(sql("create_database")).format(name=Identifier(name)))
    return True


def restore(
    connection: Connection[Any],
    database_url: str,
    file: Path,
    keyring: Keyring | None,
    *,
    replace: bool = False,
    now: datetime,
) -> Restored:
    """Restore a backup into an empty database, or in place of what the database contains. Raises `OperatorError`."""
    _check_file(file)
    tables = list_tables(connection)
    if tables and not replace:
        raise NotPossible(
            f"{name_database(connection)} has {count(len(tables), 'table')};"
            " restore into an empty one, or give --replace, which saves and drops them"
        )
    _check_sessions(connection)
    saved = _set_aside(connection, database_url, file, tables, now) if tables else None
    _fill(database_url, file, saved)
    migrate(connection, now)  # the backup can be of an earlier release
    connection.execute(sql("analyze"))
    row = connection.execute(sql("count_conversions")).fetchone()
    assert row is not None, "a count is always one row"
    return Restored(int(row[0]), try_secrets(connection, keyring), saved)


def name_database(connection: Connection[Any]) -> str:
    """Name the database and its server, because a shell, runtime.env and the settings file can name different ones."""
    info = connection.info
    return f"the database {info.dbname} at {info.host}:{info.port}"


def list_tables(connection: Connection[Any]) -> list[str]:
    """List the tables of a database by name."""
    return [name for (name,) in connection.execute(sql("list_tables")).fetchall()]


def _check_file(file: Path) -> None:
    if not file.is_file():
        raise InvalidRequest(f"{file} is no file; name one that postledger backup wrote")
    if _MARK not in archive.list_contents(file):
        raise InvalidRequest(f"{file} is no backup of a ledger; name one that postledger backup wrote")


def _check_sessions(connection: Connection[Any]) -> None:
    # A backend would write into the middle of it, or wait for it with requests in its queue.
    if (row := connection.execute(sql("find_session")).fetchone()) is not None:
        raise NotPossible(
            f"{row[0]} is connected to this database; stop it first:"
            " .venv/bin/supervisorctl -c var/supervisor.conf stop backend"
        )


def _set_aside(connection: Connection[Any], database_url: str, file: Path, tables: list[str], now: datetime) -> Path:
    saved = file.with_name(f"postledger-replaced-{now:%Y%m%dT%H%M%SZ}.dump")
    archive.dump(database_url, saved)
    with connection.transaction():
        connection.execute(sql("drop_sandbox"))
        for table in tables:
            connection.execute(SQL(sql("drop_table")).format(table=Identifier("public", table)))
        for (function,) in connection.execute(sql("list_functions")).fetchall():
            connection.execute(SQL(sql("drop_function")).format(function=Identifier("public", function)))
    return saved


def _fill(database_url: str, file: Path, saved: Path | None) -> None:
    try:
        archive.restore(database_url, file)
    except NotPossible as error:
        hint = f"; the database is empty now, and its former contents are in {saved}" if saved else ""
        raise NotPossible(f"{error}{hint}") from None
