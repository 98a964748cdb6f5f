"""Looks for reasons why this release cannot work on a ledger with these master keys, before `make up` starts."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from psycopg import Connection
from psycopg.rows import class_row

from postledger.doctor.postgres import check_encoding, check_sources, check_version, sql
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.migrations import list_applied, shipped_migrations
from postledger.policy.locked_secrets import Decrypted, try_secrets
from postledger.vocabulary.wording import count

_NAMED = 3
_MADE_TABLE = re.compile(r"^CREATE TABLE (\w+)", re.MULTILINE)
SMALLEST_ROOM_BYTES = 128 * 1024**2


class State(msgspec.Struct, frozen=True):
    """What a database allows, and which tables it has."""

    only_reads: bool
    creates: bool
    has_ledger: bool
    has_keys: bool
    owns: bool


def find_obstacle(connection: Connection[Any], keyring: Keyring | None, key_file: Path) -> str | None:
    """Find the first reason why `make up` must not start on this database. The text says what to do."""
    return next(_list_obstacles(connection, keyring, key_file), None)


def list_warnings(connection: Connection[Any]) -> list[str]:
    """List what does not stop `make up` and deserves a line: unreadable sources, a schema of a newer release."""
    if not _read_state(connection).has_ledger:
        return []
    sources = check_sources(connection)
    unreadable = [] if sources.passed else [f"{sources.found}: {sources.advice}"]
    return [*_list_newer_migrations(connection), *unreadable]


def describe_low_room(folder: Path, free_bytes: int) -> str | None:
    """Describe a disk that is too full to start on, or return None."""
    if free_bytes >= SMALLEST_ROOM_BYTES:
        return None
    return f"the disk of {folder} has {free_bytes // 1024**2} MiB left; make room, at least 128 MiB"


def _list_obstacles(connection: Connection[Any], keyring: Keyring | None, key_file: Path) -> Iterator[str]:
    for result in (check_version(connection), check_encoding(connection)):
        if not result.passed:
            yield f"DATABASE_URL: the {result.name} is {result.found}; {result.advice}"
    state = _read_state(connection)
    yield from _list_denials(state)
    if not (state.has_ledger and list_applied(connection)):
        yield from _list_foreign_tables(connection)
        return
    yield from _list_edited_migrations(connection)
    if state.has_keys:
        yield from _describe_locked(try_secrets(connection, keyring), key_file)


def _read_state(connection: Connection[Any]) -> State:
    with connection.cursor(row_factory=class_row(State)) as cursor:
        state = cursor.execute(sql("read_state")).fetchone()
    assert state is not None, "the statement always returns one row"
    return state


def _list_denials(state: State) -> Iterator[str]:
    if state.only_reads:
        yield "DATABASE_URL: this server only reads, as a standby does; name the primary"
    if not state.owns:
        yield "DATABASE_URL: its user does not own the tables of the ledger; name the role that owns them"
    if not state.creates:
        yield "DATABASE_URL: its user may not create tables; run: GRANT CREATE ON SCHEMA public TO …, or name the owner"


def _list_foreign_tables(connection: Connection[Any]) -> Iterator[str]:
    made = [name for migration in shipped_migrations() for name in _MADE_TABLE.findall(migration.statements)]
    found = [name for (name,) in connection.execute(sql("find_existing_tables"), (made,)).fetchall()]
    if found:
        yield f"DATABASE_URL: its database has a table {found[0]} of another program; create a database for the ledger"


def _list_edited_migrations(connection: Connection[Any]) -> Iterator[str]:
    applied = list_applied(connection)
    for migration in shipped_migrations():
        if applied.get(migration.name, migration.checksum) != migration.checksum:
            yield f"{migration.name} was edited after it had been applied; restore the released file"


def _list_newer_migrations(connection: Connection[Any]) -> Iterator[str]:
    # No obstacle: migrations are safe for the previous release, on a machine that is upgraded last or was set back.
    newer = sorted(list_applied(connection).keys() - {migration.name for migration in shipped_migrations()})
    if newer:
        yield f"the ledger was migrated by a newer release ({newer[0]}); only the release before that one works with it"


def _describe_locked(found: Decrypted, key_file: Path) -> Iterator[str]:
    if not found.locked:
        return
    more = len(found.locked) - _NAMED
    named = ", ".join(found.locked[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    bring = f"copy the master key from the machine that runs on this ledger (scp HOST:…/var/master.key {key_file})"
    if found.opened:
        bring = f"add the key that encrypted them as a further line of {key_file}"
    yield (
        f"the master key of this machine does not decrypt {count(len(found.locked), 'secret')} of the ledger ({named});"
        f" {bring}, or set POSTLEDGER_MASTER_KEY_FILE"
    )
