"""The ledgers that the contestants write to: migrated, with one source and its clicks; and the counting afterwards.

Apart from the parts, because a ledger may be one of several in the same Postgres.
"""

import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, LiteralString, NamedTuple

import msgspec
from cryptography.fernet import Fernet
from psycopg import Connection
from psycopg.sql import SQL, Identifier
from psycopg.types.json import Jsonb

from loadtests.bench.processes import parent
from postledger.ledger.partitions import make_partitions
from postledger.platform.keyring import Keyring
from postledger.platform.postgres.connection import connect
from postledger.platform.postgres.migrations import migrate
from postledger.policy.source import Settings

SLUG = "bench"
CLICKS = 100_000
UNLIMITED = 1_000_000
STATEMENT_TIMEOUT_MS = 600_000

_CAMPAIGN = """
INSERT INTO campaigns (slug, name, destination, created_at, updated_at)
VALUES ('spring', 'Spring sale', 'https://shop.example/?cid={click_id}', now(), now())
RETURNING id
"""
_SOURCE = """
INSERT INTO sources (slug, name, settings, created_at, updated_at) VALUES (%s, 'Benchmark', %s, now(), now())
RETURNING id
"""
_SECRET = """
INSERT INTO source_secrets (source_id, position, ciphertext, created_at) VALUES (%s, 0, %s, now()) RETURNING id
"""
# Ids of the form that `/click` makes, the time first: conversions come back to recent clicks, and those are neighbours.
_CLICKS = """
INSERT INTO clicks (click_id, campaign_id, affiliate_id, created_at)
SELECT to_hex(1790000000000 + number * 40) || '-' || substr(md5(number::text), 1, 22), %s, '456', now()
FROM generate_series(1, %s) AS number
"""
_NEWEST_CLICKS = "SELECT click_id FROM clicks ORDER BY created_at DESC LIMIT %s"
# One statement, because requests may still be under way: each has all of its rows or none.
_COUNT = """
SELECT
    (SELECT count(*) FROM postbacks WHERE transaction_id LIKE %(run)s),
    (SELECT count(*) FROM conversions WHERE transaction_id LIKE %(run)s),
    (SELECT count(*) FROM postbacks WHERE verdict = 'duplicate' AND transaction_id LIKE %(run)s)
"""


class Stored(NamedTuple):
    """How many rows a run has left."""

    postbacks: int
    conversions: int
    duplicates: int


class Ledger(msgspec.Struct, frozen=True):
    """One database with a source to write for; `secret` signs for it."""

    url: str
    master_key: str
    secret: str
    source_id: int
    secret_id: int
    clicks_file: Path

    def connect(self) -> Connection[Any]:
        """Open an autocommit connection that may take its time."""
        return connect(self.url, name="bench", statement_timeout_ms=STATEMENT_TIMEOUT_MS)

    def empty(self) -> None:
        """Take every conversion and postback off it. Expense lines stay, because the table refuses to delete them."""
        with self.connect() as connection:
            connection.execute("TRUNCATE conversions, postbacks, conversion_events, outbox")

    def checkpoint(self) -> None:
        """Write everything out: whoever comes next pays for his own first touch of each page, and for nobody else's.

        CHECKPOINT is for superusers, and nobody can log in as one here; making a database by copying its files is
        documented to perform the same.
        """
        with self.connect() as connection:
            connection.execute("CREATE DATABASE checkpoint TEMPLATE template0 STRATEGY file_copy")
            connection.execute("DROP DATABASE checkpoint")

    def add_source(self, slug: str, settings: Settings, secret: str) -> None:
        """Give it another source, with one secret."""
        with self.connect() as connection:
            _add_source(connection, Keyring([self.master_key]), slug, settings, secret)

    def add_copies(self, number: int) -> None:
        """Give it that many copies of its source, each with the same secret: `bench-1` and so on."""
        keyring = Keyring([self.master_key])
        with self.connect() as connection, connection.transaction():
            for copy in range(1, number + 1):
                _add_source(connection, keyring, f"{SLUG}-{copy}", _settings(), self.secret)

    def write_click_ids(self) -> None:
        """Write the ids that postbacks may bring back into `clicks_file`, one a line: the newest of all."""
        with self.connect() as connection, self.clicks_file.open("w") as lines:
            for (click_id,) in connection.execute(_NEWEST_CLICKS, (CLICKS,)):
                lines.write(f"{click_id}\n")

    def size(self) -> int:
        """Count all its conversions."""
        with self.connect() as connection:
            row = connection.execute("SELECT count(*) FROM conversions").fetchone()
        assert row is not None, "count always gives a row"
        return int(row[0])

    def count_lines(self) -> int:
        """Count the expense lines that a worker has written."""
        with self.connect() as connection:
            row = connection.execute("SELECT count(*) FROM expense_lines").fetchone()
        assert row is not None, "count always gives a row"
        return int(row[0])

    def count(self, run: str) -> Stored:
        """Count the rows of a run, which wrk writes into each transaction id."""
        with self.connect() as connection:
            row = connection.execute(_COUNT, {"run": f"%-{run}-%"}).fetchone()
        assert row is not None, "count always gives a row"
        return Stored(*row)


def make_ledger(url: str, clicks_file: Path) -> Ledger:
    """Migrate an empty database and give it partitions, a campaign, the source and its clicks."""
    master_key, secret = Fernet.generate_key().decode(), secrets.token_hex(16)
    with connect(url, name="bench", statement_timeout_ms=STATEMENT_TIMEOUT_MS) as connection:
        migrate(connection)
        make_partitions(connection, datetime.now(UTC))
        campaign_id = _insert(connection, _CAMPAIGN)
        source_id, secret_id = _add_source(connection, Keyring([master_key]), SLUG, _settings(), secret)
        connection.execute(_CLICKS, (campaign_id, CLICKS))
        connection.execute("VACUUM ANALYZE")
    return Ledger(url, master_key, secret, source_id, secret_id, clicks_file)


def postgres_pid(url: str) -> int:
    """Find the first process of the server, the parent of the one that serves us."""
    with connect(url, name="bench", statement_timeout_ms=STATEMENT_TIMEOUT_MS) as connection:
        return parent(connection.info.backend_pid)


def make_database(url: str, name: str) -> str:
    """Make another database beside that of `url`, and return where it is."""
    with connect(url, name="bench", statement_timeout_ms=STATEMENT_TIMEOUT_MS) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
    return f"{url.rpartition('/')[0]}/{name}"


def _settings() -> Settings:
    # Limits far above what comes: what is measured is the ingest, not its guard.
    return Settings(click="required", currency="USD", rate=UNLIMITED, burst=UNLIMITED)


def _add_source(
    connection: Connection[Any], keyring: Keyring, slug: str, settings: Settings, secret: str
) -> tuple[int, int]:
    source_id = _insert(connection, _SOURCE, slug, Jsonb(msgspec.to_builtins(settings)))
    return source_id, _insert(connection, _SECRET, source_id, keyring.encrypt(secret))


def _insert(connection: Connection[Any], statement: LiteralString, *values: object) -> int:
    row = connection.execute(statement, values).fetchone()
    assert row is not None, "RETURNING gives a row"
    return int(row[0])
