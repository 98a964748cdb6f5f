"""`migrate`, `grant` and `retain`: the shape of the ledger, who may look at it, and the days of its audit table."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from postledger.cli.connections import open_ledger
from postledger.cli.errors import CommandFailed
from postledger.cli.output import AsJson, print_json
from postledger.ledger.partitions import make_partitions
from postledger.ledger.partitions import retain as retain_days
from postledger.platform.postgres.grants import NoSuchRole, grant_reader
from postledger.platform.postgres.migrations import migrate as apply_migrations
from postledger.platform.settings import read_environment, read_retention_days

_MIGRATION_TIMEOUT_MS = 15 * 60_000


def migrate(as_json: AsJson = False) -> None:
    """Bring the ledger's schema up to date. Harmless when it is, and when two do it at once."""
    with open_ledger(statement_timeout_ms=_MIGRATION_TIMEOUT_MS) as connection:
        applied = apply_migrations(connection)
        made = make_partitions(connection, datetime.now(UTC))
    if as_json:
        print_json({"applied": applied, "partitions_made": made})
        return
    for name in applied:
        print(f"applied  {name}")
    print(f"The ledger is up to date: {len(applied)} migrations applied, {len(made)} partitions made.")


def grant(role: Annotated[str, typer.Argument(help="A role of Postgres, such as postledger_reader.")]) -> None:
    """Let a role read what the dashboards show, and nothing else: no secret, no id, no address, no raw request."""
    try:
        with open_ledger() as connection:
            grant_reader(connection, role)
    except NoSuchRole:
        raise CommandFailed(f"Postgres has no role {role}; its administrator makes one: CREATE ROLE … LOGIN") from None
    print(f"{role} may read what the dashboards show.")


def retain(as_json: AsJson = False) -> None:
    """Make the audit table's days ahead, and drop those older than POSTLEDGER_RETENTION_DAYS. For cron, once a day."""
    days = read_retention_days(read_environment())
    with open_ledger(statement_timeout_ms=_MIGRATION_TIMEOUT_MS) as connection:
        retained = retain_days(connection, datetime.now(UTC), days)
    if as_json:
        print_json({"made": retained.made, "dropped": retained.dropped, "retention_days": days})
        return
    for action, names in (("made", retained.made), ("dropped", retained.dropped)):
        for name in names:
            print(f"{action:<8} {name}")
    print(f"{len(retained.made)} made, {len(retained.dropped)} dropped; {days} days are kept. Conversions stay.")
