"""Books of a test's ledger, and what a worker makes of its changes, without the process of a worker."""

from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from postledger.finance.books import Books, load_books
from postledger.finance.current_books import CurrentBooks
from postledger.finance.map_changes import Mapper
from postledger.ledger.dispatch import dispatch
from postledger.notifications.announce import announce_requests
from postledger.platform.postgres.connection import connect
from tests.parts.cli import CommandLine
from tests.parts.databases import fetch

FINANCE = """
[[sources]]
slug = "acme"
name = "Acme Network"
secrets = ["s3cret-current"]
currency = "USD"

[[campaigns]]
slug = "spring"
name = "Spring sale"
destination = "https://shop.example/?cid={click_id}"

[[affiliates]]
id = "456"
name = "Affiliate 456"

[finance]
base_currency = "USD"

[[payees]]
id = "456"
name = "Affiliate 456"
"""
RULE = """
[[expense_rules]]
slug = "spring"
category = "Affiliate Commission — {campaign.name}"
amount = "100%"
"""

WAITING_FOR_THE_DISPATCHER = """
SELECT count(*)::integer FROM pg_locks JOIN pg_database ON pg_database.oid = database
WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted
"""
"""How many sessions wait for the lock of the dispatcher."""


def configure(cli: CommandLine, *parts: str) -> None:
    """Apply a configuration, `FINANCE` and `RULE` unless others are given."""
    path = cli.write("finance.toml", "".join(parts) or FINANCE + RULE)
    ran = cli("apply", path)
    assert ran.code == 0, ran.err


def map_all(url: str) -> dict[str, int]:
    """Do what the dispatcher of a worker does until the outbox is empty, and return what it counted."""
    counts: dict[str, int] = {}

    def count(result: str, number: int) -> None:
        counts[result] = counts.get(result, 0) + number

    mapper = Mapper(CurrentBooks(lambda: load(url)), count, announce_requests)
    with closing(open_ledger(url)) as connection:
        while dispatch(connection, [mapper]):
            mapper.count()
    return counts


def open_ledger(url: str) -> Connection[Any]:
    """Open a connection to the ledger."""
    return connect(url, name="test", statement_timeout_ms=60_000)


def lines_of(url: str) -> list[tuple[Any, ...]]:
    """All lines: kind, amount, currency, payee and reason, in the order in which they were written."""
    return fetch(
        url,
        "SELECT kind, amount::text, currency, payee, unmapped FROM expense_lines ORDER BY created_at, dedup_key, seq",
    )


def hand_over_everything(url: str) -> None:
    """Put every conversion into the outbox once more."""
    fetch(
        url,
        "INSERT INTO outbox SELECT %s, dedup_key, id, 1, 'opened' FROM conversions ON CONFLICT DO NOTHING RETURNING 1",
        (datetime.now(UTC),),
    )


def load(url: str) -> Books | None:
    """Load the books on a connection of their own."""
    with closing(open_ledger(url)) as connection:
        return load_books(connection)
