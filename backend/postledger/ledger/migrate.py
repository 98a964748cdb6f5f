"""Brings the ledger up to date: missing migrations, the partitions of the next days, the first entry of the chain."""

from datetime import datetime
from typing import Any

import msgspec
from psycopg import Connection

from postledger.ledger.partitions import make_partitions
from postledger.people.audit_chain import begin_chain
from postledger.platform.postgres.migrations import migrate as apply_migrations


class Migrated(msgspec.Struct, frozen=True):
    """The migrations that were applied and the partitions that were created, by name."""

    applied: list[str]
    partitions_made: list[str]


def migrate(connection: Connection[Any], now: datetime) -> Migrated:
    """Bring the ledger up to date. It can be repeated, and two may run at once. Raises `MigrationChanged`."""
    migrated = Migrated(apply_migrations(connection), make_partitions(connection, now))
    begin_chain(connection, now)
    return migrated
